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
BASE = "base"  # the file with the folder that is the base: see mesh.device.start
PROBE = "probe"  # a folder that is there for a moment
STEP = 512  # bytes of a file in memory at a time
LINE = 200  # most bytes of a line of the list
DIRECTORY = 0x4000  # type of a folder in ilistdir()
FOLDER = 2  # blocks of a folder
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
            self._clear()
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

    def needs(self) -> "tuple[int, int]":
        """The number of files in the list, and of blocks for what is missing of them.
        RemoteError if the list is invalid.
        """
        block = os.statvfs(self.folder)[1] or STEP
        count = left = blocks = 0
        for file in self.files():
            there = self.size(file.path)
            count += 1
            left += not there
            blocks += _blocks(file.size, block) - _blocks(there, block)
        # with the files folders are there, too
        return count, blocks + SPARE * (left + 1) // (count + 1)

    def free(self) -> int:
        """The number of free blocks."""
        status = os.statvfs(".")
        free = status[3] - (1 << 32 if status[3] > status[2] else 0)  # it may be below 0
        return int(free + _counted_twice())

    def replace_base(self, by: str, base: str) -> None:
        """Have the update in a folder be the base, unless that is in ROM, and takes no room."""
        if not _exists(base or "mesh"):
            return
        with open(BASE + ".new", "w") as file:
            file.write(by)
        os.rename(BASE + ".new", BASE)
        remove("mesh")

    def check(self, blocks: int) -> None:
        """NoRoom unless so many blocks are free."""
        free, block = self.free(), os.statvfs(self.folder)[0]
        if blocks > free:
            raise NoRoom(
                f"no room: {blocks * block} bytes are needed, and {free * block} are free"
            )

    def _read(self, name: str) -> bytes:
        try:
            with open(self.path(name), "rb") as file:
                return file.read()
        except OSError:
            return b""

    def _clear(self) -> None:
        """Remove it with all in it. The offer goes first, which makes the rest void."""
        self.drop(OFFER)
        remove(self.folder)


def remove(folder: str) -> None:
    """Remove a folder with all in it, if it is there. OSError."""
    if _exists(folder):
        for entry in list(os.ilistdir(folder)):
            path = folder + "/" + entry[0]
            if entry[1] == DIRECTORY:
                remove(path)
            else:
                os.remove(path)
        os.rmdir(folder)


def _counted_twice() -> int:
    """How many blocks too many count as used: littlefs counts the two blocks of a folder once as
    its own and once as its parent's (lfs_fs_traverse in lfs.c of 2.11). Seen by making a folder.
    """
    remove(PROBE)
    before = os.statvfs(".")[3]
    os.mkdir(PROBE)
    taken = before - os.statvfs(".")[3]
    os.rmdir(PROBE)
    return FOLDER * _folders("") if taken >= 2 * FOLDER else 0


def _folders(path: str) -> int:
    """The number of folders below a path, which is "" or ends in a slash."""
    names = [entry[0] for entry in os.ilistdir(path or ".") if entry[1] == DIRECTORY]
    return len(names) + sum([_folders(path + name + "/") for name in names])


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
