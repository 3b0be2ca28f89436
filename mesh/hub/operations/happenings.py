"""Events of a running peer as plain data."""

import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from mesh.core import events
from mesh.core.address import address_text
from mesh.hub.operations import alive, answers, roster
from mesh.hub.quiet import EVERY_MS, Quiet
from mesh.hub.streams import Failing, Stream, with_pauses

if TYPE_CHECKING:
    from mesh.hub.desktop_peer import HubPeer

Data = dict[str, Any]

MOST_READINGS = 100  # most lines of one peer in EVERY_MS


async def from_now_on(peer: "HubPeer", _: Mapping[str, Any]) -> AsyncGenerator[Data, None]:
    """The operation "events": a peer's events from now on."""
    with peer.events() as news:
        async with aclosing(happenings(peer, news)) as rows:
            async for row in rows:
                yield row


async def happenings(peer: "HubPeer", news: Stream[object]) -> AsyncGenerator[Data, None]:
    """A peer's events in `news` as {"event": kind, ...}.

    Of those that strangers can cause, a few of a kind, and {"event": "summed", "of": kind, "more",
    "sources", "seconds"} for the rest. After a quiet time {"event": "alive"} (alive.py).
    """
    quiet = alive.Alive(peer)
    async with aclosing(_happenings(peer, news)) as rows:
        async for row in rows:
            if row is not None:
                quiet.spoke()
            elif (row := quiet.due()) is None:
                continue
            yield row


async def _happenings(peer: "HubPeer", news: Stream[object]) -> AsyncGenerator[Data | None, None]:
    """As happenings(), with None whenever nothing came for EVERY_MS."""
    quiet = Quiet()
    async for event in with_pauses(news, EVERY_MS / 1000):
        for kind, more, sources, seconds in list(quiet.left_out()):
            of = kind[0] if isinstance(kind, tuple) else kind
            counts = {"of": of, "more": more, "sources": sources, "seconds": seconds}
            yield {"event": "summed", "at": round(time.time(), 3)} | counts
        if event is None:
            yield None
        row = None if event is None else happening(peer, event)
        if row is not None:
            kind, most, source = _line_of(event, row["event"])
            if quiet.takes(kind, most, source):
                yield row


def _line_of(event: object, name: str) -> tuple[object, int, object]:
    """The kind of a line, how many of it are shown, and who caused this one."""
    peer = getattr(event, "peer", None)
    if isinstance(event, events.Reading):
        return (name, peer), MOST_READINGS, peer
    source = getattr(event, "source", None) or getattr(event, "address", None)
    return (name,), MOST_LINES.get(type(event), MOST_READINGS), source[0] if source else peer


def happening(peer: "HubPeer", event: object) -> Data | None:
    """An event as plain data; None for one that is not shown."""
    kind = EVENTS.get(type(event))
    if kind is None or not isinstance(event, tuple):
        return None
    row: Data = {"event": kind, "at": round(time.time(), 3)}
    for field, value in zip(event._fields, event, strict=True):  # type: ignore[attr-defined]
        row[field] = answers.plain(value)
    for field in ("peer", "by"):
        if isinstance(who := getattr(event, field, None), bytes):
            row["label"] = roster.name_of(peer, who).label
    if isinstance(event, events.Forked):
        row["own"] = event.peer == peer.identity.public
    for field in ("address", "source"):
        if isinstance(where := getattr(event, field, None), tuple):
            row[field] = address_text(where)
    return row


# other peers' entries
MOST_LINES = {events.Refused: 5, events.Forked: 5, events.PeerFound: 20, events.PeerLost: 20}

EVENTS = {
    events.PeerFound: "found",
    events.PeerLost: "lost",
    events.Reading: "reading",
    events.Refused: "refused",
    events.Actuated: "actuated",
    events.Forked: "forked",
    events.Restored: "restored",
    Failing: "failing",
}
