"""A Pico W's flash in memory, for MicroPython's unix port: littlefs on 212 blocks of 4 KiB,
written in pages of 256 bytes, mounted at /board.
"""

import os

import vfs

BLOCK, COUNT = 4096, 212
FOLDER = 0x4000  # type of an entry of os.ilistdir()


class Flash:
    """A block device."""

    def __init__(self):
        self.data = bytearray(BLOCK * COUNT)

    def readblocks(self, n, into, offset=0):
        at = n * BLOCK + offset
        into[:] = self.data[at : at + len(into)]

    def writeblocks(self, n, data, offset=0):
        at = n * BLOCK + offset
        self.data[at : at + len(data)] = data

    def ioctl(self, op, n):
        if op == 6:
            self.data[n * BLOCK : n * BLOCK + BLOCK] = bytes(BLOCK)
        return {4: COUNT, 5: BLOCK}.get(op, 0)

    def look(self, block, offset, size):
        """Bytes of flash, as memory has them."""
        at = block * BLOCK + offset
        return memoryview(self.data)[at : at + size]


def mounted():
    """A new flash, mounted; its file system is the current folder."""
    flash = Flash()
    vfs.VfsLfs2.mkfs(flash, progsize=256)
    vfs.mount(vfs.VfsLfs2(flash, progsize=256), "/board")
    os.chdir("/board")
    return flash


def put(path, data):
    """Write a file, with the folders that it is in."""
    for at in [i for i in range(len(path)) if path[i] == "/"]:
        try:  # noqa: SIM105 - MicroPython has no contextlib
            os.mkdir(path[:at])
        except OSError:
            pass
    with open(path, "wb") as file:
        file.write(data)


def copied(source, target=""):
    """Copy all that is in a folder of the computer."""
    for entry in os.ilistdir(source):
        if entry[1] == FOLDER:
            copied(source + "/" + entry[0], target + entry[0] + "/")
        else:
            put(target + entry[0], read(source + "/" + entry[0]))


def read(path):
    """The bytes of a file, which is closed: one that a collection closes after its file system
    ends MicroPython.
    """
    with open(path, "rb") as file:
        return file.read()
