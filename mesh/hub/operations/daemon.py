"""The long-running peer of `mesh up`. Other commands reach it by its control socket."""

import asyncio
import contextlib
import functools
import time
from collections import deque
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from typing import TYPE_CHECKING, Any

from mesh.core import peer_id
from mesh.core.address import address_text
from mesh.core.errors import LocalError
from mesh.hub.failure import FAULTY, Failure
from mesh.hub.home import desktop_settings, naming
from mesh.hub.home.home import Home
from mesh.hub.operations import control, happenings, own_peer, renamed, roster, table
from mesh.hub.operations.own_peer import Choices

if TYPE_CHECKING:
    from mesh.hub.desktop_peer import HubPeer

Data = dict[str, Any]

MOST_RESTARTS = 3  # restarts after too many faults, within RESTARTS_S, before the process ends
RESTARTS_S = 3600.0
PAUSE_S = 5.0  # pause before a restart
FOLLOW_S = 10.0  # from one look at who goes on for whom to the next
NOTE_S = 2.0  # shortest time between two saves of names


async def serve(choices: Choices) -> AsyncGenerator[Data, None]:
    """Run a peer until the iteration ends. Yields what it is, then its events. Commands reach it.

    After too many faults it is restarted, with the reason in /peer. Failure with code FAULTY if
    that happens repeatedly.
    """
    broken: list[str] = []  # reasons of the restarts
    began: deque[float] = deque(maxlen=MOST_RESTARTS)
    while True:
        count = len(broken)
        async with aclosing(_serve_once(choices, broken)) as items:
            async for item in items:
                yield item
        if len(broken) == count:
            return
        began.append(now_s := time.monotonic())
        if len(began) == MOST_RESTARTS and now_s - began[0] < RESTARTS_S:
            raise Failure(
                f"this peer was restarted {MOST_RESTARTS} times: {broken[-1]}",
                "the lines above have the faults, each with its traceback; what is kept is safe",
                FAULTY,
            )
        yield {"event": "restarted", "at": round(time.time(), 3), "reason": broken[-1]}
        await asyncio.sleep(PAUSE_S)


async def _serve_once(choices: Choices, broken: list[str]) -> AsyncGenerator[Data, None]:
    """Run a peer until the iteration ends, or it has too many faults; the reason is appended to
    `broken`.
    """
    home = Home(choices.home)
    async with AsyncExitStack() as stack:
        stack.enter_context(home)
        # only checked at the first start: later a missing disk must not end the peer
        if not broken:
            desktop_settings.absent(home.profile().sensors)
        peer = own_peer.made(home, choices, None)
        if broken:
            peer.node.peer.more["resets"] = [len(broken), broken[-1]]
        news = stack.enter_context(peer.events())  # before it starts, so that no event is missed
        port = await stack.enter_async_context(at_work(peer, choices))
        yield about(peer) | {"tcp": port}
        async with aclosing(happenings.happenings(peer, news)) as events:
            async for event in events:
                yield event
        if peer.broken:
            broken.append(peer.broken)


@asynccontextmanager
async def at_work(peer: "HubPeer", choices: Choices) -> AsyncGenerator[int | None, None]:
    """A context with a running peer, reachable for peers and commands. Gives its TCP port, if any.
    `choices` as in serve(); its home is open already.
    """
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(peer)
        stack.push_async_callback(own_peer.remember, peer)
        run = functools.partial(answer, peer, choices.operations)
        door = control.ControlServer(peer.home.control, run, peer.faults)
        await door.start()
        stack.push_async_callback(door.stop)
        port = await _serve_tcp(peer, choices, stack)
        succeeding = peer.faults.keep("successors", functools.partial(_keep_following, peer))
        stack.push_async_callback(_end, asyncio.create_task(succeeding))
        remembering = peer.faults.keep("names", functools.partial(_keep_remembering, peer))
        stack.push_async_callback(_end, asyncio.create_task(remembering))
        yield port


def answer(
    peer: "HubPeer", added: Mapping[str, table.Operation], op: str, args: Mapping[str, Any]
) -> AsyncGenerator[Any, None]:
    """Run an operation on a long-running peer: table.run(), with less waiting the longer it
    runs.
    """
    # soon after the start, wait until peers can have been found; but waiting for a peer that is
    # just being switched on, or is known and silent, does not depend on how long we run
    wait_s = roster.seconds(args, "wait", 0.0)
    left_s = wait_s if op in table.COMING else max(0.0, wait_s - peer.now() / 1000)
    return table.run(peer, op, dict(args) | {"wait": left_s, "again": wait_s}, added)


async def _serve_tcp(peer: "HubPeer", choices: Choices, stack: AsyncExitStack) -> int | None:
    """Serve CoAP over TCP, on the same port as UDP if that is free, and start bulk catch-up. Gives
    the port.
    """
    from mesh.hub.tcp.newcomer import Newcomer  # noqa: PLC0415 - slow to load
    from mesh.hub.tcp.tcp_requests import TcpRequests  # noqa: PLC0415
    from mesh.hub.tcp.tcp_server import TcpServer  # noqa: PLC0415

    faults = peer.faults
    catching_up = asyncio.create_task(faults.keep("newcomer", Newcomer(peer).run))
    stack.push_async_callback(_end, catching_up)
    requests = TcpRequests(peer.node, peer.driver)
    server = TcpServer(requests, choices.interfaces, peer.address[1], faults)
    try:
        await server.start()
    except LocalError:
        return None  # TCP is optional
    stack.push_async_callback(server.stop)
    if server.port == peer.address[1]:
        peer.node.peer.more["features"].append("tcp")
    return server.port


async def _keep_following(peer: "HubPeer") -> None:
    """Follow who goes on under another key."""
    while True:
        with contextlib.suppress(LocalError):  # a store that cannot be read for a moment
            await renamed.take_successors(peer)
        await asyncio.sleep(FOLLOW_S)


async def _end(task: asyncio.Task[Any]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def about(peer: "HubPeer") -> Data:
    """What a running peer is, and how it can be found."""
    return {
        "event": "up",
        "at": round(time.time(), 3),
        "id": peer_id.to_text(peer.identity.public),
        "short": peer_id.short(peer.identity.public),
        "name": peer.profile.name,
        "home": str(peer.home.path),
        "addresses": [address_text(address) for address in peer.addresses],
        "layers": [layer._asdict() for layer in peer.layers],
        "taken": peer.taken or None,
        "follows": [_called(peer, who) for who in peer.node.profile.follow],
    }


def _called(peer: "HubPeer", who: str | bytes) -> str:
    return who if isinstance(who, str) else roster.name_of(peer, who).label


async def _keep_remembering(peer: "HubPeer") -> None:
    """Save names soon after they are learnt, as commands that read the store use them."""
    noted: set[naming.Known] = set()
    while True:
        names = set(own_peer.names(peer))
        if names != noted:
            noted = names
            await own_peer.remember(peer)
        await asyncio.sleep(NOTE_S)
