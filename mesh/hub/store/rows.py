"""Row format of the store: consecutive entries, packed, with the head that covers them."""

import hashlib
import sqlite3
from collections.abc import Sequence
from typing import NamedTuple, cast

import cbor2

from mesh.core.errors import RemoteError
from mesh.core.feed.chain import Run, claim, genesis
from mesh.core.limits import Limits
from mesh.core.security.cose import ARRAY, BYTES
from mesh.core.security.cose import head as cbor_head
from mesh.hub.desktop_kit import make_kit

COLUMNS = "first, before, last, link, head, entries"
_HEADS = [cbor_head(BYTES, size) for size in range(Limits.entry + 1)]


class Damaged(ValueError):
    """A row that cannot be decoded."""


class Row(NamedTuple):
    """A row of the table `run`, without id and author; `entries` are packed."""

    first: int
    before: bytes
    last: int
    link: bytes
    head: bytes
    entries: bytes


def packed(entries: Sequence[bytes]) -> bytes:
    """Pack entries into a CBOR array of byte strings, as in a run."""
    heads = _HEADS
    return cbor_head(ARRAY, len(entries)) + b"".join(
        [heads[len(entry)] + entry for entry in entries]
    )


def unpacked(data: bytes) -> list[bytes]:
    """Unpack entries. ValueError if they are damaged."""
    try:
        entries = cbor2.loads(data)
    except (cbor2.CBORDecodeError, UnicodeError, TypeError) as error:
        raise Damaged("entries that cannot be read") from error
    if not isinstance(entries, list) or not all(type(entry) is bytes for entry in entries):
        raise Damaged("entries that cannot be read")
    return cast("list[bytes]", entries)


def links(before: bytes, entries: Sequence[bytes]) -> list[bytes]:
    """The link of each entry, after the link `before`. Damaged if that is malformed."""
    found = []
    sha256 = hashlib.sha256
    try:
        for entry in entries:
            before = sha256(before + entry).digest()
            found.append(before)
    except TypeError as error:
        raise Damaged("a link that is none") from error
    return found


def run_of(author: bytes, row: Row) -> Run:
    """A row as a run. ValueError if it is damaged."""
    entries = unpacked(row.entries)
    return Run(
        author, row.first, row.before, entries, row.head, row.last, links(row.before, entries), []
    )


def fits(author: bytes, row: Row) -> bool:
    """Whether a row is consistent: its entries linked up to the head that covers them. The
    signature is not checked: see mesh.hub.store.check.
    """
    kit = make_kit()
    try:
        entries = unpacked(row.entries)
        last, link = row.last, links(row.before, entries)[-1]
        return (
            len(row.before) == len(link)
            and (link, last) == (row.link, row.first + len(entries) - 1)
            and (row.first > 1 or row.before == genesis(kit, author))
            and claim(kit, row.head) == (author, last, link)
        )
    except (ValueError, TypeError, IndexError, RemoteError):
        return False


def from_seq(database: sqlite3.Connection, author: int, seq: int) -> int:
    """The first seq of the row that may have the entry `seq`."""
    (first,) = database.execute(
        "SELECT max(first) FROM run WHERE author = ? AND first <= ?", (author, seq)
    ).fetchone()
    return seq if first is None else int(first)
