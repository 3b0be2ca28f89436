"""The flash memory of a board whose power can go at any write. For MicroPython, not for pytest."""

import os

SIZE = 512


class Flash:
    """Blocks of SIZE bytes; after `left` more writes and erasures the power goes, amid the last.

    torn: whether half of that write is there.
    """

    def __init__(self, data, torn):
        self.data = bytearray(data)
        self.left = -1
        self.is_off = False
        self._torn = torn
        self._erased = b"\xff" * SIZE

    def readblocks(self, n, into, offset=0):
        if self.is_off:
            return  # a collection closes what was open, and may not use the heap for it
        at = n * SIZE + offset
        into[:] = self.data[at : at + len(into)]

    def writeblocks(self, n, data, offset=0):
        if self.is_off:
            return
        if self.left == 0:
            data = data[: len(data) // 2 if self._torn else 0]
        at = n * SIZE + offset
        self.data[at : at + len(data)] = data
        self._count()

    def ioctl(self, op, n):
        if op == 4:
            return len(self.data) // SIZE
        if op == 5:
            return SIZE
        if op == 6 and not self.is_off:
            self.data[n * SIZE : n * SIZE + SIZE] = self._erased
            self._count()
        return 0

    def _count(self):
        if self.left == 0:
            raise OSError(5)
        self.left -= 1


def empty(vfs, blocks=128):
    """A flash with an empty file system, as bytes."""
    flash = Flash(bytes(blocks * SIZE), False)
    getattr(os, vfs).mkfs(flash)
    return bytes(flash.data)


def during(vfs, data, step, left=-1):
    """Call step() with a flash as current folder, until the power goes if `left` says when.

    Gives (flash, what step gave or None, writes left); 0 left means that the power went.
    """
    # littlefs is made for writes that are torn; for FAT a sector is written or not
    flash = Flash(data, vfs != "VfsFat")
    os.mount(getattr(os, vfs)(flash), "/cut")
    os.chdir("/cut")
    flash.left = left
    result = None
    try:
        result = step()
    except OSError:
        if left < 0:
            raise
    finally:
        left = flash.left
        data = bytes(flash.data)
        flash.left = -1
        flash.is_off = left == 0
        os.chdir("/")
        os.umount("/cut")
    return data, result, left
