"""Code that is executed in place: functions run from flash, and the heap keeps no copy of them.

MicroPython loads a .mpy file into the heap. On an RP2040 and RP2350 flash is memory too, so
code_files writes the code of all functions into files of one block each; here those blocks are
found in flash, and pointers to code in the heap are made to point there instead. Code that is not
found there byte by byte stays in the heap. docs/firmware.md, "Code runs from flash".
"""

import gc
import os
import sys

import rp2  # type: ignore[import-not-found] # typings/ are of another port
import uctypes

import mesh
from mesh.device.in_place import pointers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PORTS = ("rp2",)
FOLDER = "code"
STAMP = FOLDER + "/stamp"  # of which firmware the files are; written last
BLOCK = 4096
HEAD = 16  # random bytes at the start of a file, so that no older copy in flash is taken for it
MOST = 61  # files
IN_PLACE = (".frozen", "/rom")  # firmware there runs from flash by itself
FLASH = 0x1000_0000
SIZES_MIB = (2, 4, 8, 16)  # of flash
RAM = 0x2000_0000
STEP = 2048  # bytes allocated between collections: see mesh.device.main
RAM_KIB = {"RP2040": 256, "RP2350": 512}  # without the banks that hold the stack


class Code:
    """The code that lies in flash."""

    def __init__(self) -> None:
        self._table = bytearray(2 * pointers.PLACES)  # file << 10 | offset / 4 of a function, or 0
        self._files = bytearray(4 * MOST)  # the address of each file; then the types of functions
        for function in (_heads, _generator, pointers.move):
            self._files += id(type(function)).to_bytes(4, "little")
        heads = _heads()
        flash = rp2.Flash()
        count = flash.ioctl(4, 0)
        head = bytearray(HEAD)
        found: dict[int, int] = {}
        for block in range(count):
            flash.readblocks(block, head, 0)
            for number, mine in enumerate(heads):
                if mine == bytes(head):
                    found[number] = block * BLOCK
        for mib in SIZES_MIB:  # littlefs ends where the flash ends
            start = FLASH + (mib << 20) - count * BLOCK
            if start >= FLASH and _are_at(start, found, heads):
                for number, at in found.items():
                    address = (start + at).to_bytes(4, "little")
                    self._files[4 * number : 4 * number + 4] = address
                    pointers.note(self._table, number, start + at)  # type: ignore[arg-type]
                return

    def move(self) -> None:
        """Free the heap's copies of code that was loaded. None of that may be running, and no
        coroutine of it may be there: its place in the code is a pointer that is not looked at.
        """
        chip = sys.implementation._machine.rpartition(" ")[2]  # type: ignore[attr-defined]
        ram = RAM_KIB.get(chip, 0) << 10
        pointers.move(RAM, RAM + ram, self._table, self._files)  # type: ignore[arg-type]
        gc.collect()


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
        for name in ("code_in_flash", "code_files", "pointers"):  # they go with what is returned
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
    if not is_known:
        from mesh.device.in_place import code_files  # noqa: PLC0415 - seldom

        code_files.write(FOLDER, firmware)
        with open(STAMP, "w") as file:
            file.write(stamp)
    code = Code()
    gc.threshold(STEP)
    # first what needs 9 KB in one piece
    names = ["device.ed25519"] + [
        name for name in sorted(os.listdir(firmware)) if "linked" in name
    ]
    for name in names:
        __import__("mesh." + name.replace(".mpy", ""))
        code.move()
    return code


def _heads() -> list[bytes]:
    """The first bytes of each file."""
    heads = []
    try:
        for number in range(MOST):
            with open(f"{FOLDER}/{number}", "rb") as file:
                heads.append(file.read(HEAD))
    except OSError:
        pass
    return heads


def _generator() -> "Iterator[None]":
    """A function of the type that generators and coroutines have."""
    yield


def _are_at(start: int, found: dict[int, int], heads: list[bytes]) -> bool:
    """Whether the files are in memory where they would be if littlefs began at `start`."""
    rows = found.items()
    return all(uctypes.bytes_at(start + at, HEAD) == heads[number] for number, at in rows)
