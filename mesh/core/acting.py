"""What a peer measures and does: readings into the feed and to observers, rules, actuators."""

from mesh.core.errors import RemoteError
from mesh.core.events import Actuated, Refused
from mesh.core.peer import Sensor
from mesh.core.senml import Record, pack

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from mesh.core.peer import Peer
    from mesh.core.rules import Rules
    from mesh.core.serving import Serving
    from mesh.core.settings import Profile


class Acting:
    """Own sensors and actuators. Heads are signed at most every `head_ms`, and when asked for."""

    def __init__(
        self,
        peer: "Peer",
        serving: "Serving",
        profile: "Profile",
        head_ms: int,
        emit: "Callable[[object], None]",
    ) -> None:
        self._peer = peer
        self._serving = serving
        self._rules: Rules | None = None
        if profile.rules:
            from mesh.core.rules import Rules as Made  # noqa: PLC0415 - heap only where it is used

            self._rules = Made(profile.rules)
        self._head_pause_ms = head_ms
        self._head_ms = -head_ms
        self._emit = emit
        self.due_ms: int | None = None
        peer.did = self.did

    def add_sensor(self, name: str, unit: str, every_ms: int = 60_000) -> None:
        """Have a sensor; its readings come by reading(), after at most `every_ms`."""
        self._peer.sensors[name] = Sensor(unit, every_ms)

    def add_actuator(self, name: str, apply: "Callable[[object], None]", value: object) -> None:
        """Have an actuator. apply(value) does it or raises LocalError with the reason."""
        self._peer.actuators[name] = [apply, value]

    def reading(self, now_ms: int, name: str, value: object) -> None:
        """Take in a reading of an own sensor: an int, float, Decimal, text or bool."""
        sensor = self._peer.measured(now_ms, name, value)
        if self._peer.access.is_open("/sensors/" + name):
            self._write(now_ms, "reading", pack([Record(name, sensor.unit, value, None)]))
        self._serving.sensor_changed(now_ms, name)
        self.judge(now_ms, None, name, value)

    def sensor_failed(self, name: str, reason: str) -> None:
        """Note why a sensor gives nothing; /peer tells it."""
        self._peer.sensors[name].error = reason

    def judge(self, now_ms: int, peer: "bytes | None", sensor: str, value: object) -> None:
        """Let the own rules look at a reading: of `peer`, or of this peer itself if None."""
        for actuator, wish in self._rules.judge(peer, sensor, value) if self._rules else ():
            self._peer.kit.guard("rule", self._act, now_ms, actuator, wish)

    def _act(self, now_ms: int, actuator: str, wish: object) -> None:
        try:
            self._peer.actuate(now_ms, actuator, wish, None)
        except RemoteError as error:
            self._emit(Refused(None, None, error.code, "rule: " + error.detail))

    def did(self, now_ms: int, actuator: str, value: object, by: "bytes | None") -> None:
        """Note in the feed what an actuator did, and on whose wish: None for an own rule."""
        self._emit(Actuated(actuator, value, by))
        if self._peer.access.is_open("/actuators/" + actuator):
            self._write(now_ms, "actuated", [actuator, value, by])

    def _write(self, now_ms: int, kind: str, body: object) -> None:
        stamp: list[Any] = self._peer.clock.stamp(now_ms)
        own = self._peer.feeds.own
        if own.is_full:
            return  # /peer says so; sensors and actuators go on
        own.append(stamp, kind, body)
        if self.due_ms is None:
            self.due_ms = max(now_ms, self._head_ms + self._head_pause_ms)

    def publish(self, now_ms: int) -> None:
        """Have what is new kept, signed and told at the next tick."""
        self.due_ms = now_ms

    def tick(self, now_ms: int) -> None:
        """Send what is new to those who observe the feed, if it is time."""
        if self.due_ms is not None and now_ms >= self.due_ms:
            self.due_ms = self._peer.feeds.keep(now_ms)
            self._head_ms = now_ms
            self._peer.feeds.grown()
