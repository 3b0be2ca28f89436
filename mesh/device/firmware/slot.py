"""Staging folder of an update until it is complete; safe against power loss at any moment."""

import hashlib
import os

from mesh.core.errors import RemoteError
from mesh.core.resources.bundle import File, read_list

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

OFFER = "offer"  # the file with the signed offer that the folder is for
LIST = "list"
STEP = 512  # bytes of a file in memory at a time
LINE = 200  # most bytes of a line of the list
DIRECTORY = 0x4000  # type of a folder in ilistdir()
SPARE = 18  # blocks of flash reserved for folders and the board's own files


class NoRoom(RemoteError):
    """Too little free flash for the update; more may be freed."""


class Slot:
    """A folder of mesh.device.start.SLOTS. OSError if the flash cannot be written."""

    def __init__(self, folder: str) -> None:
        self.folder = folder

    def begin(self, offer: bytes, digest: bytes) -> None:
        """Prepare it for an offer whose list has this hash. Files of the same offer are kept."""
        if digest not in self._read(OFFER):
            self._clear(self.folder)
            os.mkdir(self.folder)
            path = self.path(OFFER)
            with open(path + ".new", "wb") as file:
                file.write(offer)
            os.rename(path + ".new", path)

    def path(self, name: str) -> str:
        """The path of a file in it."""
        return self.folder + "/" + name

    def size(self, name: str) -> int:
        """The bytes of a file that are there."""
        try:
            return int(os.stat(self.path(name))[6])
        except OSError:
            return 0

    def append(self, name: str, data: bytes) -> None:
        """Append to a file."""
        path = self.path(name)
        at = path.find("/", len(self.folder) + 1)
        while at > 0:
            if not _exists(path[:at]):
                os.mkdir(path[:at])
            at = path.find("/", at + 1)
        with open(path, "ab") as file:
            file.write(data)

    def drop(self, name: str) -> None:
        """Remove a file."""
        if _exists(self.path(name)):
            os.remove(self.path(name))

    def holds(self, file: File) -> bool:
        """Whether a file is complete and correct, read back from flash."""
        return self.size(file.path) == file.size and _digest(self.path(file.path)) == file.digest

    def copy(self, file: File, source: str) -> bool:
        """Copy a file from another folder if it is the same there. Whether it was."""
        there = source + "/" + file.path
        if not _exists(there) or _digest(there) != file.digest:
            return False
        self.drop(file.path)
        with open(there, "rb") as old:
            while data := old.read(STEP):
                self.append(file.path, data)
        return self.holds(file)

    def files(self) -> "Iterator[File]":
        """Yield the files in the list. RemoteError if it is invalid."""
        with open(self.path(LIST), "rb") as file:
            yield from read_list(_lines(file))

    def check(self) -> int:
        """The number of files in the list. RemoteError if it is invalid, or they do not fit."""
        status = os.statvfs(self.folder)
        block = status[1] or status[0] or STEP
        count = blocks = 0
        for file in self.files():
            count += 1
            blocks += _blocks(file.size, block) - _blocks(self.size(file.path), block)
        needed, free = (blocks + SPARE) * block, status[0] * status[4]
        if needed > free:
            raise NoRoom(f"no room: {needed} bytes are needed, and {free} are free")
        return count

    def _read(self, name: str) -> bytes:
        try:
            with open(self.path(name), "rb") as file:
                return file.read()
        except OSError:
            return b""

    def _clear(self, folder: str) -> None:
        """Remove a folder with all in it. The offer goes first, which makes the rest void."""
        if not _exists(folder):
            return
        self.drop(OFFER)
        for entry in list(os.ilistdir(folder)):
            path = folder + "/" + entry[0]
            if entry[1] == DIRECTORY:
                self._clear(path)
            else:
                os.remove(path)
        os.rmdir(folder)


def _lines(file: "Any") -> "Iterator[bytes]":  # noqa: ANN401 - an open file
    while line := file.readline(LINE):
        yield line


def _blocks(size: int, block: int) -> int:
    """The blocks of a file; littlefs has small ones, up to an eighth of a block, in folders."""
    return (size + block - 1) // block if size > block // 8 else 0


def _exists(path: str) -> bool:
    try:
        os.stat(path)
    except OSError:
        return False
    return True


def _digest(path: str) -> bytes:
    """The SHA-256 of a file on flash."""
    whole = hashlib.sha256()
    with open(path, "rb") as file:
        while data := file.read(STEP):
            whole.update(data)
    return whole.digest()
