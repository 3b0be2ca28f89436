"""A flood at a real desktop peer, over real sockets: honest ones go on, and it does not grow."""

import psutil
from flooder import Flood
from hubs import CPU, acquainted, run

from mesh.core import codes
from mesh.core.coap import message as coap
from mesh.core.events import PeerLost, Reading
from mesh.core.limits import Limits
from mesh.hub.desktop_limits import DESKTOP

PER_SECOND = 2000
ROUNDS = 4
QUESTIONS = 40
READINGS = 5
GROWTH = 8 << 20  # bytes of memory that a round may seem to take, by chance


async def exchange(one, two, events):
    """Questions that are answered, and readings that are told."""
    for _ in range(QUESTIONS):
        answer = await one.ask(two.identity.public, coap.FETCH, ["peer"])
        assert (answer.code, answer.signed) == (codes.CONTENT, True), answer
    told = 0
    while told < READINGS:
        event = await anext(events)
        assert not isinstance(event, PeerLost), event
        told += isinstance(event, Reading)


def test_a_flood(start):
    async def main():
        own = psutil.Process()
        sizes = []
        # its tables are full at once; only what it may cost is a desktop's
        small = Limits(head_ms=100, proven_per_s=DESKTOP["proven_per_s"])
        one, two = {"follow": "*"}, {"sensed": CPU, "limits": small}
        async with acquainted(start, one=one, two=two) as (first, second):
            with first.events() as events:
                flood = Flood(second.address, second.identity.public, PER_SECOND)
                with flood:
                    for _ in range(ROUNDS):
                        await exchange(first, second, events)
                        sizes.append(own.memory_info().rss)
                await exchange(first, second, events)
            assert flood.sent > PER_SECOND // 4, flood.sent
            assert second.node.peer.refused > 0
            assert len(second.node.contacts.table) <= small.peers + small.candidates
            assert second.node.contacts.get(first.identity.public).state == "up"
        assert sizes[-1] < sizes[1] + GROWTH, sizes

    run(main)
