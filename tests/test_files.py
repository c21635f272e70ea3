"""Files are written whole or not at all, by one program at a time, never through a link that stands in the way."""

import errno
import os
import subprocess
import sys
import time

import pytest

from fcn_tutorial import files


def names(folder):
    return sorted(file.name for file in folder.iterdir())


def test_a_file_takes_its_place_only_when_the_block_ends(tmp_path):
    target = tmp_path / "a.txt"
    target.write_text("before")
    with files.replacing(target, ending=".txt") as unfinished:
        assert unfinished.name.endswith(".txt")
        unfinished.write_text("after")
        assert target.read_text() == "before"
    assert target.read_text() == "after"
    assert names(tmp_path) == ["a.txt"]


def test_an_error_leaves_the_earlier_file_and_nothing_else(tmp_path):
    target = tmp_path / "a.txt"
    target.write_text("before")
    with pytest.raises(KeyError), files.replacing(target) as unfinished:
        unfinished.write_text("half")
        raise KeyError
    assert target.read_text() == "before"
    assert names(tmp_path) == ["a.txt"]


def test_no_name_can_be_prepared_for_the_unfinished_file(tmp_path):
    with files.replacing(tmp_path / "a") as one, files.replacing(tmp_path / "a") as other:
        assert one != other
        assert not one.is_symlink()


def test_what_a_killed_program_left_is_taken_away_and_nothing_else(tmp_path):
    old = time.time() - 7200
    left = tmp_path / f".a.txt.{'0' * 16}.unfinished"
    kept = [tmp_path / f".a.txt.{'1' * 16}.unfinished", tmp_path / ".a.txt.notes.unfinished", tmp_path / "b.txt"]
    for file in (left, *kept):
        file.write_text("")
    for file in (left, *kept[1:]):
        os.utime(file, (old, old))
    files.write_text(tmp_path / "a.txt", "new\n")
    assert names(tmp_path) == sorted(["a.txt", *(file.name for file in kept)])


def test_the_permissions_are_those_of_any_new_file(tmp_path):
    files.write_text(tmp_path / "a", "")
    (tmp_path / "b").write_text("")
    assert (tmp_path / "a").stat().st_mode == (tmp_path / "b").stat().st_mode


def test_a_place_that_cant_be_written_is_refused_before_the_work(tmp_path):
    (tmp_path / "file").write_text("")
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError, match="Could not write .*file.x.y.*another place"):
        files.check_place(tmp_path / "file" / "x" / "y")
    with pytest.raises(IsADirectoryError, match="is a folder"):
        files.check_place(tmp_path / "folder")
    files.check_place(tmp_path / "new" / "a")
    assert names(tmp_path / "new") == []


def test_room_that_isnt_there_is_said_with_numbers_and_nothing_stays(tmp_path):
    with pytest.raises(OSError, match=r"needs 1,073,741,824 MiB, and its disk has [\d,]+ MiB left"):
        files.reserve(tmp_path / "big", 2**50)
    assert names(tmp_path) == []


def test_reserved_room_is_really_taken(tmp_path):
    files.reserve(tmp_path / "a", 2**20)
    assert (tmp_path / "a").stat().st_size == 2**20
    if hasattr(os, "posix_fallocate"):
        assert (tmp_path / "a").stat().st_blocks * 512 >= 2**20


def test_an_error_of_the_disk_names_the_file_and_what_to_do(tmp_path):
    with (
        pytest.raises(OSError, match="Could not write .*a.txt: No space left.*Free some space"),
        files.replacing(tmp_path / "a.txt"),
    ):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert names(tmp_path) == []


def test_a_lock_is_held_together_within_a_thread_and_leaves_nothing(tmp_path):
    with files.claimed(tmp_path / "a"):
        with files.claimed(tmp_path / "a"):
            pass
        assert names(tmp_path) == [".a.lock"]  # still held
    assert names(tmp_path) == []


def test_a_link_in_the_place_of_a_lock_is_not_followed(tmp_path):
    (tmp_path / "precious").write_text("precious")
    (tmp_path / ".a.lock").symlink_to("precious")
    with files.locked(tmp_path / "a", "busy"):
        assert not (tmp_path / ".a.lock").is_symlink()
    assert (tmp_path / "precious").read_text() == "precious" and names(tmp_path) == ["precious"]


HOLDER = """
import sys, time
from fcn_tutorial import files
with files.locked(sys.argv[1], "held"):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_second_program_is_told_who_writes_and_a_killed_one_holds_nothing(tmp_path):
    target = tmp_path / "a"
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, str(target)], stdout=subprocess.PIPE)
    try:
        assert holder.stdout.readline() == b"held\n"
        with (
            pytest.raises(BlockingIOError, match="a is in use: another training"),
            files.locked(target, "another training"),
        ):
            pass
    finally:
        holder.kill()
        holder.communicate()
    with files.locked(target, "another training", wait=5):
        pass


KILLED = """
import os, signal
from fcn_tutorial import files
folder = files.TemporaryFolder("fcn_test_")
(folder.path / "large").write_bytes(bytes(1000))
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(os.name == "nt", reason="no SIGKILL")
def test_a_temporary_folder_goes_with_its_program_and_after_a_killed_one(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    subprocess.run([sys.executable, "-c", KILLED], env=os.environ | {"TMPDIR": str(tmp_path)})
    assert len(names(tmp_path)) == 1
    with files.TemporaryFolder("fcn_test_") as folder:
        assert names(tmp_path) == [folder.name]
        other = files.TemporaryFolder("fcn_test_")
        assert len(names(tmp_path)) == 2  # one in use is nobody's to take away
        other.close()
    assert names(tmp_path) == []
