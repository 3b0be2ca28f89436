"""Writes what code_in_flash needs of a firmware, once: an index of what can be used where the .mpy
files have it; and into files of one flash block each what cannot: pieces that lie in two blocks,
and machine code, which has to begin at a multiple of 4.

Such a file has, for each piece, its size (2 bytes), whether it is code (2 bytes, 1 or 0), its
bytes and a 0, filled up to a multiple of 4; a size of 0 ends it. The index has, for each .mpy
file, the length of its path (1 byte), its path, how many pieces follow (2 bytes), and of each 6
bytes: its block of that file, 1 for code, else 0, its offset there, its size. Where a .mpy file
has what: docs.micropython.org, "MicroPython .mpy files", and py/persistentcode.c of 1.28.
"""

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mesh.device.in_place.flash_files import FlashFiles

PORTS = ("rp2",)
MAGIC, VERSION = 77, 6
BYTECODE, NATIVE_PY, ASM = 0, 1, 3  # kinds of code
RELOCATED, RODATA, BSS = 0x10, 0x20, 0x40  # flags of machine code
STR, BYTES, TUPLE = 5, 6, 10  # kinds of constants; those below STR have no size
CODE, MACHINE, TEXT, NAME = 0, 1, 2, 3  # kinds of pieces
BLOCK, HEAD, MOST = 4096, 4, 32  # bytes of a file, of what is before a piece; files
ROW = 6  # bytes of a piece in the index
INDEX = "index"
LEAST = 12  # bytes of code that are worth it: a block of the heap has 16
RESERVE = 12  # blocks of flash that are left, for the index too; statvfs() cannot tell (slot.py)
# their code runs while code is moved, or is unloaded before that; their texts and names are used
NEVER = (
    "main.mpy",
    "start.mpy",
    "/code_in_flash.mpy",
    "/code_files.mpy",
    "/pointers.mpy",
    "/once.mpy",
    "/flash_files.mpy",
)
EVERY = "/linked"  # in the paths of what every board loads
BOOT = "start.mpy"  # which is in no folder of a firmware
FOLDER = 0x4000  # in the mode of a folder


class Pieces:
    """A .mpy file, read from its start to its end. `views`: its bytes, a view of each block."""

    def __init__(self, views: "Sequence[memoryview | bytes]") -> None:
        self._views = views
        self._block = self._at = 0  # where the next byte is

    def byte(self) -> int:
        """The next byte. ValueError at the end."""
        while self._at >= len(self._views[self._block]):
            self._skip_block()
        self._at += 1
        return self._views[self._block][self._at - 1]

    def _skip_block(self) -> None:
        self._at -= len(self._views[self._block])
        self._block += 1
        if self._block >= len(self._views):
            raise ValueError("it ends early")

    def number(self) -> int:
        """The next number, in groups of 7 bits."""
        n = 0
        while True:
            byte = self.byte()
            n = n << 7 | byte & 127
            if not byte & 128:
                return n

    def skip(self, size: int) -> None:
        """Leave out so many bytes. ValueError if there are fewer."""
        self._at += size
        while self._at > len(self._views[self._block]):
            self._skip_block()

    def piece(self, kind: int, size: int) -> "tuple[int, int, int, int]":
        """The next bytes, as (kind, block, offset in its view, size), and leave them out."""
        while self._at >= len(self._views[self._block]):
            self._skip_block()
        found = kind, self._block, self._at, size
        self.skip(size)
        return found

    def all(self) -> "Iterator[tuple[int, int, int, int]]":
        """The pieces, see piece(): machine code is MACHINE, texts and names end in a byte of 0
        that is not counted. ValueError if the file is none of a known version.
        """
        if (self.byte(), self.byte()) != (MAGIC, VERSION):
            raise ValueError("another version of .mpy")
        self.skip(2)
        names, things = self.number(), self.number()
        for _ in range(names):
            n = self.number()
            if not n & 1:
                yield self.piece(NAME, n >> 1)
                self.skip(1)
        yield from self._texts(things)
        left = 1
        while left:
            n = self.number()
            kind = n & 3
            yield self.piece(MACHINE if kind else CODE, n >> 3)
            left += self._after_code(n) - 1

    def _texts(self, things: int) -> "Iterator[tuple[int, int, int, int]]":
        """The texts among so many constants."""
        while things:
            things -= 1
            kind = self.byte()
            if kind < STR:
                continue
            size = self.number()
            if kind == TUPLE:
                things += size
            elif kind == STR:
                yield self.piece(TEXT, size)
                self.skip(1)
            else:
                self.skip(size + (kind == BYTES))

    def _after_code(self, n: int) -> int:
        """Read what follows a function's code; how many functions it contains, which follow."""
        kind = n & 3
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

    def is_whole(self, piece: "tuple[int, int, int, int]") -> bool:
        """Whether a piece, with the byte after it, lies in one block."""
        return piece[2] + piece[3] < len(self._views[piece[1]])

    def data(self, piece: "tuple[int, int, int, int]") -> bytes:
        """The bytes of a piece, put together."""
        _, block, at, size = piece
        found = b""
        while len(found) < size:
            found += bytes(self._views[block][at : at + size - len(found)])
            block, at = block + 1, 0
        return found


def _rank(name: str) -> "tuple[bool, bool, bool, str]":
    crypto = "25519" in name
    return name[:6] != "linked", not crypto, name != "device", name


def compiled(folder: str) -> "Iterator[str]":
    """The paths of the .mpy files in a folder: first what every board loads."""
    for name in sorted(os.listdir(folder), key=_rank):
        path = folder + "/" + name
        if path.endswith(".mpy"):
            yield path
        elif os.stat(path)[0] & FOLDER:
            yield from compiled(path)


class Writer:
    """Files of one block each in a folder, as long as there is room."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._reserve = folder + "/reserve"
        self._room = MOST
        self.count = 0
        self._block = bytearray(BLOCK)
        self._at = 0

    def reserve(self) -> None:
        """Take the room that is to be left, until free()."""
        try:
            with open(self._reserve, "wb") as file:
                for _ in range(RESERVE):
                    file.write(self._block)
        except OSError:
            self._room = 0

    def free(self) -> None:
        """Let it go."""
        os.remove(self._reserve)

    def add(self, data: bytes, is_code: bool) -> None:
        """Add a piece, if it fits."""
        size = len(data)
        if not size or size + HEAD >= BLOCK:
            return
        if self._at + HEAD + size >= BLOCK:
            self.flush()
        block, at = self._block, self._at
        block[at : at + HEAD] = size.to_bytes(2, "little") + bytes((is_code, 0))
        block[at + HEAD : at + HEAD + size] = data
        self._at = at + HEAD + size + 4 & -4

    def flush(self) -> None:
        """Write a file."""
        block = self._block
        if self._at and self.count < self._room:
            path = f"{self._folder}/{self.count}"
            try:
                with open(path, "wb") as file:
                    file.write(block)
                self.count += 1
            except OSError:  # no room: the rest stays in the heap
                self._room = 0
                os.remove(path)
        for i in range(BLOCK):
            block[i] = 0
        self._at = 0


def write(folder: str, firmware: str, files: "FlashFiles") -> None:
    """Write what the firmware in a folder needs, as far as there is room. OSError if there is
    not even room for the index.
    """
    try:
        for name in os.listdir(folder):
            os.remove(folder + "/" + name)
    except OSError:
        os.mkdir(folder)
    writer = Writer(folder)
    index = []
    known: set[bytes] = set()  # names and texts of what every board loads: others need no more
    writer.reserve()
    for path in [BOOT] + list(compiled(firmware)):
        try:
            rows = _sorted(path, files, writer, known)
        except (OSError, ValueError):
            continue  # small, or of a version that is not known: it stays in the heap
        count = (len(rows) // ROW).to_bytes(2, "little")
        index += [bytes((len(path),)) + path.encode() + count, rows]
    writer.flush()
    writer.free()
    with open(folder + "/" + INDEX, "wb") as file:
        for part in index:
            file.write(part)


def _sorted(path: str, files: "FlashFiles", writer: Writer, known: "set[bytes]") -> bytes:
    """The index of a .mpy file; what cannot be used where it is goes to the writer. OSError,
    ValueError.
    """
    runs, is_loaded = path.endswith(NEVER), EVERY in path
    pieces = Pieces(files.views(files.blocks(path)))
    rows = b""
    for piece in pieces.all():
        kind, block, at, size = piece
        is_code = kind in (CODE, MACHINE)
        if not size or (is_code and (runs or size < LEAST)):
            continue
        if not is_code:
            data = pieces.data(piece)
            if data in known:
                continue
            if is_loaded:
                known.add(data)
        if kind != MACHINE and pieces.is_whole(piece):
            numbers = at.to_bytes(2, "little") + size.to_bytes(2, "little")
            rows += bytes((block, is_code)) + numbers
        else:
            writer.add(pieces.data(piece), is_code)
    return rows
