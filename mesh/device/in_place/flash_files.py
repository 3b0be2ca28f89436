"""Where the blocks of a file are in flash, which is memory on an RP2040 and RP2350.

littlefs says nothing of it. So the file is read through a second file system over the same flash,
whose device notes which block is read. A file is a list of blocks; each but the first begins with
pointers to earlier ones: https://github.com/littlefs-project/littlefs/blob/master/DESIGN.md,
"CTZ skip-lists".
"""

import os

import vfs  # type: ignore[import-not-found] # not in the stubs of another port

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

PORTS = ("rp2",)
BLOCK = 4096
PAGE = 256  # bytes that are written at once, as the board's own file system has it
SMALL = 512  # bytes: littlefs has a smaller file in its folder's blocks, where it may move
PROBE = 16  # bytes that are read of each block


class Noting:
    """A device for a second file system that reads flash and notes the last block read. It writes
    nothing: OSError.
    """

    def __init__(self, flash: "Any") -> None:  # noqa: ANN401 - rp2.Flash()
        self._flash = flash
        self.block = -1

    def readblocks(self, block: int, into: bytearray, offset: int = 0) -> None:
        """Read, as os.AbstractBlockDev has it."""
        self.block = block + offset // BLOCK
        self._flash.readblocks(block, into, offset)

    def writeblocks(self, *_: object) -> None:
        """Refuse to write."""
        raise OSError(30)

    def ioctl(self, op: int, _: int) -> int:
        """The number and size of blocks, as os.AbstractBlockDev has it."""
        return int(self._flash.ioctl(op, 0)) if op in (4, 5) else 0


class FlashFiles:
    """Finds files. look(block, offset, size) gives bytes of flash as memory has them."""

    def __init__(self, flash: "Any", look: "Callable[[int, int, int], memoryview]") -> None:  # noqa: ANN401
        self._noting: Any = Noting(flash)
        self._look = look
        self._system = vfs.VfsLfs2(self._noting, progsize=PAGE)

    def blocks(self, path: str) -> "list[tuple[int, int, int]]":
        """The parts of a file as (block, offset of its bytes there, how many), in order. OSError
        if it is not there; ValueError if one is not found, or if it has none of its own.
        """
        size = os.stat(path)[6]
        if size <= SMALL:
            raise ValueError("a small file")
        found = []
        at = 0
        with self._system.open(path, "rb") as file:
            while at < size:
                pointers = 4 * _pointers(len(found))
                many = min(size - at, BLOCK - pointers)
                file.seek(at)
                data = file.read(min(PROBE, many))
                block = self._noting.block
                if bytes(self._look(block, pointers, len(data))) != data:
                    raise ValueError("no such block")
                found.append((block, pointers, many))
                at += many
        return found

    def views(self, blocks: "list[tuple[int, int, int]]") -> "list[memoryview]":
        """The bytes of a file, a view of each block, by what blocks() gave."""
        return [self._look(*part) for part in blocks]


def _pointers(number: int) -> int:
    """How many pointers the block of a file with this number, from 0, begins with."""
    count = 0
    if number:
        count = 1
        while not number >> (count - 1) & 1:
            count += 1
    return count
