"""Checks of a MicroPython image before a byte is written: format, completeness, chip, and that it
does not overwrite the board's own files.

Formats: https://docs.espressif.com/projects/esptool/en/latest/esp32/advanced-topics/firmware-image-format.html,
https://docs.espressif.com/projects/esp-idf/en/stable/esp32/api-guides/partition-tables.html,
https://github.com/microsoft/uf2
"""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from mesh.boards.catalogue.hardware import BoardData
from mesh.boards.mishaps import Mishap, mishap

ESP_MAGIC = 0xE9
ESP_HEADER, ESP_SEGMENT = 24, 8  # bytes
ESP_HASH = 32
TABLE_AT, TABLE_ENTRY = 0x8000, 32  # address of the partition table; bytes of an entry
TABLE_MAX = 0xC00
TABLE_MAGIC = b"\xaa\x50"
TYPE_APP, TYPE_DATA = 0, 1
FILES = ("vfs", "ffat")  # names of MicroPython's file system partition
CHIPS = {  # chip ids of Espressif (esp_image_format.h)
    0: "ESP32", 2: "ESP32-S2", 5: "ESP32-C3", 9: "ESP32-S3", 12: "ESP32-C2", 13: "ESP32-C6",
    16: "ESP32-H2", 18: "ESP32-P4", 20: "ESP32-C61", 23: "ESP32-C5",
}  # fmt: skip

UF2_BLOCK, UF2_PAYLOAD = 512, 476
UF2_MAGICS = (b"UF2\x0a", b"\x57\x51\x5d\x9e", b"\x30\x6f\xb1\x0a")
UF2_NOT_MAIN, UF2_HAS_FAMILY = 0x1, 0x2000  # flags
UF2_FAMILIES = {  # uf2families.json
    0xE48BFF56: "RP2040", 0xE48BFF59: "RP2350", 0xE48BFF5A: "RP2350 as RISC-V",
    0x1C5F21B0: "ESP32", 0xBFDD4EEE: "ESP32-S2", 0xC47E5767: "ESP32-S3", 0xD42BA06C: "ESP32-C3",
    0x540DDF62: "ESP32-C6",
}  # fmt: skip
UF2_ABSOLUTE = 0xE48BFF57  # a block for an RP2350's boot ROM, numbered separately
BEGINNINGS = {  # first bytes of other kinds of files, in lower case
    b"<!doctype": "it is a web page", b"<html": "it is a web page", b"<?xml": "it is a web page",
    b"pk\x03\x04": "it is a .zip", b"\x1f\x8b": "it is packed by gzip",
    b"\x7felf": "it is a .elf, as compilers make them",
    b"uf2\n": "it is a .uf2, and this board takes a .bin",
    b"\xe9": "it is a .bin for an Espressif chip, and this board takes a .uf2",
}  # fmt: skip
FLASH_AT = 0x10000000  # address of an RP2's flash
KIB = 1024
MOST = 16 << 20  # bytes: no board here has more flash


class Partition(NamedTuple):
    """A partition of an ESP chip's flash."""

    kind: int
    name: str
    start: int
    size: int


def pattern(board: BoardData) -> str:
    """The name pattern of official files for a board."""
    ending = "uf2" if board.image.kind == "uf2" else "bin"
    variant = "[-VARIANT]" if board.variants else ""
    return f"{board.micropython}{variant}-YYYYMMDD-vX.Y.Z.{ending}"


def page(board: BoardData) -> str:
    """The web page with these files."""
    return f"micropython.org/download/{board.micropython}"


def load(file: Path, board: BoardData) -> bytes:
    """Read and check an image for a board. Mishap if it is wrong."""
    places = {"file": file, "pattern": pattern(board), "page": page(board), "board": board.name}
    if board.image.kind == "none":
        raise mishap("no-image-needed", **places)
    try:
        if file.stat().st_size > MOST:
            raise mishap("not-an-image", reason=f"it has more than {MOST >> 20} MiB", **places)
        data = file.read_bytes()
    except OSError as error:
        raise mishap("no-image-file", reason=error.strerror, **places) from error
    check = _Check(board, places)
    if board.image.kind == "uf2":
        check.uf2(data)
    else:
        check.esp(data)
    return data


class _Check:
    """The check of an image. `places`: words for its Mishap."""

    def __init__(self, board: BoardData, places: dict[str, object]) -> None:
        self._board = board
        self._places = places

    def _fail(self, name: str, **words: object) -> Mishap:
        return mishap(name, **self._places, **words)

    def _is_no_image(self, data: bytes) -> Mishap:
        return self._fail("not-an-image", reason=_guess(data))

    def esp(self, data: bytes) -> None:
        """An official .bin: boot loader, partition table and MicroPython together."""
        if data[:1] != bytes([ESP_MAGIC]):
            raise self._is_no_image(data)
        offset = self._board.image.offset
        self._esp_part(data, 0, "its boot loader")
        table = data[TABLE_AT - offset :][:TABLE_MAX]
        if not table:
            raise self._fail("truncated-image", reason="it ends before the partition table")
        found = partitions(table)
        if not found:
            reason = "it has no partition table; a .app-bin is only a part of MicroPython"
            raise self._fail("not-an-image", reason=reason)
        apps = [part for part in found if part.kind == TYPE_APP]
        if not apps:
            raise self._fail("not-an-image", reason="its partition table has no place for it")
        self._esp_part(data, apps[0].start - offset, "MicroPython")
        files = files_at(table)
        if files and offset + len(data) > files.start:
            reason = f"it ends at {offset + len(data):#x}, and they begin at {files.start:#x}"
            raise self._fail("image-over-files", reason=reason)

    def _esp_part(self, data: bytes, at: int, what: str) -> None:
        """A program in an image: header, segments, check sum, hash."""
        if len(data) < at + ESP_HEADER:
            raise self._fail("truncated-image", reason=f"it ends before {what}")
        if data[at] != ESP_MAGIC:
            raise self._fail("not-an-image", reason=f"{what} is not where it should be")
        chip = int.from_bytes(data[at + 12 : at + 14], "little")
        if chip != self._board.image.esp_chip_id:
            found = CHIPS.get(chip, f"a chip with the number {chip}")
            raise self._fail("wrong-chip", found=found, wanted=self._board.chip)
        end = at + ESP_HEADER
        for _ in range(data[at + 1]):
            end += ESP_SEGMENT + int.from_bytes(data[end + 4 : end + 8], "little")
            if end > len(data):
                raise self._fail("truncated-image", reason=f"it ends amid {what}")
        end = at + ((end - at) // 16 + 1) * 16  # the check sum is the last byte of 16
        self._esp_hash(data, at, end, what)

    def _esp_hash(self, data: bytes, at: int, end: int, what: str) -> None:
        stored = data[end : end + ESP_HASH]
        if data[at + 23] == 0:
            return  # no hash was appended
        if len(stored) < ESP_HASH:
            raise self._fail("truncated-image", reason=f"it ends before the hash of {what}")
        if hashlib.sha256(data[at:end]).digest() != stored:
            raise self._fail("truncated-image", reason=f"the hash of {what} is wrong")

    def uf2(self, data: bytes) -> None:
        """A .uf2: blocks, each with address, family and number."""
        if data[:4] != UF2_MAGICS[0]:
            raise self._is_no_image(data)
        if len(data) % UF2_BLOCK:
            raise self._fail("truncated-image", reason="it ends amid a block")
        seen, count, end = 0, 0, 0
        for number, block in enumerate(_blocks(data)):
            if not _is_block(block):
                raise self._fail("truncated-image", reason=f"block {number} is none of UF2")
            flags, address, size, place, count_here, family = _fields(block)
            if flags & UF2_NOT_MAIN or family == UF2_ABSOLUTE:
                continue
            self._uf2_family(family if flags & UF2_HAS_FAMILY else 0)
            if place != seen or size > UF2_PAYLOAD or count not in (0, count_here):
                raise self._fail("truncated-image", reason=f"block {seen} is missing")
            seen, count, end = seen + 1, count_here, max(end, address + size)
        if not seen or seen != count:
            raise self._fail("truncated-image", reason=f"it has {seen} of its {count} blocks")
        self._fits(end)

    def _uf2_family(self, family: int) -> None:
        if family != self._board.image.uf2_family:
            found = UF2_FAMILIES.get(family, f"a chip of the family {family:#010x}")
            raise self._fail("wrong-chip", found=found, wanted=self._board.chip)

    def _fits(self, end: int) -> None:
        memory = self._board.memory
        files = FLASH_AT + (memory.flash_kib - memory.fs_kib) * KIB
        if memory.flash_kib and end > files:
            reason = f"it ends at {end:#x}, and they begin at {files:#x}"
            raise self._fail("image-over-files", reason=reason)


def partitions(table: bytes) -> list[Partition]:
    """Parse Espressif's partition table, as far as it is valid."""
    found: list[Partition] = []
    for at in range(0, len(table) - TABLE_ENTRY + 1, TABLE_ENTRY):
        entry = table[at : at + TABLE_ENTRY]
        if entry[:2] != TABLE_MAGIC:
            break
        start, size = (int.from_bytes(entry[i : i + 4], "little") for i in (4, 8))
        name = entry[12:28].rstrip(b"\0").decode("ascii", "replace")
        found.append(Partition(entry[2], name, start, size))
    return found


def files_at(table: bytes) -> Partition | None:
    """The partition of MicroPython's files; None if there is none."""
    for part in partitions(table):
        if part.kind == TYPE_DATA and part.name in FILES:
            return part
    return None


def _blocks(data: bytes) -> Iterator[bytes]:
    for at in range(0, len(data), UF2_BLOCK):
        yield data[at : at + UF2_BLOCK]


def _is_block(block: bytes) -> bool:
    return (block[:4], block[4:8], block[-4:]) == UF2_MAGICS


def _fields(block: bytes) -> tuple[int, int, int, int, int, int]:
    """Flags, address, size, number, count and family of a block."""
    f, a, s, n, c, o = (int.from_bytes(block[i : i + 4], "little") for i in range(8, 32, 4))
    return f, a, s, n, c, o


def _guess(data: bytes) -> str:
    """Describe a file that is no image."""
    head = data[:512].lstrip().lower()
    for start, meaning in BEGINNINGS.items():
        if head.startswith(start):
            return meaning
    if not data:
        return "it is empty"
    if all(byte in b"\t\n\r\f" or 32 <= byte < 127 for byte in head):  # noqa: PLR2004 - ASCII's text
        return "it is a text"
    return "it does not begin as one"
