"""Desktop peers for tests: on loopback, in homes of their own."""

import asyncio
import contextlib

from mesh.core.policy.section_table import Sensor

HOST = "127.0.0.1"
LIMIT_S = 20
CPU = {"cpu": Sensor("cpu", 100, {})}


def run(main):
    """Run a test's coroutine, for LIMIT_S at most."""

    async def limited():
        async with asyncio.timeout(LIMIT_S):
            await main()

    asyncio.run(limited())


async def until(condition):
    """Look again and again; run() bounds it."""
    while not condition():  # noqa: ASYNC110 - what the node did has no event of its own
        await asyncio.sleep(0.005)


@contextlib.asynccontextmanager
async def acquainted(start, one=None, two=None):
    """Two peers that know each other, by addresses given by hand."""
    async with start("one", **(one or {})) as first, start("two", **(two or {})) as second:
        first.node.candidate(first.now(), second.identity.public, second.address, "given")
        first.driver.settle()
        await first.wait_for_peer(second.identity.public)
        await second.wait_for_peer(first.identity.public)
        yield first, second
