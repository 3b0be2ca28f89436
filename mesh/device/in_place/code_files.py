"""Writes the code of all functions into files of one flash block each, for code_in_flash.

A file begins with random bytes; then, for each function, its size (2 bytes), 2 bytes of 0, and its
code, filled up to a multiple of 4; a size of 0 ends it. Where a .mpy file has a function's code:
docs.micropython.org, "MicroPython .mpy files", and py/persistentcode.c of MicroPython 1.28.
"""

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import IO

PORTS = ("rp2",)
MAGIC, VERSION = 77, 6
BYTECODE, NATIVE_PY, ASM = 0, 1, 3  # kinds of code
RELOCATED, RODATA, BSS = 0x10, 0x20, 0x40  # flags of machine code
STR, BYTES, TUPLE = 5, 6, 10  # kinds of constants; those below STR have no size
BLOCK, HEAD, MOST = 4096, 16, 61  # as in code_in_flash
MOST_FUNCTIONS = 1800  # the table there has 2048 places
LEAST = 12  # bytes of code that are worth it: a block of the heap has 16
RESERVE = 8  # blocks of flash that are left free at least
SPARE = 26  # blocks for an update besides its files: slot.SPARE, and what the board writes by then
ALWAYS = 24  # files that hold what every board loads
SMALL = 512  # bytes of a file that takes no block: littlefs has it in its folder
# they run while code is moved, or are unloaded before that
NEVER = ("/main.mpy", "/code_in_flash.mpy", "/code_files.mpy", "/pointers.mpy", "/once.mpy")
FOLDER = 0x4000  # in the mode of a folder


class Reader:
    """A .mpy file, read from its start to its end."""

    def __init__(self, file: "IO[bytes]") -> None:
        self._file = file
        self._one = bytearray(1)

    def byte(self) -> int:
        """The next byte."""
        if not self._file.readinto(self._one):
            raise ValueError("it ends early")
        return self._one[0]

    def number(self) -> int:
        """The next number, in groups of 7 bits."""
        n = 0
        while True:
            byte = self.byte()
            n = n << 7 | byte & 127
            if not byte & 128:
                return n

    def skip(self, size: int) -> None:
        """Leave out so many bytes."""
        self._file.seek(size, 1)

    def thing(self) -> None:
        """Leave out a constant."""
        kind = self.byte()
        if kind < STR:
            return
        size = self.number()
        if kind == TUPLE:
            for _ in range(size):
                self.thing()
        else:
            self.skip(size + (kind in (STR, BYTES)))

    def functions(self) -> "Iterator[bytes]":
        """The code of each function. ValueError if it is none of a known version."""
        if (self.byte(), self.byte()) != (MAGIC, VERSION):
            raise ValueError("another version of .mpy")
        self.skip(2)
        names, things = self.number(), self.number()
        for _ in range(names):
            n = self.number()
            if not n & 1:
                self.skip((n >> 1) + 1)
        for _ in range(things):
            self.thing()
        left = 1
        while left:
            left += self.children() - 1
            yield self.code

    def children(self) -> int:
        """Read one function; how many it contains, which follow."""
        n = self.number()
        kind = n & 3
        self.code: bytes = self._file.read(n >> 3)
        if kind == NATIVE_PY:
            self.number()
        elif kind != BYTECODE:
            flags = self.number()
            if flags & RELOCATED:
                raise ValueError("code that is not the same everywhere")
            if kind == ASM:
                self.number()
                self.number()
            else:
                sizes = [self.number() for flag in (RODATA, BSS) if flags & flag]
                if flags & RODATA:
                    self.skip(sizes[0])
        return self.number() if n & 4 else 0


def _rank(name: str) -> "tuple[bool, bool, bool, str]":
    crypto = "25519" in name
    return name[:6] != "linked", not crypto, name != "device", name


def compiled(folder: str) -> "Iterator[str]":
    """The paths of the .mpy files in a folder: first what every board loads."""
    for name in sorted(os.listdir(folder), key=_rank):
        path = folder + "/" + name
        if name.endswith(".mpy"):
            yield path
        elif os.stat(path)[0] & FOLDER:
            yield from compiled(path)


class Writer:
    """Files of one block each in a folder, until there is no room for more."""

    def __init__(self, folder: str, room: int) -> None:
        self._folder = folder
        self._room = room
        self.count = self.functions = 0
        self._block = bytearray(BLOCK)
        self._at = HEAD

    def add(self, code: bytes) -> None:
        """Add a function, if it is worth it and fits."""
        size = len(code)
        end = self._at + 4 + size
        if not LEAST <= size <= BLOCK - HEAD - 4 or self.functions >= MOST_FUNCTIONS:
            return
        if end > BLOCK:
            self.flush()
            end = self._at + 4 + size
        block, at = self._block, self._at
        block[at : at + 2] = size.to_bytes(2, "little")
        block[at + 4 : end] = code
        self._at = end + 3 & -4
        self.functions += 1

    def flush(self) -> None:
        """Write a file."""
        block = self._block
        if self._at > HEAD and self.count < self._room:
            block[:HEAD] = os.urandom(HEAD)
            with open(f"{self._folder}/{self.count}", "wb") as file:
                file.write(block)
            self.count += 1
        for i in range(BLOCK):
            block[i] = 0
        self._at = HEAD


def write(folder: str, firmware: str) -> None:
    """Write the code of all functions of the firmware in a folder, as far as there is room.

    OSError if a file cannot be written, ValueError if a .mpy file is of an unknown kind.
    """
    try:
        for name in os.listdir(folder):
            os.remove(folder + "/" + name)
    except OSError:
        os.mkdir(folder)
    paths = list(compiled(firmware))
    free = os.statvfs("/")[3]
    sizes = [os.stat(path)[6] for path in paths]
    update = sum([(size + BLOCK - 1) // BLOCK for size in sizes if size > SMALL]) + SPARE
    # room for an update is kept, if what every board loads has room beside it
    room = free - update if free - update >= ALWAYS else free - RESERVE
    writer = Writer(folder, min(MOST, room))
    for path in paths:
        if not path.endswith(NEVER):
            with open(path, "rb") as file:
                for code in Reader(file).functions():
                    writer.add(code)
    writer.flush()
