"""Offers of firmware and settings to chosen boards (/updates; docs/protocol.md s.10, s.11)."""

import hashlib
import time
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple, Protocol

from mesh.core import codes
from mesh.core.errors import RemoteError
from mesh.core.kit import Identity, Kit
from mesh.core.resources import bundle, proposal

LARGEST = 2048  # bytes of a piece
FOLDER = "mesh/"  # where the files of an update lie; others come by cable
WISH = 3  # hash, offset, most bytes


class Files(Protocol):
    """Firmware to offer: the kind of board it is for, and its files by their paths there."""

    @property
    def board(self) -> str: ...
    @property
    def version(self) -> str: ...
    @property
    def files(self) -> Mapping[str, object]: ...
    def path(self, name: str) -> Path:
        """Where the file is that has this path on the board."""


class Offered(NamedTuple):
    """The offers to one board, signed, and their contents by SHA-256."""

    version: str
    made: int
    signed: bytes
    contents: Mapping[bytes, bytes]


class Offers:
    """What this peer offers, by board. No other peer sees it."""

    def __init__(self, kit: Kit, identity: Identity) -> None:
        self._kit = kit
        self._identity = identity
        self._to: dict[bytes, Offered] = {}
        self._made = 0

    def offer(self, board: bytes, firmware: Files) -> Offered:
        """Offer firmware to a board, in place of a former offer. LocalError if it is invalid."""
        names = [name for name in firmware.files if name.startswith(FOLDER)]
        files = {name: firmware.path(name).read_bytes() for name in names}
        stamps = [
            bundle.File(name, len(data), hashlib.sha256(data).digest())
            for name, data in files.items()
        ]
        listing = bundle.write_list(stamps)
        self._made = made = max(time.time_ns() // 1_000_000, self._made + 1)
        signed = bundle.make(
            self._kit, self._identity, firmware.board, firmware.version, made, listing
        )
        contents = {hashlib.sha256(data).digest(): data for data in (listing, *files.values())}
        self._to[board] = offered = Offered(firmware.version, made, signed, contents)
        return offered

    def offer_settings(self, board: bytes, base: bytes, text: bytes) -> Offered:
        """Offer settings to a board, to replace those with the SHA-256 `base`."""
        self._made = made = max(time.time_ns() // 1_000_000, self._made + 1)
        signed = proposal.make(self._kit, self._identity, board, made, base, text)
        contents = {hashlib.sha256(text).digest(): text}
        self._to[board] = offered = Offered("", made, signed, contents)
        return offered

    def withdraw(self, board: bytes) -> None:
        """Withdraw all offers to a board."""
        self._to.pop(board, None)

    def answer(self, who: bytes, wish: object) -> object:
        """The answer to `who` at /updates: its offers, or the piece that it wants. RemoteError."""
        offered = self._to.get(who)
        if wish is None:
            return [offered.signed] if offered else []
        digest, offset, most = _read(wish)
        data = offered.contents.get(digest) if offered else None
        if data is None:
            raise RemoteError("this is not offered to you", codes.NOT_FOUND)
        if offset >= len(data):
            raise RemoteError("nothing is there", codes.BAD_REQUEST)
        return data[offset : offset + min(most, LARGEST)]


def _read(wish: object) -> tuple[bytes, int, int]:
    if isinstance(wish, list) and len(wish) == WISH and isinstance(wish[0], bytes):
        numbers = [n for n in wish[1:] if type(n) is int and 0 <= n <= bundle.MOST]
        if len(numbers) == len(wish) - 1 and numbers[1]:
            return wish[0], numbers[0], numbers[1]
    raise RemoteError("a piece is asked for by [hash, offset, most bytes]")
