"""Atomic, private and durable writing of files, and locks.

Links are never followed: in a folder where others may write, such as /tmp, one could lead to any
file of ours.
"""

import contextlib
import errno
import fcntl
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from mesh.core.errors import LocalError

OTHERS = 0o077  # permission bits of group and others
OTHERS_WRITE = 0o022
OTHER_HOME = "choose another folder: --home FOLDER, or $MESH_HOME; nothing was changed"
PIPE = "it is a pipe or a device, not a file"
BESIDE = ("", "-wal", "-shm", "-journal")  # suffixes of files that SQLite may leave


def make_private_folder(path: Path) -> None:
    """Create a folder that only its owner may enter. LocalError if it exists and others can write
    to it.
    """
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except FileExistsError as error:
        raise LocalError(f"{path} is a file, not a folder", OTHER_HOME) from error
    except OSError as error:
        why = f"cannot make the folder {path}: {error.strerror}"
        raise LocalError(why, OTHER_HOME) from error
    check_private_folder(path)


def check_private_folder(path: Path) -> None:
    """LocalError if a folder belongs to somebody else, or others can write to it."""
    try:
        status = path.stat()
    except OSError as error:
        raise LocalError(f"cannot look into the folder {path}: {error.strerror}") from error
    _check_owner(path, status)
    if status.st_mode & OTHERS_WRITE:
        raise LocalError(f"others can change files in {path}", f"chmod 700 {path}")


def read_private(path: Path) -> bytes | None:
    """Read a file that only its owner can read. None if there is none. LocalError if others
    can.
    """
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            _check_owner(path, status)
            if status.st_mode & OTHERS:
                raise LocalError(f"others can read {path}", f"chmod 600 {path}")
            return file.read()
    except FileNotFoundError:
        return None
    except NotADirectoryError as error:
        raise LocalError(f"{path.parent} is a file, not a folder", OTHER_HOME) from error
    except OSError as error:
        help = f"this user has to be able to; whose is it: ls -ld {path}"
        raise LocalError(f"cannot read {path}: {error.strerror}", help) from error


def _check_owner(path: Path, status: os.stat_result) -> None:
    if status.st_uid != os.geteuid():
        help = f"run as its owner, or: chown -R {os.geteuid()} {path}"
        raise LocalError(f"{path} belongs to somebody else", help)


def create(path: Path, data: bytes) -> None:
    """Write a new private file, whole or not at all. LocalError, and nothing is changed, if it
    exists.
    """
    try:
        part = _write_draft(path, data)
        try:
            os.link(part, path)  # unlike a rename, this never replaces a file
        finally:
            part.unlink()
        _sync_folder(path.parent)
    except FileExistsError as error:
        raise LocalError(
            f"{path} exists already", "it is never overwritten; move it away first"
        ) from error
    except OSError as error:
        raise LocalError(f"cannot write {path}: {error.strerror}") from error


def replace(path: Path, data: bytes) -> None:
    """Replace a private file, so that after a crash either is there, whole. LocalError."""
    try:
        _write_draft(path, data).replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        raise LocalError(f"cannot write {path}: {error.strerror}", "is the disk full?") from error


@contextlib.contextmanager
def named(path: Path) -> Iterator[None]:
    """Add the file to an OSError that does not name it, as of a full disk."""
    try:
        yield
    except OSError as error:
        if not error.filename or Path(error.filename).parent == path.parent:  # or a draft of it
            error.filename = str(path)
        raise


@contextlib.contextmanager
def draft(path: Path, mode: int = 0o666) -> Iterator[Path]:
    """A context with a new file beside `path`, with a random name. On success it replaces `path`;
    on failure `path` is unchanged. OSError.
    """
    part = path.with_name(f".{path.name[:100]}.{os.urandom(8).hex()}.part")
    os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode))
    try:
        yield part
        part.replace(path)
    finally:
        for suffix in BESIDE:
            with contextlib.suppress(OSError):
                part.with_name(part.name + suffix).unlink()


def write(path: Path, data: bytes) -> None:
    """Replace a file, or a link there, whole or not at all. OSError."""
    with named(path), draft(path) as part:
        part.write_bytes(data)


def no_link(path: str, flags: int) -> int:
    """An opener for open() that follows no link, and does not block on a pipe. OSError."""
    try:
        file = os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, 0o666)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.EMLINK):
            raise OSError(error.errno, "it is a link: name the file itself", path) from error
        if error.errno == errno.ENXIO:  # a pipe or a socket without a reader
            raise OSError(error.errno, PIPE, path) from error
        raise
    if stat.S_ISREG(os.fstat(file).st_mode):
        return file
    os.close(file)
    raise OSError(errno.EINVAL, PIPE, path)


def _write_draft(path: Path, data: bytes) -> Path:
    # replaces what a crash left; a link is not followed
    draft = path.with_name(f".{path.name}.new")
    with contextlib.suppress(FileNotFoundError):
        draft.unlink()
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        try:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        except OSError:
            draft.unlink()
            raise
    return draft


def _sync_folder(path: Path) -> None:
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


class InUse(LocalError):
    """Another process holds the lock."""


class Lock:
    """A lock for one process at a time. The system releases it however the process ends."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: int | None = None

    def acquire(self) -> None:
        """Take the lock. LocalError names the process that has it."""
        try:
            file = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            what = f"cannot open {self.path}: {error.strerror}"
            raise LocalError(what, f"this user has to own its folder; or {OTHER_HOME}") from error
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(file)
            pid = self.holder()
            who = f"process {pid}" if pid else "another process"
            raise InUse(
                f"{self.path.parent} is in use by {who}",
                "one identity runs once: stop that process, or choose another folder",
            ) from error
        try:
            os.ftruncate(file, 0)
            os.pwrite(file, b"%d\n" % os.getpid(), 0)
        except OSError as error:
            os.close(file)
            help = "is the disk full? nothing was changed"
            raise LocalError(f"cannot write {self.path}: {error.strerror}", help) from error
        self._file = file

    def holder(self) -> int | None:
        """The process that is recorded as the holder, if it still lives, or None."""
        try:
            text = self.path.read_bytes()[:20].strip()
        except OSError:
            return None
        pid = int(text) if text.isdigit() else None
        return pid if pid and _lives(pid) else None

    def release(self) -> None:
        """Release the lock. The file stays: if it were removed, two processes could lock two files
        of one name.
        """
        if self._file is not None:
            os.ftruncate(self._file, 0)
            os.close(self._file)
            self._file = None


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
