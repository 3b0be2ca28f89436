"""Promises that are held in a store, and whether each is kept, by its author's own entries."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from mesh.core import peer_id as ids
from mesh.core.errors import RemoteError
from mesh.core.feed.chain import read_entry
from mesh.core.kinds import asleep, reading
from mesh.core.relations.agreements import IN_FORCE
from mesh.core.relations.clocks import between
from mesh.core.relations.mark import LEAVE
from mesh.core.relations.pact import PROMISE
from mesh.core.relations.promised import Every
from mesh.core.relations.terms import EVERY
from mesh.hub.desktop_kit import make_kit
from mesh.hub.operations import term_words
from mesh.hub.operations.shelf import Shelf
from mesh.hub.store import plain_entries, rows
from mesh.hub.store.queries import Queries
from mesh.hub.store.statements import Stated, Statement, stated

Row = dict[str, Any]
Term = Sequence[Any]
# what becomes of a promise, the worst first. A word leaves no proof if it is broken
MOST = 64  # promises of one peer that are looked at, the newest: each is asked at each entry
OVERDUE, MISSED, UNKNOWN, KEPT, WORD, ENDED = (
    *("overdue", "missed", "unknown", "kept", "a word"),
    "ended",
)
ORDER = (OVERDUE, MISSED, UNKNOWN, KEPT, WORD, ENDED)
RUNS = """
    SELECT first, last, entries, arrived FROM run WHERE author =
    (SELECT id FROM author WHERE key = ?) AND last > ? ORDER BY first
"""
BEFORE = "SELECT seq FROM reading WHERE sensor = ? AND time < ? ORDER BY time DESC LIMIT 1"


class Heard(NamedTuple):
    """The newest entry of an author: its clock, and Unix ms when it came here."""

    clock: list[int | None]
    arrived: int


def rows_of(
    shelf: Shelf, authors: Sequence[bytes], since_ms: int, now_ms: int, ended: bool = False
) -> list[Row]:
    """A row for each term that these authors promise, those that matter most first. What was
    promised `every` so often is looked at from Unix ms `since_ms` on.
    """
    found = stated(shelf.store, shelf.home.peer_id())
    made = []
    promises = _promises(found)
    for author in authors:
        mine = sorted(promises.get(author, []), key=lambda one: one.seq)[-MOST:]
        there = [one for one in mine if ended or not _ended(found, one, now_ms)]
        newest = {term[1]: one.seq for one in mine for term in one.pact.terms if term[0] == EVERY}
        counts, heard = _counted(shelf, author, there, since_ms)
        for one in there:
            is_over = _ended(found, one, now_ms)
            for n, term in enumerate(one.pact.terms):
                is_old = term[0] == EVERY and one.seq < newest[term[1]]
                if is_old and not ended:
                    continue
                row = _row(shelf, one, term)
                if is_over or is_old:
                    row["state"] = ENDED
                elif (every := counts.get((one.ref, n))) is not None:
                    row |= _health(every, heard, one, now_ms)
                made.append(row)
    return sorted(made, key=lambda row: (ORDER.index(row["state"]), row["peer"], row["promise"]))


def _promises(found: Stated) -> dict[bytes, list[Statement]]:
    """The promises of each author."""
    made: dict[bytes, list[Statement]] = {}
    for one in found.statements.values():
        if one.pact.judged == PROMISE:
            made.setdefault(one.author, []).append(one)
    return made


def _ended(found: Stated, one: Statement, now_ms: int) -> bool:
    """Whether a promise holds no more: left, replaced, or by its span."""
    agreements = found.agreements
    if agreements.state(one.ref) != IN_FORCE or one.author in agreements.said(one.ref, LEAVE):
        return True
    begun_ms = one.clock[3] or one.arrived or now_ms
    return one.pact.end_s is not None and now_ms > begun_ms + 1000 * one.pact.end_s


def _row(shelf: Shelf, one: Statement, term: Term) -> Row:
    return {
        "peer": shelf.label(one.author),
        "id": ids.to_text(one.author),
        "ref": ids.to_text(one.ref),
        "seq": one.seq,
        "term": [ids.to_text(item) if isinstance(item, bytes) else item for item in term],
        "promise": term_words.words(term, shelf.label),
        "text": one.pact.text,
        "state": WORD,
    }


def _health(every: Every, heard: Heard | None, one: Statement, now_ms: int) -> Row:
    """How a promise `every` is kept, and for how long a reading is overdue by our clock."""
    came_ms = one.arrived or now_ms
    if every.last is not None and heard is not None:
        came_ms = heard.arrived - (between(every.last[1], heard.clock) or 0)
    late_ms = now_ms - every.due_ms(came_ms)
    state = OVERDUE if late_ms > 0 else MISSED if every.missed else None
    proof = every.proof
    return {
        "state": state or (KEPT if every.kept else UNKNOWN),
        "kept": every.kept,
        "missed": every.missed,
        "unknown": every.unknown,
        "last": came_ms / 1000 if every.last is not None else None,
        "overdue_s": late_ms / 1000 if late_ms > 0 else None,
        "proof": {"from": proof[0], "to": proof[1], "s": proof[2] / 1000} if proof else None,
    }


def _counted(
    shelf: Shelf, author: bytes, there: list[Statement], since_ms: int
) -> tuple[dict[tuple[bytes, int], Every], Heard | None]:
    """The counts of all promises `every` of an author, in one walk through its entries."""
    store = shelf.store
    counts: dict[tuple[bytes, int], Every] = {}
    sensors: dict[tuple[bytes, int], str] = {}
    starts: list[int] = []
    for one in there:
        for n, term in enumerate(one.pact.terms):
            if term[0] == EVERY:
                at = max(one.seq, _before(store, author, term[1], since_ms) - 1)
                counts[one.ref, n] = Every(term[2], term[3], at)
                sensors[one.ref, n] = term[1]
                starts.append(at)
    heard = None
    for seq, clock, names, asleep_s, arrived in _entries(store, author, min(starts, default=0)):
        for key, every in counts.items():
            every.take(seq, clock, sensors[key] in names, asleep_s)
        heard = Heard(clock, arrived)
        if not counts:
            break
    return counts, heard


def _before(store: Queries, author: bytes, sensor: str, since_ms: int) -> int:
    """The seq of the last reading of a sensor before that, or 0."""
    for found in store.sensors(author, sensor):
        row = store.database.execute(BEFORE, (found.number, since_ms)).fetchone()
        return int(row[0]) if row else 0
    return 0


Said = tuple[int, list[int | None], set[str], int, int]


def _entries(store: Queries, author: bytes, after: int) -> Iterator[Said]:
    """An author's entries after a seq: seq, clock, names of the sensors that were read, how long
    it sleeps from then on, and when it came here.
    """
    kit = make_kit()
    for first, _, packed, arrived in store.database.execute(RUNS, (author, after)):
        try:
            entries = rows.unpacked(packed)[max(0, after + 1 - first) :]
        except rows.Damaged:
            continue  # a gap
        for entry, plain in zip(entries, plain_entries.said(entries), strict=True):
            if plain is not None:
                seq, clock, records = plain
                names = {plain_entries.name_and_unit(label)[0] for label, _ in records}
                yield seq, clock, names, 0, arrived
                continue
            try:
                seq, clock, kind, body = read_entry(kit, entry)
            except RemoteError:
                continue
            names, asleep_s = _meaning(kind, body)
            yield seq, clock, names, asleep_s, arrived


def _meaning(kind: str, body: object) -> tuple[set[str], int]:
    try:
        return MEANT[kind](body) if kind in MEANT else (set(), 0)
    except RemoteError:
        return set(), 0


MEANT: Mapping[str, Callable[[object], tuple[set[str], int]]] = {
    "reading": lambda body: ({record.name for record in reading.check(body)}, 0),
    asleep.NAME: lambda body: (set(), asleep.check(body)),
}
