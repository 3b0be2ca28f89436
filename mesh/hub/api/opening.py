"""Opens the peer that a program uses: the running one of a home, or one of its own."""

import importlib
import pkgutil
import shutil
import tempfile
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import mesh.core
import mesh.hub.operations
import mesh.hub.tcp
from mesh.core import peer_id
from mesh.hub.api.functions import Functions
from mesh.hub.aside import to_the_end
from mesh.hub.failure import SETUP, Failure, Unreachable
from mesh.hub.home import naming
from mesh.hub.home.home import Home
from mesh.hub.home.marks import drop
from mesh.hub.home.naming import Known
from mesh.hub.operations import control, session
from mesh.hub.operations.own_peer import Choices

if TYPE_CHECKING:
    from mesh.core.policy.settings import Profile
    from mesh.hub.desktop_peer import HubPeer
    from mesh.hub.net.announcer import Shared

# modules that a peer loads on first use, imported here so that the event loop reads no file
LATER = (mesh.core, mesh.hub.tcp, mesh.hub.operations)

Ask = Callable[[str, Mapping[str, Any]], AsyncGenerator[Any, None]]


class Given(NamedTuple):
    """Options of a program's own peer, each None if not given: see mesh.Peer."""

    name: str | None = None
    settings: Mapping[str, Any] | None = None
    interfaces: Sequence[str] | None = None
    port: int | None = None
    zeroconf: "Shared | None" = None


class Open(NamedTuple):
    """A peer that can be used: ask(operation, arguments) yields its items."""

    id: str
    home: Path
    ask: Ask
    remembered: list[list[str]]  # names of peers met before
    runs_here: bool


def not_here(home: Path) -> Failure:
    """The error for a program that wants more of a running peer than to query it."""
    return Failure(
        f"the peer of {home} runs in another process, which takes no sensors, actuators or options"
        " of this program",
        "end it (`mesh up`?), or give this program a peer of its own: mesh.Peer(FOLDER)",
        SETUP,
    )


@asynccontextmanager
async def temporary_folder() -> AsyncGenerator[Path, None]:
    """A folder for a home. It is removed at the end, with the marks of its peer elsewhere."""
    path = Path(await to_the_end(lambda: tempfile.mkdtemp(prefix="othermesh-")))
    try:
        yield path
    finally:
        await to_the_end(partial(_remove, path))


def _remove(path: Path) -> None:
    if (peer := Home(path).peer_id()) is not None:
        drop(peer)
    shutil.rmtree(path, ignore_errors=True)


async def opened(
    path: "str | Path | None", given: Given, functions: Functions, stack: AsyncExitStack
) -> Open:
    """The peer of a home, until the end of `stack`. LocalError; Failure if a running one cannot
    have these options.
    """
    home = await to_the_end(lambda: Home(path))
    runs = await session.runs_or_open(home, stack)
    id, remembered = await to_the_end(lambda: _noted(home))
    if runs:
        if functions or given != Given():
            raise not_here(home.path)
        return Open(id, home.path, partial(_through, home), remembered, runs_here=False)
    ask = await _started(home, given, functions, stack)
    return Open(id, home.path, ask, remembered, runs_here=True)


def _noted(home: Home) -> tuple[str, list[list[str]]]:
    id = home.peer_id()
    remembered = [list(one) for one in naming.remembered(home.path / naming.CACHE)]
    return peer_id.to_text(id) if id else "", remembered


async def _through(home: Home, op: str, args: Mapping[str, Any]) -> AsyncGenerator[Any, None]:
    """Run an operation in the peer that runs with a home. Unreachable if it has ended."""
    try:
        async with aclosing(control.call(home.control, op, args)) as items:
            async for item in items:
                yield item
    except OSError as error:
        help = "leave `async with`, and begin anew"
        raise Unreachable(f"the peer of {home.path} runs no more", help, SETUP) from error


async def _started(home: Home, given: Given, functions: Functions, stack: AsyncExitStack) -> Ask:
    """Start a peer of this program in an open home."""
    interfaces = list(given.interfaces) if given.interfaces is not None else None
    choices = Choices(home.path, interfaces, given.port, given.name)
    hub = await to_the_end(lambda: _made(home, given, choices))
    # imported by _made(), in a thread
    from mesh.hub.net.announcer import joined  # noqa: PLC0415
    from mesh.hub.operations import daemon  # noqa: PLC0415

    if given.zeroconf is not None:
        joined(given.zeroconf)  # raises here; otherwise DNS-SD would only be left out

    stack.push_async_callback(functions.end)
    await stack.enter_async_context(daemon.at_work(hub, choices))
    functions.begin(hub)
    return partial(daemon.answer, hub, {})


def _made(home: Home, given: Given, choices: Choices) -> "HubPeer":
    """Create the peer, not started. It has no sensors and actuators but those that the settings
    name.
    """
    for package in LATER:
        for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
            importlib.import_module(module.name)
    from mesh.hub.desktop_peer import HubPeer  # noqa: PLC0415
    from mesh.hub.home import desktop_settings  # noqa: PLC0415

    home.identity.next_counter()  # writes the first block of counters in this thread
    if given.settings is None:
        profile: Profile = home.profile()
    else:
        profile = desktop_settings.parse(given.settings)
    desktop_settings.absent(profile.sensors)
    profile.name = profile.name if given.name is None else given.name
    if (
        profile.name
    ):  # so that readers of the store find the name, which is not in the home's settings
        own = peer_id.to_text(home.identity.public)
        naming.remember(home.path / naming.CACHE, [Known(own, profile.name)])
    return HubPeer(
        home,
        profile,
        None,
        choices.interfaces,
        choices.port,
        profile.sensors,
        zeroconf=given.zeroconf,
    )
