"""Writes what code_in_flash needs of a firmware, once: an index of what can be used where the .mpy
files have it; and into files of one flash block each what cannot: pieces that lie in two blocks,
and machine code, which has to begin at a multiple of 4.

Such a file has, for each piece, its size (2 bytes), whether it is code (2 bytes, 1 or 0), its
bytes and a 0, filled up to a multiple of 4; a size of 0 ends it. The index has, for each .mpy
file, the length of its path (1 byte), its path, how many pieces follow (2 bytes), and of each 6
bytes: its block of that file, 1 for code, else 0, its offset there, its size.
"""

import os

from mesh.device.in_place.mpy_pieces import CODE, MACHINE, Pieces

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from mesh.device.in_place.flash_files import FlashFiles

PORTS = ("rp2",)
BLOCK, HEAD, MOST = 4096, 4, 32  # bytes of a file, of what is before a piece; files
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
    "/mpy_pieces.mpy",
    "/flash_files.mpy",
)
BOOT = "start.mpy"  # which is in no folder of a firmware
FOLDER = 0x4000  # in the mode of a folder


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
    writer.reserve()
    for path in [BOOT] + list(compiled(firmware)):
        try:
            rows = _sorted(path, files, writer)
        except (OSError, ValueError):
            continue  # small, or of a version that is not known: it stays in the heap
        count = (len(rows) // 6).to_bytes(2, "little")
        index += [bytes((len(path),)) + path.encode() + count, rows]
    writer.flush()
    writer.free()
    with open(folder + "/" + INDEX, "wb") as file:
        for part in index:
            file.write(part)


def _sorted(path: str, files: "FlashFiles", writer: Writer) -> bytes:
    """The index of a .mpy file; what cannot be used where it is goes to the writer. OSError,
    ValueError.
    """
    runs = path.endswith(NEVER)
    pieces = Pieces(files.views(files.blocks(path)))
    rows = b""
    for piece in pieces.all():
        kind, block, at, size = piece
        is_code = kind in (CODE, MACHINE)
        if not size or (is_code and (runs or size < LEAST)):
            continue
        if kind != MACHINE and pieces.is_whole(piece):
            numbers = at.to_bytes(2, "little") + size.to_bytes(2, "little")
            rows += bytes((block, is_code)) + numbers
        else:
            writer.add(pieces.data(piece), is_code)
    return rows


def pieces(view: "memoryview | bytes") -> "Iterator[tuple[int, int, bool]]":
    """The pieces in such a file: (offset, size, whether it is code)."""
    at = 0
    while at + HEAD < BLOCK and (size := view[at] | view[at + 1] << 8):
        yield at + HEAD, size, bool(view[at + 2])
        at = at + HEAD + size + 4 & -4
