"""Whatever a verb finds around it (streams, encodings, a home, signals), it works or says in one line why not."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hearing import hear

from fcn_tutorial import __main__
from fcn_tutorial.course import address

posix = pytest.mark.skipif(os.name == "nt", reason="a shell, signals and descriptors as POSIX has them")
# A verb whose answer is the value of {answer}, computed when it is called.
VERB = """
import os, sys, time
from fcn_tutorial.course import address
from fcn_tutorial.__main__ import main
address.read_address = lambda folder: {answer}
sys.argv[1:] = {arguments}
sys.exit(main())
"""


def verb(answer, *arguments):
    return [sys.executable, "-c", VERB.format(answer=answer, arguments=["address", *arguments])]


@pytest.fixture
def answering(monkeypatch):
    """Call the verb "address" in this process: answering(function that gives what it prints, *arguments)."""

    def call(answer, *arguments):
        monkeypatch.setattr(address, "read_address", lambda folder: answer())
        return __main__.main(["address", *arguments])

    return call


def raising(error):
    def answer():
        raise error

    return answer


# Streams and encodings


@pytest.mark.parametrize("encoding", ["cp1252", "ascii"])
def test_a_report_is_written_in_every_encoding(encoding):
    environment = os.environ | {"PYTHONIOENCODING": encoding}
    for name in ("\u7167\u7247", "\U0001f600", "not UTF-8 \udcff"):
        done = subprocess.run(verb(ascii(name)), env=environment, capture_output=True)
        assert (done.returncode, done.stderr) == (0, b"")
        assert done.stdout.decode("ascii") == name.encode("ascii", "backslashreplace").decode() + "\n"
        done = subprocess.run(verb(ascii(name), "--json"), env=environment, capture_output=True, check=True)
        assert json.loads(done.stdout)["address"] == name


def test_no_text_can_give_orders_to_the_terminal(answering, capsys):
    orders = "\x1b]0;title\x07 \x9b31m \x7f \r \u202e"
    assert answering(lambda: f"one\ttwo\nthree {orders}") == 0
    assert capsys.readouterr().out == "one\ttwo\nthree \\x1b]0;title\\x07 \\x9b31m \\x7f \\r \\u202e\n"
    assert answering(lambda: orders, "--json") == 0
    out = capsys.readouterr().out
    assert out.isascii() and "\x1b" not in out and "\x7f" not in out.replace("\\u007f", "")
    assert json.loads(out)["address"] == orders
    assert answering(raising(ValueError(orders))) == 1
    with pytest.raises(SystemExit):
        __main__.main(["address", "x", orders])
    with pytest.raises(SystemExit):
        __main__.main([orders])
    err = capsys.readouterr().err
    assert err.count("\\x1b]0;title") == 3 and not set(err) & set("\x1b\x07\x7f\x9b\r\u202e")


def test_stdout_holds_the_report_and_nothing_that_a_library_prints(answering, capsys):
    assert answering(lambda: print("Downloading data") or "here", "--json") == 0
    captured = capsys.readouterr()
    assert json.loads(captured.out) == {"address": "here"} and captured.err == "Downloading data\n"
    print("after")
    assert capsys.readouterr().out == "after\n"


@posix
@pytest.mark.parametrize("arguments", [[], ["--json"], ["--help"]])
def test_a_reader_that_has_seen_enough_is_no_error(arguments):
    read, write = os.pipe()
    os.close(read)
    try:
        done = subprocess.run(verb("'x'", *arguments), stdout=write, stderr=subprocess.PIPE)
    finally:
        os.close(write)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full")
def test_a_report_that_cant_be_written_is_said():
    with open("/dev/full", "w") as full:
        done = subprocess.run(verb("'x'"), stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 1
    assert done.stderr == "fcn-tutorial: The report could not be written: No space left on device.\n"


@posix
@pytest.mark.parametrize("closed", ["2>&-", ">&-", "<&- >&- 2>&-"])
def test_with_closed_streams_a_verb_works_and_no_file_takes_their_place(closed, tmp_path):
    out = tmp_path / "number"
    opened = f"(lambda number: open({str(out)!r}, 'w').write(str(number)))(os.open(os.devnull, os.O_RDONLY))"
    answer = f"str(print('said', file=sys.stderr) or {opened})"
    command = ["sh", "-c", f'"$@" {closed}', "sh", *verb(answer)]
    done = subprocess.run(command, capture_output=True)
    assert done.returncode == 0 and int(out.read_text()) > 2


# What goes wrong


@pytest.mark.parametrize(
    "error, words",
    [
        (MemoryError("8 GiB"), "Not enough memory. Close other programs"),
        (ModuleNotFoundError("No module named 'h5py'", name="h5py"), "`fcn-tutorial check` says what is missing"),
        (OSError(28, "No space left on device", "/a/b"), "'/a/b'. Free some space there"),
        (RecursionError("too deep"), "too deep"),
        (OSError(), "OSError"),
    ],
)
def test_what_a_user_can_mend_is_one_line(answering, capsys, error, words):
    assert answering(raising(error)) == 1
    err = capsys.readouterr().err
    assert err.startswith("fcn-tutorial: ") and err.count("\n") == 1 and words in err


@pytest.mark.parametrize("error", [KeyError("x"), ImportError("no name", name="fcn_tutorial.course")])
def test_a_fault_of_the_program_keeps_its_traceback(answering, capsys, error):
    assert answering(raising(error)) == 1
    err = capsys.readouterr().err
    assert "Traceback" in err and "in answer" in err and type(error).__name__ in err


# A home


@pytest.mark.parametrize("given", ["missing", "/proc"])
def test_where_there_is_no_home_to_write_to_libraries_get_one_for_the_time(answering, monkeypatch, tmp_path, given):
    if given == "/proc" and not os.path.isdir(given):
        pytest.skip("no folder that nobody can write to")
    place = str(tmp_path / given)
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, place)
    for name in ("IPYTHONDIR", "JUPYTER_RUNTIME_DIR", "MPLCONFIGDIR"):
        monkeypatch.delenv(name, raising=False)
    seen = []

    def look():
        seen.append(Path(os.environ["JUPYTER_RUNTIME_DIR"]))
        seen[0].mkdir()
        if given == "missing":
            (Path.home() / "kept").touch()
        return "x"

    assert answering(look) == 0
    assert seen and not seen[0].exists() and "JUPYTER_RUNTIME_DIR" not in os.environ
    assert os.environ["HOME"] == place


# Signals

SLEEPS = "[print('asleep', file=sys.stderr, flush=True), time.sleep(60)]"
SLEEPER = f"type('Sleeper', (), {{'__del__': lambda self: {SLEEPS}}})"
SWALLOWS = f"{SLEEPER}() and 0 or time.sleep(60)"


@posix
@pytest.mark.parametrize("name, status", [("SIGINT", 130), ("SIGTERM", 143), ("SIGHUP", 129)])
@pytest.mark.parametrize("answer", [SLEEPS, SWALLOWS], ids=["anywhere", "in a destructor"])
def test_a_signal_ends_a_verb_with_one_line(name, status, answer):
    process = subprocess.Popen(verb(answer), stderr=subprocess.PIPE, text=True, start_new_session=True, preexec_fn=hear)
    assert process.stderr.readline() == "asleep\n"
    os.killpg(process.pid, getattr(signal, name))
    _, said = process.communicate(timeout=30)
    assert (process.returncode, said) == (status, "fcn-tutorial: stopped.\n")


@posix
def test_a_signal_that_is_ignored_stays_so():
    answer = f"os.kill(os.getpid(), {int(signal.SIGHUP)}) or 'went on'"
    done = subprocess.run(["nohup", *verb(answer)], capture_output=True, text=True)
    assert done.returncode == 0 and done.stdout == "went on\n"


@posix
def test_control_c_while_keras_starts():
    """Not said: what its native code would have, and what the process that holds that back says of its own end."""
    command = [sys.executable, "-m", "fcn_tutorial", "stride", "mobilenet_v2"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True, preexec_fn=hear)
    time.sleep(1.5)
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert (process.returncode, said) == (130, "fcn-tutorial: stopped.\n")


ENDS = """
import signal, sys, time, types
from fcn_tutorial.commands import surroundings
with surroundings.Stop(last=True) as stop:
    try:
        signal.raise_signal(signal.SIGINT)
    except KeyboardInterrupt:
        pass
    stop._not_lost(types.SimpleNamespace(exc_type=KeyboardInterrupt))
time.sleep(0.3)
sys.exit(130)
"""


@posix
def test_a_signal_that_is_to_be_said_again_does_not_hit_a_program_that_has_ended_by_itself():
    assert subprocess.run([sys.executable, "-c", ENDS], preexec_fn=hear).returncode == 130
