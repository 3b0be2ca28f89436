"""Projection of what peers say of their keys, as it arrives; and who goes on for whom by it."""

import sqlite3
from collections.abc import Iterator
from typing import NamedTuple

from mesh.core.errors import LocalError, RemoteError
from mesh.core.feed.chain import genesis, make_entry, next_link
from mesh.core.feed.fork_proof import fork_of
from mesh.core.limits import Limits
from mesh.core.relations import key, mark
from mesh.core.relations.key import Key
from mesh.core.relations.succession import Successions
from mesh.hub.desktop_kit import make_kit
from mesh.hub.store.healing import proof
from mesh.hub.store.projection import Clock, Ground
from mesh.hub.store.queries import Queries
from mesh.hub.store.statements import MOST, STATED, Statements

TABLE = "keys"
MOST_SAID = 8192  # entries that are looked at, those of the best known authors first
WHOSE = "SELECT key FROM author WHERE id = ?"
SAID = f"""
    SELECT author.key, seq, body, ref, at FROM {TABLE} JOIN author ON author.id = author
    ORDER BY standing DESC, author.id, seq LIMIT {MOST_SAID}
"""
FORKS = "SELECT pair FROM evidence JOIN author ON author.id = author WHERE key = ?"


class Keys(Statements):
    """Rows (author, seq, body as CBOR, ref, Unix ms). The ref is that of a feed's first entry, as
    guardians say yes to it: it stays when the entries are dropped.
    """

    TABLES = {
        TABLE: f"CREATE TABLE {TABLE} (author INTEGER NOT NULL, seq INTEGER NOT NULL, "
        "body BLOB NOT NULL, ref BLOB, at INTEGER NOT NULL, PRIMARY KEY (author, seq)) "
        "WITHOUT ROWID"
    }

    def __init__(self, ground: Ground) -> None:
        super().__init__(ground, TABLE, key.check)

    def row(self, author: int, seq: int, clock: Clock, body: object) -> tuple[object, ...]:
        """The row of an entry."""
        at = clock[3] if clock[0] and clock[3] is not None else self.ground.now_ms()
        return *super().row(author, seq, clock, body), self._ref(author, seq, clock, body), at

    def _ref(self, author: int, seq: int, clock: Clock, body: object) -> bytes | None:
        if seq != 1:
            return None
        kit = make_kit()
        (whose,) = self.ground.database.execute(WHOSE, (author,)).fetchone()
        try:
            entry = make_entry(kit, seq, list(clock), key.NAME, body)
        except LocalError:
            return None
        return next_link(kit, genesis(kit, whose), entry)


class Said(NamedTuple):
    """What a peer said of its keys, in its entry `seq`. `at`: Unix ms, 0 if unknown."""

    author: bytes
    seq: int
    ref: bytes | None
    at: int
    key: Key


class Keyed(NamedTuple):
    """All that is held of keys: what was said, and what follows."""

    said: list[Said]
    successions: Successions

    def since(self, new: bytes) -> int:
        """Unix ms when a peer began to go on for another; 0 if unknown."""
        return next((one.at for one in self.said if (one.author, one.seq) == (new, 1)), 0)


def keyed(store: Queries) -> Keyed:
    """What a store holds of keys. Rows that are damaged are skipped."""
    kit = make_kit()
    made = Keyed([], Successions(kit))
    if not _has(store.database, TABLE):  # no peer of this version has opened it yet
        return made
    for one in _said(store.database):
        made.said.append(one)
        ref = one.ref or kit.encode([one.author, one.seq])  # nobody says yes to that
        made.successions.key(ref, one.author, one.seq, one.key)
    olds = {one.author for one in made.said if one.key.commitment and one.key.commitment[1]}
    guarded = {one.ref for one in made.said if one.ref and one.key.old and one.key.old[0] in olds}
    if guarded and _has(store.database, mark.NAME):
        _take_words(store.database, made.successions, guarded)
    concerned = {one.author for one in made.said}
    for author in set(store.forked()) & concerned:
        for at in _forks(store.database, author):
            made.successions.forked(author, at)
    return made


def _said(database: sqlite3.Connection) -> Iterator[Said]:
    decode = make_kit().decode
    for author, seq, body, ref, at in database.execute(SAID):
        try:
            yield Said(author, seq, ref, at, key.check(decode(body)))
        except RemoteError:
            continue


def _take_words(database: sqlite3.Connection, successions: Successions, refs: set[bytes]) -> None:
    decode = make_kit().decode
    for author, _, _, body in database.execute(STATED.format(mark.NAME), (MOST,)):
        try:
            said = mark.check(decode(body))
        except RemoteError:
            continue
        if said.ref in refs:
            successions.mark(author, said.ref, said.word)


def _forks(database: sqlite3.Connection, author: bytes) -> Iterator[int]:
    kit = make_kit()
    for (pair,) in database.execute(FORKS, (author,)):
        try:
            yield fork_of(kit, author, list(proof(pair) or ()), Limits())
        except RemoteError:
            continue


def _has(database: sqlite3.Connection, table: str) -> bool:
    ask = "SELECT 1 FROM sqlite_schema WHERE name = ?"
    return database.execute(ask, (table,)).fetchone() is not None
