"""`mesh.Peer`: a peer for a Python program."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, aclosing
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar

from mesh.core.discovery.contact import ASLEEP, UP
from mesh.core.errors import LocalError
from mesh.hub.api import opening, records, sources
from mesh.hub.api.functions import Actuator, Functions, Sensor
from mesh.hub.api.opening import Given, Open
from mesh.hub.api.records import Contact, Event, Reading, Value
from mesh.hub.api.subscription import Subscription
from mesh.hub.failure import SETUP, USAGE, Failure, NoAnswer, Partly
from mesh.hub.home import naming
from mesh.hub.home.naming import Known
from mesh.hub.operations import selecting
from mesh.hub.operations.patience import ANSWER_S, DISCOVER_S

if TYPE_CHECKING:
    from mesh.hub.net.announcer import Shared

Data = dict[str, Any]
Function = TypeVar("Function", bound=Callable[..., object])
Item = TypeVar("Item")
LONGEST_UNIT = 16
LEAST_S, MOST_S = 0.1, 86_400.0  # interval of readings, as in the settings


class Peer:
    """A peer of the mesh, inside `async with`: this computer's, or one of this program.

    `home`: the folder of its key, settings and store; by default $MESH_HOME, or the user's. If a
    peer already runs there (`mesh up`, or another program), that one is used, and it gets no
    sensors, actuators or options from here. `temporary`: a new key in a folder that is removed at
    the end. `settings`: instead of the home's settings.toml, in the form of docs/settings.md.
    `name`, `interfaces` (IP addresses), `port`: override these. `zeroconf`: a Zeroconf or
    AsyncZeroconf of the running loop, which is used and not closed.

    Time-outs are in seconds. Errors are mesh.Error and its subclasses. For one event loop; leaving
    `async with` ends all that was begun with it.
    """

    def __init__(  # noqa: PLR0913 - each is an option, by its name
        self,
        home: str | Path | None = None,
        *,
        name: str | None = None,
        settings: Mapping[str, Any] | None = None,
        interfaces: Sequence[str] | None = None,
        port: int | None = None,
        temporary: bool = False,
        zeroconf: "Shared | None" = None,
    ) -> None:
        if temporary and home is not None:
            raise LocalError("a temporary peer has a folder of its own", "give no home")
        self._home = home
        self._temporary = temporary
        self._given = Given(name, settings, interfaces, port, zeroconf)
        self._functions = Functions()
        self._stack: AsyncExitStack | None = None
        self._open: Open | None = None
        self._fetching: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        if self._stack is not None:
            raise LocalError("this peer is open already")
        self._stack = stack = AsyncExitStack()
        try:
            path = self._home
            if self._temporary:
                path = await stack.enter_async_context(opening.temporary_folder())
            self._open = await opening.opened(path, self._given, self._functions, stack)
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        self._open = None
        for task in self._fetching:
            task.cancel()
        await asyncio.gather(*self._fetching, return_exceptions=True)
        stack, self._stack = self._stack, None
        if stack is not None:
            await stack.aclose()

    @property
    def id(self) -> str:
        """The key of this peer, as text."""
        return self._now_open.id

    @property
    def home(self) -> Path:
        """The folder of this peer."""
        return self._now_open.home

    @property
    def runs_here(self) -> bool:
        """Whether this program is the peer; otherwise another process is, reached by its
        socket.
        """
        return self._now_open.runs_here

    async def peers(self, *, wait: float = DISCOVER_S) -> list[Contact]:
        """All known peers. A peer that has just started first discovers others for `wait`
        seconds.
        """
        [rows] = await self._all("peers", {}, wait)
        return [records.contact(row) for row in rows]

    async def wait_for(self, peer: str, *, timeout: float | None = None) -> Contact:  # noqa: ASYNC109 - seconds, as for the rest
        """Wait until a peer is up or asleep. NoAnswer after `timeout`."""
        try:
            async with asyncio.timeout(timeout), aclosing(self._do("peers.watch", {})) as tables:
                async for rows in tables:
                    for row in rows:
                        known = [Known(row["id"], row["name"], row["petname"])]
                        if row["state"] in (UP, ASLEEP) and naming.matches(peer, known):
                            return records.contact(row)
        except TimeoutError as error:
            help = "is it switched on, and in this network? `mesh doctor` tells what is heard"
            raise NoAnswer(f"{peer} did not come in {timeout:g} s", help) from error
        raise Failure("this peer was stopped")

    async def about(self, peer: str, *, timeout: float = ANSWER_S) -> Data:  # noqa: ASYNC109
        """What a peer says of itself: its resource /peer (docs/protocol.md section 7)."""
        [told] = await self._all("about", {"peer": peer, "timeout": timeout})
        return dict(told)

    async def read(self, target: str, *, timeout: float = ANSWER_S) -> Reading:  # noqa: ASYNC109
        """The latest reading of one sensor, "PEER/SENSOR"; "self" is this peer."""
        peer, sensor = _one(target, "sensor")
        args = {"peer": peer, "sensor": sensor, "timeout": timeout}
        [rows] = await self._all("read", args)
        return records.reading(rows[0])

    async def readings(self, *targets: str, timeout: float = ANSWER_S) -> list[Reading]:  # noqa: ASYNC109
        """The latest readings of all sensors of a peer, "PEER", or of many, such as "room*/rain".

        Partly if some of many fail, with the readings of the others.
        """
        args: Data = {"targets": list(targets), "timeout": timeout}
        if not selecting.is_many(targets):
            peer, sensor = naming.split(targets[0])
            args = {"peer": peer, "sensor": sensor, "timeout": timeout}
            [rows] = await self._all("read", args)
            return [records.reading(row) for row in rows]
        found: list[Reading] = []
        failed: dict[str, str] = {}
        try:
            async with aclosing(self._do("read.many", args)) as peers:
                async for row in peers:
                    if "error" in row:
                        failed[row["peer"]] = row["error"]
                    who = {"peer": row["peer"], "id": row["id"]}
                    found += [records.reading(who | one) for one in row.get("readings", ())]
        except Failure as error:
            if not failed:
                raise
            raise Partly(error.detail, found, failed) from error
        return found

    async def set(self, target: str, value: Value, *, timeout: float = ANSWER_S) -> None:  # noqa: ASYNC109
        """Ask a peer to set an actuator, "PEER/ACTUATOR". It decides: Refused says why not."""
        peer, actuator = _one(target, "actuator")
        args = {"peer": peer, "actuator": actuator, "timeout": timeout}
        await self._all("set", args | {"value": value, "literal": True})

    def watch(self, *targets: str, wait: float = DISCOVER_S) -> Subscription[Reading]:
        """Iterate over readings as they come: of a sensor "PEER/SENSOR", a peer, many, or all.

        First the latest one. It goes on when a peer is lost, or a sensor has no value for a while.
        NotFound or Unreachable if a single target does not appear within `wait`.
        """
        args: Data = {"timeout": ANSWER_S}
        if len(targets) == 1 and not selecting.is_many(targets):
            peer, sensor = naming.split(targets[0])
            args |= {"peer": peer} | ({"sensor": sensor} if sensor else {})
        elif targets:
            args |= {"targets": list(targets)}
        return self._subscribe(sources.readings(lambda: self._do("watch", args, wait)))

    def events(self) -> Subscription[Event]:
        """Iterate over events from now on: peers that come and go, readings of followed peers,
        actuators that were set, refusals. Of those that strangers can cause, some are only
        counted.
        """
        return self._subscribe(sources.made(records.event, self._do("events", {})))

    def operation(self, name: str, **args: Any) -> Subscription[Any]:  # noqa: ANN401 - plain data of any kind
        """Run any operation of mesh/hub/operations/table.py, as commands and the control socket
        do. Yields plain data.
        """
        return self._subscribe(self._do(name, args))

    def sensor(
        self, name: str, unit: str = "", *, every: float = 10.0
    ) -> Callable[[Function], Function]:
        """Decorate a function, or a coroutine function, that gives the value of a sensor of this
        peer: a number, a text, True or False. It is called every `every` seconds: a function in a
        thread, a coroutine in the event loop.

        What it raises is reported as the reason why there is no value; mesh.Error in its own
        words.
        """
        if not LEAST_S <= every <= MOST_S or len(unit.encode()) > LONGEST_UNIT:
            raise LocalError(
                f"sensor '{name}': `every` is {LEAST_S} to {MOST_S:.0f} s, and a unit has at most "
                f"{LONGEST_UNIT} bytes"
            )

        def take(function: Function) -> Function:
            self._take(Sensor(name, unit, int(every * 1000), function))
            return function

        return take

    def actuator(
        self,
        name: str,
        *,
        least: float | None = None,
        most: float | None = None,
        choices: Sequence[str] | None = None,
        allow: Sequence[str] | None = None,
    ) -> Callable[[Function], Function]:
        """Decorate a function, or a coroutine function, that sets an actuator of this peer. It is
        called with True or False; or a number from `least` to `most`; or one of `choices`.
        `allow`: names or ids of those who may set it; by default only who introduced this peer.

        The request is answered when it has returned. What it raises is the reason of a refusal,
        mesh.Error in its own words.
        """
        wishes = {"least": least, "most": most, "choices": choices and list(choices)}
        options = {key: value for key, value in wishes.items() if value is not None}

        def take(function: Function) -> Function:
            self._take(Actuator(name, options, allow, function))
            return function

        return take

    def _take(self, thing: Sensor | Actuator) -> None:
        if self._open is not None and not self._open.runs_here:
            raise opening.not_here(self._open.home)
        self._functions.add(thing)

    @property
    def _now_open(self) -> Open:
        if self._open is None:
            raise Failure("this peer is not open", "use it inside `async with`", SETUP)
        return self._open

    def _do(
        self, op: str, args: Mapping[str, Any], wait_s: float = DISCOVER_S
    ) -> AsyncGenerator[Any, None]:
        at = self._now_open
        return at.ask(op, {"wait": wait_s, "remembered": at.remembered} | dict(args))

    async def _all(
        self, op: str, args: Mapping[str, Any], wait_s: float = DISCOVER_S
    ) -> list[Any]:
        async with aclosing(self._do(op, args, wait_s)) as items:
            return [item async for item in items]

    def _subscribe(self, source: AsyncGenerator[Item, None]) -> Subscription[Item]:
        made = Subscription(source)
        self._fetching.add(made.task)
        made.task.add_done_callback(self._fetching.discard)
        return made


def _one(target: str, what: str) -> tuple[str, str]:
    """Split "PEER/NAME". Failure with code USAGE."""
    peer, name = naming.split(target)
    if name is None or selecting.is_many([target]):
        help = f"write one PEER/{what.upper()}, for instance greenhouse/temperature"
        raise Failure(f"'{target}' does not name one {what}", help, USAGE)
    return peer, name
