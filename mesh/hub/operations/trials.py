"""Trials: agreements with an end. Each peer counts their time by its own clock, from when both it
said yes and the trial was in force, as far as it knows.
"""

from pathlib import Path
from typing import Any

from mesh.core import peer_id as ids
from mesh.core.relations.agreements import IN_FORCE, OPEN
from mesh.core.relations.clocks import between
from mesh.core.relations.mark import LEAVE, YES
from mesh.hub.home.home import Home
from mesh.hub.operations.circles import Table
from mesh.hub.store import schema
from mesh.hub.store.queries import Queries, Said
from mesh.hub.store.statements import Statement

Row = dict[str, Any]
# how a trial stands for us; else it is one of the states of an agreement
RUNS, ELSEWHERE, LEFT, OVER = "runs here", "without us", "left", "over"
ORDER = (RUNS, ELSEWHERE, OPEN, LEFT, OVER)
MOST = 256  # whose time is looked up


def rows_of(
    home: Path | None, there: Table, now_ms: int, circle: bytes | None = None
) -> list[Row]:
    """A row for each trial that we are asked about or are in: those that run, open, over."""
    rows = [
        row
        for row in there.agreements(circle, every=True)
        if row["ends_s"] and there.concerns(ids.from_text(row["ref"]))
    ]
    add_times(home, there, rows, now_ms)
    place = {state: at for at, state in enumerate(ORDER)}
    return sorted(rows, key=lambda row: (place.get(row["stands"], len(ORDER)), row["ref"]))


def add_times(home: Path | None, there: Table, rows: list[Row], now_ms: int) -> None:
    """Add to rows of agreements that end: `left_s`, seconds until then (None if it has not begun),
    and `stands`, how that is for us. The state of one whose time is over is OVER.
    """
    timed = [row for row in rows if row["ends_s"]]
    with Queries(Home(home).path / schema.NAME) as store:
        for row in timed:
            row["left_s"], row["stands"] = None, row["state"]
        for row in [row for row in timed if row["state"] == IN_FORCE][:MOST]:
            one = there.found.statements[ids.from_text(row["ref"])]
            begun_ms = _begun_ms(store, there, one, now_ms)
            left_s = row["ends_s"] - (now_ms - begun_ms) / 1000
            row["left_s"] = round(max(left_s, 0.0), 3)
            row["stands"] = _stands(there, one, left_s)
            if row["stands"] == OVER:
                row["state"] = OVER


def _stands(there: Table, one: Statement, left_s: float) -> str:
    agreements = there.found.agreements
    if left_s <= 0:
        return OVER
    if there.us(agreements.said(one.ref, LEAVE)):
        return LEFT
    is_ours = there.us([one.author, *agreements.said(one.ref, YES)])
    return RUNS if is_ours else ELSEWHERE


def _begun_ms(store: Queries, there: Table, one: Statement, now_ms: int) -> int:
    """Unix ms from which on a trial in force counts here: when the last yes came that it needed,
    and our own.
    """
    agreements = there.found.agreements
    base = agreements.pacts.get(one.pact.within) if one.pact.within is not None else None
    voices = agreements.members(one.pact.within) if base else one.pact.parties
    need = base.need if base else len(one.pact.parties)
    said: dict[bytes, int] = {}
    for word in there.found.words.get(one.ref, []):
        if word.mark.word == YES and word.author in {*(voices or ()), there.me, *there.former}:
            when = _when(store, word.author, word.seq, now_ms)
            said[word.author] = min(when, said.get(word.author, when))
    start = _when(store, one.author, one.seq, now_ms)
    own = min((when for who, when in said.items() if there.us([who])), default=start)
    times = sorted(when for who, when in said.items() if who in (voices or ()))
    return max(start, own, times[min(need, len(times)) - 1] if times else start)


def _when(store: Queries, author: bytes, seq: int, now_ms: int) -> int:
    """When an entry was written, by its author's clock if that has a source, but not after it came
    here. That is known of the newest one of those that are stored together.
    """
    said = _entry(store, author, seq)
    if said is None:
        return now_ms
    newest = _entry(store, author, said.signed)
    came_ms = said.arrived or now_ms
    if newest is not None:
        came_ms -= between(said.clock, newest.clock) or 0
    told_ms = said.clock[3] if said.clock[0] else None
    return min(now_ms, came_ms if told_ms is None else min(told_ms, came_ms))


def _entry(store: Queries, author: bytes, seq: int) -> Said | None:
    said = next(store.entries(author, seq - 1), None)
    return said if said is not None and said.seq == seq else None
