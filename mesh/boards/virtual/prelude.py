# mypy: ignore-errors
# ruff: noqa
"""Start-up script inside the MicroPython of a virtual board: data to
mesh.boards.virtual.virtual_board, no module.

Gives the program a root of its own and a `machine` that resets, then does what a board does at
power-on: boot.py, main.py, the prompt. Its names are gone before that. argv: the root, or the
file of the flash; its KiB, 0 if it is a root; the block write at which power goes, 0 for never;
cause of the start; 1 for a raw prompt, 2 for one without boot.py; unique id; file to the supervisor.
"""

import sys


def _power_on(root, flash, cut, cause, unique, wire):
    import gc
    import vfs

    wire = open(wire, "w")

    def tell(word):
        wire.write(word + "\n")

    def ask(word):
        tell(word)
        while True:  # until the supervisor ends this process
            idle(10)

    from time import sleep_ms as idle

    class Machine:
        PWRON_RESET, HARD_RESET, WDT_RESET, DEEPSLEEP_RESET, SOFT_RESET = 1, 2, 3, 4, 5

        def __init__(self, real):
            for name in dir(real):
                if name[0] != "_":
                    setattr(self, name, getattr(real, name))
            self.reset = lambda: ask("reset")
            self.soft_reset = lambda: ask("soft")
            self.bootloader = lambda *_: ask("bootloader")
            self.deepsleep = lambda ms=0: ask("sleep " + str(ms))
            self.lightsleep = idle
            self.reset_cause = lambda: cause
            self.unique_id = lambda: bytes.fromhex(unique)
            self.freq = lambda *_: 125_000_000

        class WDT:
            def __init__(self, id=0, timeout=5000):
                self._timeout = str(timeout)
                self.feed()

            def feed(self):
                tell("feed " + self._timeout)

    class Flash:
        """A block device in a file: an erased byte is 0xff, and power may go at any write."""

        SIZE = 4096

        def __init__(self, file, blocks):
            self._file = file
            self._blocks = blocks
            self._cut = cut

        def readblocks(self, block, data, offset=0):
            self._file.seek(block * self.SIZE + offset)
            self._file.readinto(data)

        def writeblocks(self, block, data, offset=0):
            self._write(block * self.SIZE + offset, data)

        def _write(self, at, data):
            self._cut -= 1
            self._file.seek(at)
            if self._cut == 0:
                self._file.write(data[: len(data) // 2])
                ask("cut")
            self._file.write(data)

        def ioctl(self, what, block):
            if what == 4:
                return self._blocks
            if what == 5:
                return self.SIZE
            if what == 6:
                self._write(block * self.SIZE, b"\xff" * self.SIZE)
                return 0

    def open_(path, *more, real=open, host=vfs.VfsPosix("/")):
        # what virtual sensors read of Linux is there to be read; no listing shows it
        if isinstance(path, str) and path.startswith(("/proc/", "/sys/")):
            return host.open(path, "r")
        return real(path, *more)

    if flash:
        device = Flash(open(root, "r+b"), flash // 4)
        try:
            own = vfs.VfsLfs2(device)
        except OSError:
            vfs.VfsLfs2.mkfs(device)
            own = vfs.VfsLfs2(device)
    else:
        own = vfs.VfsPosix(root)
    vfs.umount("/")
    vfs.mount(own, "/")
    import builtins
    import os

    builtins.open = open_

    os.chdir("/")
    sys.modules["machine"] = Machine(__import__("machine"))
    sys.path[:] = ["", ".frozen", "/lib"]
    del sys.argv[:]
    gc.collect()
    tell("up")
    return tell


def _run(name):
    """Run a file of the board in the names of its prompt; whether all went well."""
    import os

    try:
        os.stat(name)
    except OSError:
        return True
    try:
        execfile(name)
    except SystemExit:
        return False
    except BaseException as error:
        sys.print_exception(error)
        return False
    return True


def _start(root, flash, cut, cause, way, unique, wire):
    tell = _power_on(root, int(flash), int(cut), int(cause), unique, wire)
    if way != "2" and _run("boot.py") and way == "0":
        _run("main.py")
    tell("prompt")


try:
    _start(*sys.argv[1:])
finally:
    del _start, _run, _power_on, sys
