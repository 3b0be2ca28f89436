"""What commands do with agreements: find what is meant by a word, and say something of it."""

import math
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mesh.core import peer_id as ids
from mesh.core.relations import mark, pact
from mesh.core.relations.mark import LEAVE, YES
from mesh.core.relations.pact import PROMISE
from mesh.core.relations.terms import LONGEST_S
from mesh.hub.failure import USAGE, Failure
from mesh.hub.home.home import Home
from mesh.hub.operations import meaning, session, stating
from mesh.hub.operations.session import Choices
from mesh.hub.operations.shelf import SECONDS, SPAN, open_shelf
from mesh.hub.store import schema
from mesh.hub.store.keyed import keyed
from mesh.hub.store.queries import Queries
from mesh.hub.store.statements import Stated, Statement, stated

Row = dict[str, Any]
SPANS = "90s, 30m, 12h, 7d"


def seconds(word: str) -> int:
    """A span in whole seconds. Failure with code USAGE."""
    found = SPAN.fullmatch(word.strip())
    if found is None or not (length := int(float(found[1]) * SECONDS[found[2]])):
        raise Failure(f"'{word}' is no span of time", f"write {SPANS}", USAGE)
    if length > LONGEST_S:
        raise Failure(f"'{word}' is more than a year", "a year is the most: 366d", USAGE)
    return length


def whole(word: str) -> int:
    """A whole number from 0 on. Failure with code USAGE."""
    if not word.isascii() or not word.isdigit():
        raise Failure(f"'{word}' is no whole number", code=USAGE)
    return int(word[:20])


def some_seconds(word: str) -> int:
    """A number of seconds, or a span as in seconds(). Failure with code USAGE."""
    return whole(word) if word.isascii() and word.isdigit() else seconds(word)


def number(word: str) -> int | float:
    """A number; of a fraction the nearest one of 32 bits, as boards have them. Failure with code
    USAGE.
    """
    try:
        if word.removeprefix("-").isdecimal():
            return int(word)
        found: float = struct.unpack(">f", struct.pack(">f", float(word)))[0]
    except (ValueError, OverflowError) as error:
        raise Failure(f"'{word}' is no number", code=USAGE) from error
    if not math.isfinite(found):
        raise Failure(f"'{word}' is no number", code=USAGE)
    return found


def peer_of(home: Path | None, word: str) -> bytes:
    """The id of the peer that is named: an id as it is, or somebody of whom something is kept."""
    if len(word) == len(ids.to_text(bytes(32))):
        return ids.from_text(word)
    return open_shelf(home).author(word)


def held(home: Path | None) -> Stated:
    """What is held in a home's store, and what follows; nothing if there is none yet."""
    return held_by(home, Home(home).peer_id())[0]


def held_by(home: Path | None, me: bytes | None) -> tuple[Stated, tuple[bytes, ...]]:
    """What is held in a home's store, for a peer, and the ids that it had before."""
    with Queries(Home(home).path / schema.NAME) as store:
        successions = keyed(store).successions
        line = successions.line(me) if me is not None else []
        former = line[: line.index(me)] if me is not None else []
        return stated(store, former[0] if former else me, successions), tuple(former)


async def write(choices: Choices, kind: str, body: object) -> Row:
    """Have our own peer write an entry. Gives its seq and ref. Failure."""
    found = [row async for row in session.ask(choices, "state", stating.plain(kind, body), 0.0)]
    row: Row = found[0]
    return row


async def end_promise(choices: Choices, word: str) -> Row:
    """End a promise of our own that begins with these characters."""
    me = Home(choices.home).peer_id()
    found = held(choices.home)

    def mine(one: Statement) -> bool:
        own = one.author == me and one.pact.judged == PROMISE
        return own and me not in found.agreements.said(one.ref, LEAVE)

    one = meaning.meant(found, word, mine, "promise of our own")
    await write(choices, mark.NAME, mark.make(one.ref, LEAVE))
    return {"ref": ids.to_text(one.ref)}


def labels(home: Path | None) -> Callable[[bytes], str]:
    """A function that gives the names of peers: those of authors that are kept, else short ids."""
    kept = open_shelf(home)
    with kept.store:
        return kept.label


async def propose(choices: Choices, body: object) -> Row:
    """Write an agreement, and our own yes to it. Gives the seq and ref of the agreement."""
    row = await write(choices, pact.NAME, body)
    await write(choices, mark.NAME, mark.make(ids.from_text(row["ref"]), YES))
    return row
