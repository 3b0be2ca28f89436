"""Gives a command its peer: the one that runs with this home, else one for a short time."""

import asyncio
import functools
import time
from collections import deque
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from mesh.core import ids
from mesh.core.errors import LocalError
from mesh.core.peer import address_text
from mesh.core.settings import Sensor
from mesh.hub import control, desktop_settings, naming, operations, roster, watching
from mesh.hub.failure import FAULTY, Failure
from mesh.hub.home import Home
from mesh.hub.streams import Measured

if TYPE_CHECKING:
    from mesh.hub.foreign_server import ForeignServer
    from mesh.hub.loop import HubPeer

Data = dict[str, Any]

DISCOVER_S = roster.DISCOVER_S
RETRY_S = 0.1
MOST_RESTARTS = 3  # of a peer with too many faults, within RESTARTS_S: then the process ends
RESTARTS_S = 3600.0
PAUSE_S = 5.0  # before it begins anew
NOTE_S = 2.0  # newcomers are written down at most so often


class Choices(NamedTuple):
    """What a command was told about the peer that it is to use."""

    home: Path | None = None
    interfaces: list[str] | None = None
    port: int | None = None
    name: str | None = None


Asker = Callable[[str, Mapping[str, Any]], AsyncGenerator[Any, None]]


async def ask(
    choices: Choices, op: str, args: Mapping[str, Any], wait_s: float = DISCOVER_S
) -> AsyncGenerator[Any, None]:
    """Do an operation through the peer that runs with this home, else through one of our own.

    A peer of our own looks around for up to `wait_s` seconds, and is gone afterwards.
    """
    async with asking(choices, wait_s) as do, aclosing(do(op, args)) as items:
        async for item in items:
            yield item


@asynccontextmanager
async def asking(choices: Choices, wait_s: float = DISCOVER_S) -> AsyncGenerator[Asker, None]:
    """Several operations as ask() does one, through the same peer; the first waits for others."""
    home = Home(choices.home)
    remembered = [list(one) for one in naming.remembered(home.path / naming.CACHE)]
    began_s = time.monotonic()

    def more(args: Mapping[str, Any]) -> Data:
        left_s = max(0.0, began_s + wait_s - time.monotonic())
        return dict(args) | {"wait": left_s, "remembered": remembered}

    async with AsyncExitStack() as stack:
        if await _runs(home, stack, wait_s):
            yield lambda op, args: control.call(home.control, op, more(args))
        else:
            peer = await stack.enter_async_context(_made(home, choices, {}))
            stack.callback(_remember, peer)
            began_s = time.monotonic()  # a peer that has just been started has found nobody yet
            yield lambda op, args: operations.run(peer, op, more(args))


async def serve(choices: Choices) -> AsyncGenerator[Data, None]:
    """Run a peer until the iteration ends: what it is, then what happens. Commands reach it.

    One that has too many faults is begun anew, and says why in /peer. Failure with code FAULTY if
    that happens again and again.
    """
    broken: list[str] = []  # why, each time
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
                f"this peer was begun anew {MOST_RESTARTS} times: {broken[-1]}",
                "the lines above have the faults, each with its traceback; what is kept is safe",
                FAULTY,
            )
        yield {"event": "restarted", "at": round(time.time(), 3), "reason": broken[-1]}
        await asyncio.sleep(PAUSE_S)


async def _serve_once(choices: Choices, broken: list[str]) -> AsyncGenerator[Data, None]:
    """Run a peer until the iteration ends or it has too many faults: then the reason goes to
    `broken`.
    """
    home = Home(choices.home)
    async with AsyncExitStack() as stack:
        stack.enter_context(home)
        if not broken:  # whoever runs already goes on without a disk that was taken away
            desktop_settings.absent(home.profile().sensors)
        peer = _made(home, choices, None)
        news = stack.enter_context(peer.events())  # before it starts: nobody is to be missed
        await stack.enter_async_context(peer)
        if broken:
            peer.node.peer.more["resets"] = [len(broken), broken[-1]]
        stack.callback(_remember, peer)
        door = control.ControlServer(
            home.control, functools.partial(_serve_one, peer), peer.faults
        )
        await door.start()
        stack.push_async_callback(door.stop)
        yield about(peer) | {"tcp": await _serve_tcp(peer, choices, stack)}
        remembering = peer.faults.keep("names", functools.partial(_keep_remembering, peer))
        stack.push_async_callback(_end, asyncio.create_task(remembering))
        async with aclosing(watching.happenings(peer, news)) as events:
            async for event in events:
                yield event
        if peer.broken:
            broken.append(peer.broken)


def _serve_one(peer: "HubPeer", op: str, args: Mapping[str, Any]) -> AsyncGenerator[Any, None]:
    # Whoever asks soon after the start waits until everybody can have been found; who is waited
    # for because it comes just now, or is known and silent, is so however long we run.
    wait_s = roster.seconds(args, "wait", 0.0)
    left_s = wait_s if op in operations.COMING else max(0.0, wait_s - peer.now() / 1000)
    return operations.run(peer, op, dict(args) | {"wait": left_s, "again": wait_s})


async def _serve_tcp(peer: "HubPeer", choices: Choices, stack: AsyncExitStack) -> int | None:
    """Serve CoAP on TCP, on the port of UDP if that is free; the port. And fetch much that way."""
    from mesh.hub.bulk_newcomer import Newcomer  # noqa: PLC0415 - slow to load
    from mesh.hub.bulk_serving import BulkServing  # noqa: PLC0415
    from mesh.hub.foreign_server import ForeignServer  # noqa: PLC0415
    from mesh.hub.primitives import make_kit  # noqa: PLC0415

    faults = peer.faults
    catching_up = asyncio.create_task(faults.keep("newcomer", Newcomer(peer).run))
    stack.push_async_callback(_end, catching_up)
    signed = BulkServing(make_kit(), peer.identity, peer.node, peer.now, peer.driver.fair)
    server = ForeignServer(
        peer.local_get, choices.interfaces, peer.address[1], signed, guard=faults
    )
    try:
        await server.start()
    except LocalError:
        return None  # the mesh needs no TCP: a peer without it is whole
    stack.push_async_callback(server.stop)
    telling = asyncio.create_task(
        faults.keep("observers", functools.partial(_tell_observers, peer, server))
    )
    stack.push_async_callback(_end, telling)
    return server.port


async def _tell_observers(peer: "HubPeer", server: "ForeignServer") -> None:
    """Have those who observe a sensor over TCP told of each of its readings."""
    with peer.events() as news:
        async for event in news:
            if isinstance(event, Measured):
                server.changed(["sensors", event.sensor])


async def _end(task: asyncio.Task[Any]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def about(peer: "HubPeer") -> Data:
    """What a running peer is, and how it can be found."""
    return {
        "event": "up",
        "at": round(time.time(), 3),
        "id": ids.to_text(peer.identity.public),
        "short": ids.short(peer.identity.public),
        "name": peer.node.peer.name,
        "home": str(peer.home.path),
        "addresses": [address_text(address) for address in peer.addresses],
        "layers": [layer._asdict() for layer in peer.layers],
        "taken": peer.taken or None,
        "follows": [_called(peer, who) for who in peer.node.profile.follow],
    }


def _called(peer: "HubPeer", who: str | bytes) -> str:
    return who if isinstance(who, str) else roster.name_of(peer, who).label


async def _runs(home: Home, stack: AsyncExitStack, wait_s: float) -> bool:
    """True if a peer runs with this home; False once we have opened the home ourselves."""
    ends_at = time.monotonic() + wait_s
    while True:
        if control.runs(home.control):
            return True
        try:
            stack.enter_context(home)
        except LocalError:
            # Another command has it for a moment, or `mesh up` is about to listen.
            if time.monotonic() > ends_at or home.holder() is None:
                raise
            await asyncio.sleep(RETRY_S)
        else:
            return False


def _made(home: Home, choices: Choices, sensed: Mapping[str, Sensor] | None) -> "HubPeer":
    from mesh.hub.loop import HubPeer  # noqa: PLC0415 - slow, and often another process has it

    profile = home.profile()
    if choices.name is not None:
        profile.name = choices.name
    if sensed is not None:
        profile.keep, profile.follow = [], []  # gone in a moment: others keep the record
    return HubPeer(home, profile, None, choices.interfaces, choices.port, sensed)


async def _keep_remembering(peer: "HubPeer") -> None:
    """Write names down soon: the commands that read the store call peers by them."""
    noted: set[naming.Known] = set()
    while True:
        names = set(_names(peer))
        if names != noted:
            noted = names
            _remember(peer)
        await asyncio.sleep(NOTE_S)


def _remember(peer: "HubPeer") -> None:
    naming.remember(peer.home.path / naming.CACHE, _names(peer))


def _names(peer: "HubPeer") -> list[naming.Known]:
    met = [contact for contact in peer.node.contacts.listed() if contact.address is not None]
    return [roster.name_of(peer, contact.peer) for contact in met]
