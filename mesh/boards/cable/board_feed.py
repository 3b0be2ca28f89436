"""The journal of a board's own feed (mesh/device/journal.py), read and continued by cable, while
the board's program does not run. What it signs later covers what was added here.
"""

import hashlib
from collections.abc import Mapping
from typing import NamedTuple

from mesh.core.errors import LocalError, RemoteError
from mesh.core.feed.chain import genesis, make_entry, next_link, read_entry
from mesh.core.limits import Limits
from mesh.hub.desktop_kit import make_kit

NAMES = ("feed.a", "feed.b")
VERSION = 1
START, CHECK, LENGTHS = 45, 8, 4  # bytes, as there
Clock = list[int | None]


class Tail(NamedTuple):
    """The newest file of a journal: its name and whole records, the seq of its first entry, what
    the last one leads to, and its entries as (seq, clock, kind, body).
    """

    name: str
    data: bytes
    first: int
    link: bytes
    said: list[tuple[int, Clock, str, object]]

    @property
    def next_seq(self) -> int:
        """The seq that follows."""
        return self.first + len(self.said)


def newest(author: bytes, files: Mapping[str, bytes | None]) -> Tail | None:
    """The file to go on with; None if the board itself could not go on with it."""
    heads = []
    for name in NAMES:
        data = files.get(name) or b""
        start = data[:START]
        if len(data) < START + CHECK or start[0] != VERSION:
            return None
        if hashlib.sha256(author + start).digest()[:CHECK] != data[START : START + CHECK]:
            return None
        heads.append((int.from_bytes(start[1:5], "big"), name))
    if abs(heads[0][0] - heads[1][0]) != 1:
        return None
    name = max(heads)[1]
    return _read(name, files[name] or b"")


def _read(name: str, data: bytes) -> Tail | None:
    kit = make_kit()
    link, at, said = data[13:START], START + CHECK, []
    while at < len(data):
        size = int.from_bytes(data[at : at + 2], "big")
        end = at + LENGTHS + size + CHECK
        if end > len(data):
            break  # power was cut while it was written: it was never announced
        entry = data[at + LENGTHS : end - CHECK]
        link = next_link(kit, link, entry)
        if int.from_bytes(data[at + 2 : at + 4], "big") != size ^ 0xFFFF:
            return None
        if link[:CHECK] != data[end - CHECK : end]:
            return None
        try:
            said.append(read_entry(kit, entry))
        except RemoteError:
            return None
        at = end
    return Tail(name, data[:at], int.from_bytes(data[5:13], "big"), link, said)


def more(tail: Tail, kind: str, body: object) -> tuple[bytes, int]:
    """The file with one entry more, and the seq of that. LocalError if it is too large."""
    clock: list[object] = [0, 0, 0, None]
    if tail.said:
        _, boots, since_ms, _ = tail.said[-1][1]
        clock = [0, boots, since_ms, None]  # no source, and not before what is there
    entry = make_entry(make_kit(), tail.next_seq, clock, kind, body)
    return tail.data + _record(tail.link, entry), tail.next_seq


def begun(author: bytes, kind: str, body: object) -> dict[str, bytes]:
    """The files of a feed that begins with one entry."""
    kit = make_kit()
    made = {}
    for generation, name in enumerate(NAMES):
        start = bytes([VERSION]) + generation.to_bytes(4, "big") + (1).to_bytes(8, "big")
        start += genesis(kit, author)
        made[name] = start + hashlib.sha256(author + start).digest()[:CHECK]
    tail = newest(author, made)
    assert tail is not None  # noqa: S101 - it was made above
    made[tail.name], _ = more(tail, kind, body)
    return made


def _record(before: bytes, entry: bytes) -> bytes:
    size = len(entry)
    if size > Limits.entry:
        raise LocalError("the entry is too large for a feed")
    lengths = size.to_bytes(2, "big") + (size ^ 0xFFFF).to_bytes(2, "big")
    return lengths + entry + hashlib.sha256(before + entry).digest()[:CHECK]


def checked(body: bytes) -> bytes:
    """A file as mesh.device.identity writes it."""
    return body + hashlib.sha256(body).digest()[:CHECK]
