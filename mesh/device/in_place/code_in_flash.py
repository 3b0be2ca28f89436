"""Code that is executed in place: functions run from flash, and the heap keeps no copy of them.

MicroPython loads a .mpy file into the heap. On an RP2040 and RP2350 flash is memory too; so where
a .mpy file lies in flash is found out, and pointers in the heap to code, texts and names are made
to point there instead. What is not found there byte by byte stays in the heap. docs/firmware.md,
"Code runs from flash".
"""

import gc
import os
import sys

import rp2  # type: ignore[import-not-found] # typings/ are of another port
import uctypes

import mesh
from mesh.device.in_place import pointers
from mesh.device.in_place.code_files import HEAD, MOST, ROW
from mesh.device.in_place.flash_files import BLOCK, FlashFiles

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import IO, Any

PORTS = ("rp2",)
FOLDER = "code"
STAMP = FOLDER + "/stamp"  # of which firmware the files are; written last
INDEX = FOLDER + "/index"
IN_PLACE = (".frozen", "/rom")  # firmware there runs from flash by itself
FLASH = 0x1000_0000
SIZES_MIB = (2, 4, 8, 16)  # of flash
RAM = 0x2000_0000
STEP = 2048  # bytes allocated between collections: see mesh.device.main
RAM_KIB = {"RP2040": 256, "RP2350": 512}  # without the banks that hold the stack
# they are let go with what load() returns
OWN = ("code_in_flash", "code_files", "pointers", "flash_files")


class Code:
    """The firmware in a folder, as it lies in flash. OSError if it is in no file system there."""

    def __init__(self, firmware: str) -> None:
        flash = rp2.Flash()
        self._start = _start(flash)
        self.files = FlashFiles(flash, self._look)
        self._done: set[str] = set()  # modules
        self._firmware = firmware
        self._table = bytearray(2 * pointers.PLACES)
        self._rows = bytearray(8 * pointers.ROWS + 8)
        self._runs = bytearray(8 * pointers.RUNS + 8)
        self._count = 0
        types = (_start, _generator, pointers.move)
        numbers = [id(type(function)) for function in types] + [id(str), id(bytes)]
        self._types = b"".join([number.to_bytes(4, "little") for number in numbers])
        chip = sys.implementation._machine.rpartition(" ")[2]  # type: ignore[attr-defined]
        self._ram = RAM, RAM + (RAM_KIB.get(chip, 0) << 10)

    def _look(self, block: int, offset: int, size: int) -> memoryview:
        return uctypes.bytearray_at(self._start + block * BLOCK + offset, size)  # type: ignore[no-any-return]

    def move(self) -> None:
        """Free the heap's copies of what was loaded. None of its code may be running, and no
        coroutine of it may be there: its place in the code is a pointer that is not looked at.
        """
        new = {self._path(name) for name in sys.modules if name not in self._done}
        self._done.update(sys.modules)
        with open(INDEX, "rb") as index:
            while size := index.read(1):
                path = str(index.read(size[0]), "utf-8")
                count = int.from_bytes(index.read(2), "little")
                if path in new:
                    self._note(path, index, count)
                else:
                    index.seek(count * ROW, 1)
        self._note_written()
        self._sweep()
        gc.collect()

    def _path(self, module: str) -> str:
        if module.startswith("mesh."):
            module = self._firmware + module[4:].replace(".", "/")
        return module + ".mpy"

    def _note(self, path: str, index: "IO[bytes]", count: int) -> None:
        """Enter the pieces of a .mpy file."""
        parts = self.files.blocks(path)
        addresses = [self._start + block * BLOCK + offset for block, offset, _ in parts]
        starts = b"".join([address.to_bytes(4, "little") for address in addresses])
        while count:
            self._sweep()  # names that were read together are looked at together
            now = min(count, pointers.ROWS)
            self._enter(index.read(now * ROW), now, starts)
            count -= now

    def _note_written(self) -> None:
        """Enter what code_files wrote into files of its own."""
        starts, entries, count = b"", b"", 0
        for number in range(MOST):
            try:
                parts = self.files.blocks(f"{FOLDER}/{number}")
            except OSError:
                break
            starts += (self._start + parts[0][0] * BLOCK).to_bytes(4, "little")
            view = self._look(*parts[0])
            at = 0
            while at + HEAD < BLOCK and (size := view[at] | view[at + 1] << 8):
                place = (at + HEAD).to_bytes(2, "little")
                entries += bytes((number, view[at + 2])) + place + bytes(view[at : at + 2])
                count += 1
                at = at + HEAD + size + 4 & -4
        self._sweep()
        self._enter(entries, min(count, pointers.ROWS), starts)

    def _enter(self, entries: bytes, count: int, starts: bytes) -> None:
        pointers.note(self._table, self._rows, entries, count, starts)  # type: ignore[arg-type]
        self._count = count

    def _sweep(self) -> None:
        """Change all pointers to what was entered."""
        if not self._count:
            return
        where = self._ram + (self._table, self._rows)
        pointers.move_names(*where, self._runs)  # type: ignore[arg-type]
        pointers.move(*where, self._types, self._runs)  # type: ignore[arg-type]
        self._count = 0
        for i in range(len(self._table)):
            self._table[i] = 0


def load() -> "Callable[[], object]":
    """Load what every board runs, with its code in flash. Gives what does that for modules that
    were loaded since: see Code.move().
    """
    firmware: str = mesh.__path__  # type: ignore[assignment] # a text there
    if firmware.startswith(IN_PLACE) or "mesh.linked1" in sys.modules:
        return gc.collect  # what is loaded may run from files that would be written anew
    try:
        return _load(firmware).move
    except (OSError, ValueError) as error:  # all runs from the heap, if that has room
        sys.print_exception(error)  # type: ignore[attr-defined]
        return gc.collect
    finally:
        for name in OWN:
            if sys.modules.pop("mesh.device." + name, None):
                delattr(sys.modules["mesh.device"], name)


def _load(firmware: str) -> Code:
    """As load(), of the firmware in a folder. The files of code are written anew if they are of
    another one. OSError if they cannot be.
    """
    from mesh.version import VERSION  # type: ignore[import-not-found] # noqa: PLC0415

    stamp = firmware + " " + VERSION
    try:
        with open(STAMP) as file:
            is_known = file.read() == stamp
    except OSError:
        is_known = False
    code = Code(firmware)
    if not is_known:
        from mesh.device.in_place import code_files  # noqa: PLC0415 - seldom

        code_files.write(FOLDER, firmware, code.files)
        with open(STAMP, "w") as file:
            file.write(stamp)
    gc.threshold(STEP)
    # first what needs 9 KB in one piece
    names = ["device.ed25519"] + [
        name for name in sorted(os.listdir(firmware)) if "linked" in name
    ]
    for name in names:
        __import__("mesh." + name.replace(".mpy", ""))
        code.move()
    return code


def _start(flash: "Any") -> int:  # noqa: ANN401 - rp2.Flash()
    """The address of the file system, which ends where flash ends. OSError if it is not there."""
    count = flash.ioctl(4, 0)
    data = bytearray(256)
    flash.readblocks(0, data, 0)
    for mib in SIZES_MIB:
        start = FLASH + (mib << 20) - count * BLOCK
        if start >= FLASH and uctypes.bytes_at(start, len(data)) == bytes(data):
            return start
    raise OSError("the file system is not found in flash")


def _generator() -> "Iterator[None]":
    """A function of the type that generators and coroutines have."""
    yield
