"""A newcomer that a desktop waits for, and tells so: as `mesh flash` does beside `mesh up`."""

import asyncio

import pytest
from hubs import HOST, run

from mesh.core import peer_id
from mesh.core.address import address_text
from mesh.hub.failure import NOBODY, Failure
from mesh.hub.operations import meeting, table


async def meet(peer, who, address, wait):
    args = {"peer": peer_id.to_text(who), "address": address_text(address), "wait": wait}
    return [item async for item in table.run(peer, "meet", args)]


def test_a_newcomer_that_comes_late_is_waited_for(start, monkeypatch):
    monkeypatch.setattr(meeting, "TELL_S", 0.05)

    async def main():
        async with start("desk") as desk:
            async with start("board") as board:
                who, address = board.identity.public, board.address
            waiting = asyncio.ensure_future(meet(desk, who, address, 15))
            await asyncio.sleep(0.3)  # so long it is away
            async with start("board", port=address[1]) as board:
                assert board.address == address
                told = await waiting
            assert told, "it is told that it is waited for"
            assert desk.node.contacts.get(who).address == address

    run(main)


def test_who_is_there_is_not_waited_for(start):
    async def main():
        async with start("desk") as desk, start("board") as board:
            assert await meet(desk, board.identity.public, board.address, 10) == []
            assert await meet(desk, board.identity.public, board.address, 0) == []

    run(main)


def test_nobody_is_waited_for_without_end(start, monkeypatch):
    monkeypatch.setattr(meeting, "TELL_S", 0.05)

    async def main():
        async with start("desk") as desk:
            with pytest.raises(Failure) as failure:
                await meet(desk, bytes(31) + b"\1", (HOST, 9), 0.3)
            assert failure.value.exit_code == NOBODY

    run(main)
