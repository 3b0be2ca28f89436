"""A flash in memory, in MicroPython: what is written is counted and can be cut off anywhere.

Runs under MicroPython, imported by tests/device/test_power_loss.py and tests/bench/flash.py.
"""

import os

import vfs

BLOCK = 4096  # bytes of one erasure
PAGE = 256  # bytes of one write, as MicroPython's rp2 port mounts its flash (modules/_boot.py)


class Flash:
    """A block device for VfsLfs2. `log` gets (block, offset, bytes) of a write, (block, -1, b"")
    of an erasure; `worn` counts erasures by block.
    """

    def __init__(self, blocks, log=None):
        self.data = bytearray(b"\xff" * BLOCK * blocks)
        self.blocks = blocks
        self.log = log
        self.worn = [0] * blocks

    def readblocks(self, block, buf, off=0):
        at = block * BLOCK + off
        buf[:] = memoryview(self.data)[at : at + len(buf)]

    def writeblocks(self, block, buf, off=0):
        if self.log is not None:
            self.log.append((block, off, bytes(buf)))
        at = block * BLOCK + off
        self.data[at : at + len(buf)] = buf

    def ioctl(self, op, arg):
        if op == 4:
            return self.blocks
        if op == 5:
            return BLOCK
        if op == 6:
            self.worn[arg] += 1
            if self.log is not None:
                self.log.append((arg, -1, b""))
            self.data[arg * BLOCK : (arg + 1) * BLOCK] = b"\xff" * BLOCK
        return 0


class Cut:
    """What a Flash holds, to be started from: what is written here leaves the other as it was."""

    def __init__(self, flash):
        self._flash = flash
        self._own = {}

    def _block(self, block):
        if block not in self._own:
            at = block * BLOCK
            self._own[block] = bytearray(self._flash.data[at : at + BLOCK])
        return self._own[block]

    def readblocks(self, block, buf, off=0):
        if block in self._own:
            buf[:] = memoryview(self._own[block])[off : off + len(buf)]
        else:
            self._flash.readblocks(block, buf, off)

    def writeblocks(self, block, buf, off=0):
        self._block(block)[off : off + len(buf)] = buf

    def ioctl(self, op, arg):
        if op == 6:
            self._block(arg)[:] = b"\xff" * BLOCK
            return 0
        return self._flash.ioctl(op, arg)


def mount(device, path, new=False):
    """Have a device's files at a path, as the board's own folder."""
    if new:
        vfs.VfsLfs2.mkfs(device, progsize=PAGE)
    vfs.mount(vfs.VfsLfs2(device, progsize=PAGE), path)
    os.chdir(path)


def unmount(path):
    """Let it go, with nothing written: as if the power went."""
    os.chdir("/")
    vfs.umount(path)
