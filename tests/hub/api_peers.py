"""Peers of programs (`import mesh`) for tests: on loopback, with keys that are gone afterwards."""

import asyncio
import contextlib

from hubs import HOST

import mesh

ALONE = {"port": 0, "discovery": {"layers": [], "interface": HOST}}
FAST_S = 0.1
PATIENCE_S = 100


def run(main):
    """Run a test's coroutine, for a while at most."""

    async def limited():
        async with asyncio.timeout(PATIENCE_S):
            await main()

    asyncio.run(limited())


async def address_of(peer):
    """Where a peer of this program is reached, host:port."""
    async with peer.operation("where", peer="self") as rows:
        return (await anext(rows))["address"]


async def knowing(*peers, **settings):
    """Settings of one who is told where these are."""
    told = [{"id": peer.id, "address": await address_of(peer)} for peer in peers]
    return ALONE | {"peers": told} | settings


@contextlib.asynccontextmanager
async def greenhouse():
    """A peer with a sensor that counts, and one that fails."""
    made = iter(range(1, 1_000_000))
    async with mesh.Peer(temporary=True, name="greenhouse", settings=ALONE) as peer:

        @peer.sensor("temperature", "Cel", every=FAST_S)
        def temperature():
            return 20 + next(made) / 100

        @peer.sensor("broken", every=FAST_S)
        def broken():
            raise mesh.Error("the wire is loose")

        yield peer


@contextlib.asynccontextmanager
async def asker(how, *peers, **settings):
    """A peer "study" that has met these; with how="through" one that is asked by a socket."""
    settings = await knowing(*peers, **settings)
    async with mesh.Peer(temporary=True, name="study", settings=settings) as study:
        for peer in peers:
            await study.wait_for(peer.id, timeout=PATIENCE_S)
        if how == "itself":
            yield study
            return
        async with mesh.Peer(study.home) as other:
            assert not other.runs_here
            assert other.id == study.id
            yield other
