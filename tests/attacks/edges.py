"""A stranger puts numbers at the edges of machine types into every field that takes one."""

import contextlib
import itertools
import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path[:0] = [str(Path(__file__).resolve().parents[2]), str(Path(__file__).parent)]

from stranger import Stranger, run

from mesh.core.coap import message as coap
from mesh.core.codec import cbor
from mesh.core.errors import RemoteError
from mesh.core.feed.chain import HEAD, genesis, seal_head
from mesh.core.security.cose import protect, sign1

POWERS = [7, 8, 15, 16, 23, 24, 29, 30, 31, 32, 47, 48, 52, 53, 61, 62, 63]
EDGES = sorted({(1 << power) + off for power in POWERS for off in (-2, -1, 0, 1)})
WORST = [(1 << 63) - 1, -1, 1 << 53, 1 << 31, (1 << 64) - 1, 0, -(1 << 63), -(1 << 31), -(1 << 64)]
EDGES = [*WORST, *(number for number in EDGES if number not in WORST)]
CLOCK = [2, 1, 1, 1_790_000_000_000]


def one_run(stranger, first, clock=CLOCK, kind="note", body=None, count=1):
    """A signed run of so many entries from a seq on."""
    sha256, author = stranger.kit.sha256, stranger.public
    link = before = genesis(stranger.kit, author) if first == 1 else bytes(32)
    entries = []
    for seq in range(first, first + count):
        entries.append(cbor.encode([min(seq, (1 << 64) - 1), clock, kind, body]))
        link = sha256(link + entries[-1])
    last = min(first + count - 1, (1 << 64) - 1)
    if last >= 0:
        head = seal_head(stranger.identity, last, link)
    else:
        protected = protect(None, author, None)
        head = sign1(stranger.identity, protected, HEAD, cbor.encode([last, link]))
    return [author, first, before, entries, head]


def pairs(stranger, number):
    """Two runs up to a number, and one that goes on behind it: what a store has to join."""
    low = max(1, number - 3)
    return [one_run(stranger, low), one_run(stranger, low, count=2), one_run(stranger, number)]


def clocks(number):
    """Each number of a stamp, in its turn."""
    for at in range(4):
        yield [*CLOCK[:at], number, *CLOCK[at + 1 :]]


def offers(stranger, number):
    """What is handed over by POST /feeds."""
    yield pairs(stranger, number)
    for clock in clocks(number):
        yield [one_run(stranger, 1, clock, "reading", [{0: "a", 2: number, 6: number}])]
        yield [one_run(stranger, 1, clock, "asleep", [number, number])]
    for value in ({2: number}, {6: number, 2: 1}, {-3: number, -5: number, 2: 1}, {-1: number}):
        yield [one_run(stranger, 1, CLOCK, "reading", [{0: "a", **value}])]


def questions(stranger, number):
    """What is asked for by FETCH."""
    yield ["feeds"], {b"": number, stranger.public: number}, ()
    yield ["feeds"], {stranger.target.peer: number}, (f"max={abs(number)}",)
    yield ["feeds"], [number], ("evidence",)
    yield ["updates"], [bytes(32), number, number], ()


def strike(stranger, *question, **more):
    """Ask, whatever the answer is: it may come in blocks, which this one does not put together."""
    with contextlib.suppress(RemoteError):
        stranger.ask(*question, **more)


def attack(target):
    """So many numbers, the worst first and all in turn, each from a new key."""
    sent = 0
    for number in itertools.islice(itertools.cycle(EDGES), target.count):
        with Stranger(target) as stranger:
            for path, body, query in questions(stranger, number):
                strike(stranger, coap.FETCH, path, body, query=query, observe=number % 2 == 0)
            for runs in offers(stranger, number):
                strike(stranger, coap.POST, ["feeds"], runs)
            strike(stranger, coap.PUT, ["actuators", "led"], number)
            sent += stranger.sent
            yield sent


if __name__ == "__main__":
    run(attack)
