"""Functions of a program as sensors and actuators of its peer."""

import asyncio
import concurrent.futures
import contextlib
import inspect
import logging
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from mesh.core import peer_id
from mesh.core.codec import cbor
from mesh.core.errors import LocalError
from mesh.core.policy.section import label
from mesh.hub.guard import foreign
from mesh.hub.own import plain_values
from mesh.hub.own.plain_values import Wishes

if TYPE_CHECKING:
    from mesh.hub.desktop_peer import HubPeer

Function = Callable[..., object]

log = logging.getLogger(__name__)


class Sensor(NamedTuple):
    """A sensor of a program: function() gives its value, every `every_ms`."""

    name: str
    unit: str
    every_ms: int
    function: Function


class Actuator(NamedTuple):
    """An actuator of a program: function(value) sets it. `options`: see Wishes; `allow`: names or
    ids of those who may set it, None for who introduced this peer.
    """

    name: str
    options: dict[str, Any]
    allow: Sequence[str] | None
    function: Function


class Calls:
    """Calls functions from threads: plain ones run there, awaitables that they return in the event
    loop, until end().
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._tasks: set[asyncio.Task[object]] = set()
        self.is_over = False

    def call(self, function: Function, *given: object) -> object:
        """Call a function. LocalError has what it raised. For any thread but the loop's."""
        return foreign(lambda: self._call(function, given))

    def _call(self, function: Function, given: tuple[object, ...]) -> object:
        made = function(*given)
        if not inspect.isawaitable(made):
            return made
        if self.is_over:
            _leave(made)
            raise LocalError("this peer stops")
        waiting = asyncio.run_coroutine_threadsafe(self._await(made), self._loop)
        try:
            return waiting.result()
        except concurrent.futures.CancelledError:
            raise LocalError("it was cancelled") from None

    async def _await(self, made: Any) -> object:  # noqa: ANN401 - whatever can be awaited
        if self.is_over:
            _leave(made)
            raise LocalError("this peer stops")
        task = asyncio.ensure_future(made)
        self._tasks.add(task)
        try:
            return await task
        finally:
            self._tasks.discard(task)

    async def end(self) -> None:
        """Cancel what is awaited, and accept no more calls."""
        self.is_over = True
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


def _leave(made: object) -> None:
    """Close a coroutine without awaiting it, so that Python does not warn."""
    with contextlib.suppress(AttributeError):
        made.close()  # type: ignore[attr-defined]


class _Reader:
    """A function as a sensor for own/polling.py."""

    RANGE: tuple[float, float] | None = None

    def __init__(self, sensor: Sensor, calls: Calls) -> None:
        self.UNIT = sensor.unit
        self._sensor = sensor
        self._calls = calls
        self._told = ""

    def read(self) -> plain_values.Value:
        """Get the value. LocalError has the reason if it fails; a new one is logged, too."""
        try:
            value = plain_values.made(self._calls.call(self._sensor.function))
        except LocalError as error:
            if error.detail != self._told and not self._calls.is_over:
                self._told = error.detail
                name = self._sensor.name
                log.warning("sensor %s: %s", name, error.detail, exc_info=error.__cause__)
            raise
        self._told = ""
        return value

    def close(self) -> None:
        """Nothing: Calls.end() cancels what is awaited."""


class _Device:
    """A function as an actuator for own/doing.py."""

    def __init__(self, actuator: Actuator, calls: Calls) -> None:
        self.wishes = Wishes(actuator.options)
        self._function = actuator.function
        self._name = actuator.name
        self._calls = calls

    def now(self) -> None:
        """None: unknown before it was set."""

    def do(self, text: str) -> None:
        """Set it. LocalError has the reason if it fails."""
        value = self.wishes.value(text)
        plain = float(value) if isinstance(value, cbor.Decimal) else value
        try:
            self._calls.call(self._function, plain)
        except LocalError as error:
            if error.__cause__ is not None:  # a fault, not a refusal
                log.warning("actuator %s: %s", self._name, error.detail, exc_info=error.__cause__)
            raise

    def end(self) -> None:
        """Nothing: Calls.end() cancels what is awaited."""


class Functions:
    """The sensors and actuators that a program adds to its peer, before and while it runs."""

    def __init__(self) -> None:
        self._all: dict[tuple[str, str], Sensor | Actuator] = {}
        self._hub: HubPeer | None = None
        self._calls: Calls | None = None

    def __bool__(self) -> bool:
        return bool(self._all)

    def add(self, thing: Sensor | Actuator) -> None:
        """Add one. LocalError if its name is invalid or taken, or its options do not fit
        together.
        """
        group = "sensors" if isinstance(thing, Sensor) else "actuators"
        label(thing.name, group)
        if isinstance(thing, Actuator):
            Wishes(thing.options)
        if (group, thing.name) in self._all:
            raise LocalError(f"{group}: there is a '{thing.name}' already")
        if self._hub is not None:
            self._give(self._hub, thing)
        self._all[group, thing.name] = thing

    def begin(self, hub: "HubPeer") -> None:
        """Add all to a peer that was started."""
        self._calls = Calls()
        for thing in self._all.values():
            self._give(hub, thing)
        self._hub = hub

    async def end(self) -> None:
        """Stop, as the peer is stopped."""
        self._hub = None
        if self._calls is not None:
            await self._calls.end()

    def _give(self, hub: "HubPeer", thing: Sensor | Actuator) -> None:
        own = hub.node.peer
        if thing.name in (own.sensors if isinstance(thing, Sensor) else own.actuators):
            raise LocalError(f"the settings have a '{thing.name}' already", "choose another name")
        assert self._calls is not None  # noqa: S101 - begin() made it
        if isinstance(thing, Sensor):
            hub.sense(thing.name, _Reader(thing, self._calls), thing.every_ms)
            return
        allow = thing.allow
        ids = None if allow is None else [_id_of(hub, word) for word in allow]
        hub.act(thing.name, _Device(thing, self._calls), ids)


def _id_of(hub: "HubPeer", word: str) -> bytes:
    """Resolve a name in the settings, or an id. RemoteError for an invalid id."""
    return hub.profile.names.get(word) or peer_id.from_text(word)
