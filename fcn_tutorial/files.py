"""Files that are written whole or not at all, by one program at a time.

A new file is made beside its place, under a name that nobody can have prepared, and renamed when it is complete.
"""

import errno
import os
import re
import secrets
import shutil
import tempfile
import time
from contextlib import contextmanager, suppress
from pathlib import Path

_ABANDONED = 3600  # seconds without a change after which an unfinished file is nobody's any more
_LOCK = ".lock"


@contextmanager
def replacing(path, ending=""):
    """Path of a new, empty file beside `path`, which takes its place when the block ends; none is left by an error.

    ending: what the new file's name is to end in, for writers that look at it.
    What a killed program left unfinished here is taken away. Raises OSError with advice where the disk refuses.
    """
    path = Path(path)
    with _advice(path):
        _sweep(path)
        unfinished = path.with_name(f".{path.name}.{secrets.token_hex(8)}.unfinished{ending}")
        # Exclusive, so that neither a file nor a link can stand there already.
        os.close(os.open(unfinished, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
        try:
            yield unfinished
            os.replace(unfinished, path)
        finally:
            unfinished.unlink(missing_ok=True)


def write_text(path, text):
    """Write `text` (UTF-8, lines ended by a newline alone) to `path` as `replacing` does."""
    with replacing(path) as unfinished:
        unfinished.write_text(text, encoding="utf-8", newline="\n")


def check_place(path):
    """Make the folder of `path` and try it: raises OSError with advice now where writing `path` could only fail."""
    path = Path(path)
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder; expected the name of a file to write.")
    with _advice(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        tried = path.with_name(f".{path.name}.{secrets.token_hex(8)}.unfinished")
        os.close(os.open(tried, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
        tried.unlink()


def reserve(path, size, meant=None):
    """Make the file `path` `size` bytes large and take its room on the disk now.

    meant: the path to speak of, where `path` is an unfinished file's.
    A memory-mapped file without room of its own ends the whole program when the disk is full.
    Raises OSError that says how much was needed and how much there is; the file is then gone.
    """
    path = Path(path)
    try:
        free = shutil.disk_usage(path.parent).free
        if size > free:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        with open(path, "r+b" if path.exists() else "xb") as file:
            if hasattr(os, "posix_fallocate"):
                os.posix_fallocate(file.fileno(), 0, size)
            file.truncate(size)
    except OSError as error:
        path.unlink(missing_ok=True)
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise
        free = shutil.disk_usage(path.parent).free
        raise OSError(
            f"{meant or path} needs {size / 2**20:,.0f} MiB, and its disk has {free / 2**20:,.0f} MiB left. "
            "Free some space or name another folder."
        ) from error


@contextmanager
def locked(path, busy, wait=0.0):
    """Hold `path`, a file or folder to be written, alone; the lock is the hidden file .NAME.lock beside it, until then.

    busy: a sentence for the error, what another program is doing. wait: seconds until giving up, -1 for ever.
    Blocks inside one another, in one thread, hold it together. Raises BlockingIOError where another program holds it.
    """
    from filelock import FileLock, Timeout

    path = Path(path)
    file = path.with_name(f".{path.name}{_LOCK}")
    with _advice(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(file, is_singleton=True)
        try:
            _acquire(lock, file, wait)
        except Timeout as error:
            raise BlockingIOError(f"{path} is in use: {busy}") from error
    try:
        yield
    finally:
        if lock.lock_counter == 1:
            with suppress(OSError):  # where an open file can't be taken away, releasing does it
                file.unlink()
        lock.release()


def _acquire(lock, file, wait):
    """Take `lock`, and see to it that it is the one at `file`: who held it before took that away in the end."""
    while True:
        if file.is_symlink():
            file.unlink()  # it would lead to a file that isn't ours
        lock.acquire(timeout=wait)
        if file.exists():
            return
        lock.release()


@contextmanager
def claimed(path):
    """Try the place of `path`, and hold it alone while it is being made. Raises OSError at once where one can't."""
    check_place(path)
    with locked(path, "another program is writing it. Wait until that has ended, or name another file."):
        yield


class TemporaryFolder:
    """A folder for large files, `.path`, gone when this object is; one that a killed program left is taken away.

    prefix: how its name starts, the same for all folders of one purpose.
    """

    def __init__(self, prefix):
        from filelock import FileLock

        for left in Path(tempfile.gettempdir()).glob(f"{prefix}*"):
            _remove_abandoned(left)
        self._folder = tempfile.TemporaryDirectory(prefix=prefix, ignore_cleanup_errors=True)
        self.path = Path(self._folder.name)
        self._lock = FileLock(self.path / _LOCK)
        self._lock.acquire()

    def close(self):
        """Take the folder away now."""
        self._lock.release()
        self._folder.cleanup()

    def __enter__(self):
        return self.path

    def __exit__(self, *_):
        self.close()


def _remove_abandoned(folder):
    """Take a temporary folder away whose lock nobody holds."""
    from filelock import FileLock, Timeout

    lock = folder / _LOCK
    try:
        if not lock.is_file() and time.time() - folder.stat().st_mtime < _ABANDONED:
            return  # just being made
        with FileLock(lock, timeout=0):
            shutil.rmtree(folder, ignore_errors=True)
    except (OSError, Timeout):
        return  # somebody else's, or in use


def _sweep(path):
    """Take unfinished files of `path` away that nobody has written to for an hour."""
    ours = re.compile(rf"\.{re.escape(path.name)}\.[0-9a-f]{{16}}\.unfinished")
    if not path.parent.is_dir():
        return
    for file in path.parent.iterdir():
        if ours.match(file.name) and time.time() - file.lstat().st_mtime > _ABANDONED:
            file.unlink(missing_ok=True)


@contextmanager
def _advice(path):
    """Say of an error of the system's own which file was to be written and what to do."""
    try:
        yield
    except OSError as error:
        if error.errno is None:  # one of ours, which says it already
            raise
        raise type(error)(
            f"Could not write {path}: {error.strerror or error}. Free some space or choose another place."
        ) from error
