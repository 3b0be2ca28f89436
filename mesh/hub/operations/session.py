"""The peer that a command uses: the running one of this home, else a short-lived one.

If one runs, only what talks to it is imported.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from typing import Any

from mesh.core.errors import LocalError
from mesh.hub.aside import to_the_end
from mesh.hub.home import naming
from mesh.hub.home.home import Home
from mesh.hub.operations import control, own_peer
from mesh.hub.operations.own_peer import Choices
from mesh.hub.operations.patience import DISCOVER_S

__all__ = ["DISCOVER_S", "Choices", "ask", "asking"]
Data = dict[str, Any]

RETRY_S = 0.1

Asker = Callable[[str, Mapping[str, Any]], AsyncGenerator[Any, None]]


async def ask(
    choices: Choices, op: str, args: Mapping[str, Any], wait_s: float = DISCOVER_S
) -> AsyncGenerator[Any, None]:
    """Run an operation in the peer that runs with this home, else in a short-lived one.

    A short-lived peer discovers others for up to `wait_s` seconds.
    """
    async with asking(choices, wait_s) as do, aclosing(do(op, args)) as items:
        async for item in items:
            yield item


@asynccontextmanager
async def asking(choices: Choices, wait_s: float = DISCOVER_S) -> AsyncGenerator[Asker, None]:
    """A context for several operations as in ask(), by the same peer. The first one waits for
    discovery.
    """
    home = Home(choices.home)
    remembered = [list(one) for one in naming.remembered(home.path / naming.CACHE)]
    began_s = time.monotonic()

    def more(args: Mapping[str, Any]) -> Data:
        left_s = max(0.0, began_s + wait_s - time.monotonic())
        return dict(args) | {"wait": left_s, "remembered": remembered}

    async with AsyncExitStack() as stack:
        if await runs_or_open(home, stack, wait_s):
            yield lambda op, args: control.call(home.control, op, more(args))
        else:
            from mesh.hub.operations import table  # noqa: PLC0415 - the running peer has its own

            peer = await stack.enter_async_context(own_peer.made(home, choices, {}))
            stack.push_async_callback(own_peer.remember, peer)
            began_s = time.monotonic()  # a peer that has just started has found no others yet
            yield lambda op, args: table.run(peer, op, more(args), choices.operations)


async def runs_or_open(home: Home, stack: AsyncExitStack, wait_s: float = DISCOVER_S) -> bool:
    """True if a peer runs with this home; else the home is opened until the end of `stack`, and it
    is False. LocalError if neither works within `wait_s`.
    """
    stack.push_async_callback(to_the_end, home.close)
    ends_at = time.monotonic() + wait_s
    while True:
        if control.runs(home.control):
            return True
        try:
            await to_the_end(home.open)
        except LocalError:
            # another command has it for a moment, or `mesh up` is starting
            if time.monotonic() > ends_at or home.holder() is None:
                raise
            await asyncio.sleep(RETRY_S)
        else:
            return False
