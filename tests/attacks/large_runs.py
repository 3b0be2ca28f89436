"""A key that nobody knows offers signed runs over TCP, as many as go through."""

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path[:0] = [str(Path(__file__).resolve().parents[2]), str(Path(__file__).parent)]

import asyncio
import contextlib
import itertools
import re
from collections import Counter

from edges import CLOCK
from stranger import run

from mesh.core.codec import cbor
from mesh.core.errors import RemoteError
from mesh.core.feed.chain import genesis, seal_head
from mesh.hub.desktop_kit import make_identity, make_kit, new_secret
from mesh.hub.tcp.tcp_client import Source, connected

ENTRY = "x" * 400
A_RUN, AN_OFFER = 20, 10
REST_S = 0.01  # after a refusal
KEPT = "kept"
CODE = re.compile(r"[45]\.\d\d|none")


def runs(kit, author):
    """A feed without end, as runs of 8 KB."""
    link, seq = genesis(kit, author.public), 0
    while True:
        before, first, entries = link, seq + 1, []
        for seq in range(first, first + A_RUN):
            entries.append(cbor.encode([seq, CLOCK, "note", ENTRY]))
            link = kit.sha256(link + entries[-1])
        yield [author.public, first, before, entries, seal_head(author, seq, link)]


async def offered(way, some):
    """Offer them; what came of it, in a word."""
    try:
        await way.offer(some)
    except RemoteError as error:
        await asyncio.sleep(REST_S)
        return CODE.search(str(error) + " none")[0]
    return KEPT


def attack(target):
    """One offer after the other, each until it is kept; so many runs."""
    kit = make_kit()
    author = make_identity(new_secret(), itertools.count(1).__next__)
    way, codes, sent = connected(kit, author, Source(target.peer, target.address)), Counter(), 0
    feed = runs(kit, author)
    with asyncio.Runner() as runner, contextlib.ExitStack() as stack:
        there = runner.run(way.__aenter__())
        stack.callback(lambda: runner.run(way.__aexit__(None, None, None)))
        some, what = [], KEPT
        while sent < target.count:
            some = list(itertools.islice(feed, AN_OFFER)) if what == KEPT else some
            what = runner.run(offered(there, some))
            codes[what] += 1
            sent += AN_OFFER
            yield {"sent": sent, "codes": codes}


if __name__ == "__main__":
    run(attack)
