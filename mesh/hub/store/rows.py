"""Runs as rows of the store: consecutive entries, packed, with the head that vouches for them."""

import hashlib
import sqlite3
from collections.abc import Sequence
from typing import NamedTuple, cast

import cbor2

from mesh.core.cose import ARRAY, BYTES
from mesh.core.cose import head as cbor_head
from mesh.core.errors import RemoteError
from mesh.core.limits import Limits
from mesh.core.run import Run, claim, genesis
from mesh.hub.primitives import make_kit

COLUMNS = "first, before, last, link, head, entries"
_HEADS = [cbor_head(BYTES, size) for size in range(Limits.entry + 1)]


class Damaged(ValueError):
    """A row does not hold what it should."""


class Row(NamedTuple):
    """One row of the table `run`, without its id and author; `entries` are packed."""

    first: int
    before: bytes
    last: int
    link: bytes
    head: bytes
    entries: bytes


def packed(entries: Sequence[bytes]) -> bytes:
    """Entries as one CBOR array of byte strings, as they stand in a run."""
    heads = _HEADS
    return cbor_head(ARRAY, len(entries)) + b"".join(
        [heads[len(entry)] + entry for entry in entries]
    )


def unpacked(data: bytes) -> list[bytes]:
    """The entries again; ValueError if the file was damaged."""
    try:
        entries = cbor2.loads(data)
    except (cbor2.CBORDecodeError, UnicodeError, TypeError) as error:
        raise Damaged("entries that cannot be read") from error
    if not isinstance(entries, list) or not all(type(entry) is bytes for entry in entries):
        raise Damaged("entries that cannot be read")
    return cast("list[bytes]", entries)


def links(before: bytes, entries: Sequence[bytes]) -> list[bytes]:
    """The link of each entry, the first of which follows on `before`. Damaged if that is none."""
    found = []
    sha256 = hashlib.sha256
    try:
        for entry in entries:
            before = sha256(before + entry).digest()
            found.append(before)
    except TypeError as error:
        raise Damaged("a link that is none") from error
    return found


def seam(author: bytes, seq: int) -> bytes:
    """The link at a seq after which an author goes on that lost its tail: nothing is between."""
    return hashlib.sha256(b"othermesh feed v1" + author + seq.to_bytes(8, "big")).digest()


def run_of(author: bytes, row: Row) -> Run:
    """A row as the run that it is. ValueError if it is damaged."""
    entries = unpacked(row.entries)
    return Run(
        author, row.first, row.before, entries, row.head, row.last, links(row.before, entries), []
    )


def fits(author: bytes, row: Row) -> bool:
    """Whether a row holds what it says: so many entries, linked, up to what its head vouches for.
    The signature is not checked: see mesh.hub.store.check.
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
    """Where to begin looking for the entry `seq`: the first seq of the row that may hold it."""
    (first,) = database.execute(
        "SELECT max(first) FROM run WHERE author = ? AND first <= ?", (author, seq)
    ).fetchone()
    return seq if first is None else int(first)
