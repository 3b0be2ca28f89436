"""Reads runs from the store: from a seq on, as much as fits, with the head that covers it."""

import sqlite3
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from mesh.core.feed.chain import MORE
from mesh.hub.store import rows
from mesh.hub.store.keeper import size_of
from mesh.hub.store.rows import Row

ROWS = 128  # rows read for one run
SHORT = 64  # usual least bytes of a row's entries
LOW = "SELECT max(first) FROM run JOIN author ON author.id = author WHERE key = ?1"
FROM = (
    f"SELECT {rows.COLUMNS} FROM run JOIN author ON author.id = author WHERE key = ?1 "
    f"AND last >= ?2 AND first >= ifnull(({LOW} AND first <= ?2), 0) ORDER BY first LIMIT "
)

Ask = Callable[[str, Sequence[object]], list[Any]]
Found = dict[tuple[bytes, int], "list[list[object] | None]"]


class Sizes(NamedTuple):
    """Limits in bytes: of a run; of a run if heads are farther apart; of all runs together."""

    usual: int
    most: int
    all: int


def run(ask: Ask, author: bytes, first: int, most: int) -> list[object] | None:
    """A run of at most `most` bytes from `first` on, or from the next entry held.

    If no head is near enough, the oldest entries are left out. None if nothing is held from there
    on. ask(question, values) queries rows.
    """
    found = ask(f"{FROM} {min(ROWS, most // SHORT + 2)}", (author, first))
    try:
        return _joined(author, [Row(*one) for one in found], (first, most))
    except ValueError:  # damaged: other peers may have it
        return None


def runs(database: sqlite3.Connection, wanted: Sequence[tuple[bytes, int]], sizes: Sizes) -> Found:
    """The runs with which to answer wishes for some authors, each from a seq on."""

    def ask(question: str, values: Sequence[object]) -> list[Any]:
        return database.execute(question, values).fetchall()

    found: Found = {}
    room = sizes.all
    for author, start in wanted:
        first = start
        while room > 0:
            tried = found[author, first] = []
            one: Any = None
            for most in (sizes.usual, sizes.most):
                one = run(ask, author, first, min(most, room))
                tried.append(one)
                if one is None or one[1] == first:  # else its beginning was left out for its size
                    break
            if one is None or not one[3]:
                break
            room -= MORE + size_of(one[3])
            first = one[1] + len(one[3])
    return found


def fitting(found: Found, author: bytes, first: int, most: int) -> list[object] | None:
    """The largest run read for a seq that fits. KeyError if there is none, or none fits."""
    for one in reversed(found[author, first]):
        values: Any = one
        if values is None or MORE + size_of(values[3]) <= most:
            return values  # type: ignore[no-any-return]
    raise KeyError(first)


def _joined(author: bytes, found: list[Row], wanted: tuple[int, int]) -> list[object] | None:
    """Join adjoining rows as far as they fit. ValueError if one is damaged."""
    room = wanted[1] - MORE
    entries: list[bytes] = []
    chosen: Row | None = None
    for row in found:
        if chosen is not None and (row.first != chosen.last + 1 or row.before != chosen.link):
            break
        more = rows.unpacked(row.entries)
        if not more or rows.links(row.before, more)[-1] != row.link or type(row.head) is not bytes:
            raise ValueError("a link that does not fit")
        room -= size_of(more)
        if chosen is not None and room < 0:
            break
        entries += more
        start = row if chosen is None else chosen
        chosen = row._replace(first=start.first, before=start.before)
    return None if chosen is None else _cut(author, chosen, entries, wanted)


def _cut(
    author: bytes, row: Row, entries: list[bytes], wanted: tuple[int, int]
) -> list[object] | None:
    """The part of joined rows that begins at the wanted seq, or later if that is too much."""
    first = max(wanted[0], row.first)
    room = wanted[1] - MORE
    low = len(entries)
    while low > first - row.first and room >= len(entries[low - 1]) + 3:
        low -= 1
        room -= len(entries[low]) + 3
    if low == len(entries):
        return None
    before = rows.links(row.before, entries[:low])[-1] if low else row.before
    return [author, row.first + low, before, entries[low:], row.head]
