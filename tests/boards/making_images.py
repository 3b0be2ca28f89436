"""Images of MicroPython as the official ones are laid out, with nothing in them that runs."""

import hashlib

from mesh.boards.cable.images import FLASH_AT, TABLE_AT, UF2_ABSOLUTE, UF2_MAGICS

APP_AT, FILES_AT = 0x10000, 0x200000


def program(chip_id, size=3000, hashed=True):
    """One ESP program: header, two segments, check sum, hash."""
    head = bytearray(24)
    head[0:4] = bytes([0xE9, 2, 2, 0x20])
    head[12:14] = chip_id.to_bytes(2, "little")
    head[21:23] = (65535).to_bytes(2, "little")
    head[23] = hashed
    body = bytes(head)
    check = 0xEF
    for at in (0x3FFF0000, 0x40080000):
        data = bytes((i * 7 + size) & 255 for i in range(size // 8 * 4))
        for byte in data:
            check ^= byte
        body += at.to_bytes(4, "little") + len(data).to_bytes(4, "little") + data
    body += bytes(15 - len(body) % 16) + bytes([check])
    return body + hashlib.sha256(body).digest() if hashed else body


def table(files_at=FILES_AT, files_size=0x200000, name=b"vfs"):
    """A partition table as MicroPython has it."""
    rows = ((1, 2, 0x9000, 0x6000, b"nvs"), (0, 0, APP_AT, 0x1F0000, b"factory"))
    if name:
        rows = (*rows, (1, 0x81, files_at, files_size, name))
    made = b""
    for kind, subtype, start, size, label in rows:
        numbers = start.to_bytes(4, "little") + size.to_bytes(4, "little")
        made += b"\xaa\x50" + bytes([kind, subtype]) + numbers + label.ljust(16, b"\0") + bytes(4)
    return made.ljust(0xC00, b"\xff")


def esp(chip_id, offset, app=None, partitions=None):
    """A whole .bin."""
    made = program(chip_id).ljust(TABLE_AT - offset, b"\xff")
    made += partitions or table()
    made = made.ljust(APP_AT - offset, b"\xff")
    return made + (program(chip_id, 9000) if app is None else app)


def uf2_block(family, number, count, address, flags=0x2000):
    fields = (flags, address, 256, number, count, family)
    head = UF2_MAGICS[0] + UF2_MAGICS[1] + b"".join(n.to_bytes(4, "little") for n in fields)
    return (head + bytes([number & 255]) * 256).ljust(508, b"\0") + UF2_MAGICS[2]


def uf2(family, count=40, start=FLASH_AT, absolute=False):
    """A whole .uf2; `absolute`: with the block before it that files for an RP2350 have."""
    first = [uf2_block(UF2_ABSOLUTE, 0, 2, 0x10FFFF00, 0xA000)] if absolute else []
    blocks = [uf2_block(family, i, count, start + 256 * i) for i in range(count)]
    return b"".join(first + blocks)
