"""The pieces of a .mpy file that can be used from where it lies in flash: code, texts, names.

A file lies in several blocks; its bytes are read through views of them. Where a .mpy file has
what: docs.micropython.org, "MicroPython .mpy files", and py/persistentcode.c of MicroPython 1.28.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

PORTS = ("rp2",)
MAGIC, VERSION = 77, 6
BYTECODE, NATIVE_PY, ASM = 0, 1, 3  # kinds of code
RELOCATED, RODATA, BSS = 0x10, 0x20, 0x40  # flags of machine code
STR, BYTES, TUPLE = 5, 6, 10  # kinds of constants; those below STR have no size
CODE, MACHINE, TEXT, NAME = 0, 1, 2, 3  # kinds of pieces


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
