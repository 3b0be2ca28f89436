"""mesh log: entries of peers' feeds."""

import asyncio
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import ExitStack, closing
from heapq import merge
from itertools import islice, takewhile
from typing import Annotated, Any, NamedTuple

import typer

from mesh.cli.kept import Since, at, now_ms
from mesh.cli.options import HomeFolder, Json, PeerNames, Reply
from mesh.core import peer_id as ids
from mesh.hub.home import choices
from mesh.hub.operations import answers, selecting
from mesh.hub.operations.shelf import Shelf, open_shelf, when
from mesh.hub.operations.wording import TOLD, Wording
from mesh.hub.store.queries import Said

EXAMPLE = "mesh log greenhouse --since 1h; mesh log 'room*' --kinds actuated"
POLL_S = 0.5  # from one look for what is new to the next
LAST = 20
LOOKED_AT = 10_000  # entries, for kinds that there are
Row = dict[str, Any]


class Wanted(NamedTuple):
    """Selection of entries: of these kinds or all, from Unix ms on, so many, and what comes."""

    kinds: frozenset[str]
    since_ms: int | None
    last: int | None
    follow: bool

    def has(self, said: Said) -> bool:
        """Whether an entry is of a kind that is wanted."""
        return not self.kinds or said.kind in self.kinds


def command(  # noqa: PLR0913, PLR0917 - each is an option
    peers: PeerNames,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with what comes.")] = False,
    kinds: Annotated[
        list[str] | None, typer.Option("--kinds", metavar="KIND", help="Only these: reading, ...")
    ] = None,
    since: Since = None,
    last: Annotated[
        int | None,
        typer.Option(
            "--last", "-n", min=0, help=f"How many in all; else {LAST}, with --since all."
        ),
    ] = None,
    home: HomeFolder = None,
    json: Json = False,
) -> Reply:
    """Show the feed entries of one or many peers, the newest last.

    Out of what is kept here, whoever passed it on: each was checked against the peer's own key.
    Of a peer that goes on under another key, what it said before too.
    """
    start_ms = when(since, now_ms())
    selecting.only_peers(peers, "mesh history {} shows what it measured")
    shelf = open_shelf(home)
    several = selecting.is_many(peers)
    authors, failed = shelf.whose(peers)
    chosen = frozenset((kinds and ",".join(kinds).split(",")) or ())
    if last is None and start_ms is None:
        last = LAST
    items = _entries(shelf, authors, failed, Wanted(chosen, start_ms, last, follow))
    nothing = "" if last == 0 or failed else _nothing(shelf, authors, chosen, peers)
    return Reply("log_many" if several else "log", items, json, many=True, nothing=nothing)


def _nothing(
    shelf: Shelf, authors: Sequence[bytes], chosen: frozenset[str], words: Sequence[str]
) -> str:
    """What to say where nothing is shown: of kinds that there are not, which may be meant."""
    label = ", ".join(map(shelf.label, authors))
    there: set[str] = set()
    for author in authors if chosen else ():
        with closing(shelf.store.newest(author)) as newest:
            there |= {said.kind for said in islice(newest, LOOKED_AT)}
    if chosen and there.isdisjoint(chosen):
        kind = min(chosen)
        help = choices.offer(kind, there, "nothing at all is")
        return f"nothing of kind '{kind}' is kept of {label}; {help}"
    typed = " ".join(f"'{word}'" if selecting.is_pattern(word) else word for word in words)
    return f"nothing of that is kept of {label}; `mesh log {typed}` has the newest"


async def _entries(
    shelf: Shelf, authors: Sequence[bytes], failed: list[Row], wanted: Wanted
) -> AsyncGenerator[Row, None]:
    for row in failed:
        yield row
    with shelf.store:
        ends = {author: _end(shelf, author) for author in authors}
        wording = Wording(shelf.store.path, shelf.home.peer_id(), shelf.label)
        for author, said in reversed(_newest(shelf, authors, wanted)):
            yield _row(shelf, wording, author, said)
        while wanted.follow and authors:
            await asyncio.sleep(POLL_S)
            for author in authors:
                for said in shelf.store.entries(author, ends[author]):
                    ends[author] = said.seq
                    if wanted.has(said):
                        yield _row(shelf, wording, author, said)
    if failed:
        raise selecting.failure(failed, len(authors))


def _end(shelf: Shelf, author: bytes) -> int:
    with closing(shelf.store.newest(author)) as newest:
        return next((said.seq for said in newest), 0)


def _newest(shelf: Shelf, authors: Sequence[bytes], wanted: Wanted) -> list[tuple[bytes, Said]]:
    """What is wanted of all of them, the newest first; of each one in the order of its feed."""
    with ExitStack() as stack:

        def said_by(author: bytes) -> Iterator[tuple[bytes, Said]]:
            newest = stack.enter_context(closing(shelf.store.newest(author)))
            chosen: Iterator[Said] = filter(wanted.has, newest)
            if (since_ms := wanted.since_ms) is not None:
                chosen = takewhile(lambda said: (said.clock[3] or since_ms) >= since_ms, chosen)
            return ((author, said) for said in chosen)

        # backwards, as what is found is shown: of one moment, whoever was named first comes first
        feeds = [said_by(author) for author in reversed(authors)]
        found = merge(*feeds, key=lambda one: one[1].clock[3] or one[1].arrived, reverse=True)
        return list(islice(found, wanted.last))


def _row(shelf: Shelf, wording: Wording, author: bytes, said: Said) -> Row:
    quality, boots, since_ms, unix_ms = said.clock
    if said.kind in TOLD:
        wording.refresh()
    end = shelf.end(author)
    return {
        "peer": shelf.label(author),
        "id": ids.to_text(author),
        "seq": said.seq,
        "time": at(unix_ms),
        "quality": quality,
        "boots": boots,
        "up_s": at(since_ms),
        "arrived": at(said.arrived or None),
        "kind": said.kind,
        "body": answers.plain(said.body),
        "words": wording.said(author, said.kind, said.body),
        # its peer went on under another key before that
        "after_end": end is not None and said.seq > end,
    }
