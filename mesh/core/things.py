"""Own sensors and actuators: readings go into the feed, to observers and to the local rules."""

from mesh.core.codec.senml import Record, pack
from mesh.core.errors import RemoteError
from mesh.core.events import Actuated, Refused
from mesh.core.resources.own_sensors import Sensor

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from mesh.core.policy.rules import Rules
    from mesh.core.policy.settings import Profile
    from mesh.core.resources.peer import Peer
    from mesh.core.resources.server import Server


class Things:
    """Own sensors and actuators. Heads are signed at most every `head_ms`, or on demand."""

    def __init__(
        self,
        peer: "Peer",
        serving: "Server",
        profile: "Profile",
        head_ms: int,
        emit: "Callable[[object], None]",
    ) -> None:
        self._peer = peer
        self._serving = serving
        self.rules: Rules | None = None
        if profile.rules or profile.consent:
            from mesh.core.policy.rules import Rules as Made  # noqa: PLC0415 - heap only where it is used

            self.rules = Made(profile.rules)
        self._head_pause_ms = head_ms
        self._head_ms = -head_ms
        self._emit = emit
        self.due_ms: int | None = None
        peer.provide(did=self.did)

    def add_sensor(self, name: str, unit: str, every_ms: int = 60_000) -> None:
        """Add a sensor. The runtime passes its readings to reading(), one every `every_ms`."""
        self._peer.sensors[name] = Sensor(unit, every_ms)

    def add_actuator(self, name: str, apply: "Callable[[object], None]", value: object) -> None:
        """Add an actuator. apply(value) sets it, or raises LocalError with the reason."""
        self._peer.actuators[name] = [apply, value]

    def reading(self, now_ms: int, name: str, value: object) -> None:
        """Record a reading of an own sensor: an int, float, Decimal, text or bool."""
        sensor = self._peer.measured(now_ms, name, value)
        if self._peer.access.is_open("/sensors/" + name):
            self._note(now_ms, "reading", pack([Record(name, sensor.unit, value, None)]))
        self._serving.changed(now_ms, ["sensors", name])
        self.judge(None, name, value)

    def sensor_failed(self, name: str, reason: str) -> None:
        """Record why a sensor gives no reading. /peer shows it."""
        self._peer.sensors[name].failed(reason)

    def judge(self, peer: "bytes | None", sensor: str, value: object) -> None:
        """Apply the own rules to a reading of `peer`, or of this peer itself if that is None: at
        the next tick, as a board's stack has no room for it within what led to the reading.
        """
        if self.rules:
            self.rules.wishes.update(self.rules.judge(peer, sensor, value))

    def _act(self, now_ms: int, actuator: str, wish: object) -> None:
        try:
            self._peer.actuate(now_ms, actuator, wish, None)
        except RemoteError as error:
            self._emit(Refused(None, None, error.code, "rule: " + error.detail))

    def did(self, now_ms: int, actuator: str, value: object, by: "bytes | None") -> None:
        """Record in the feed that an actuator was set. `by`: the peer that asked, None: a rule."""
        self._emit(Actuated(actuator, value, by))
        if self._peer.access.is_open("/actuators/" + actuator):
            self._note(now_ms, "actuated", [actuator, value, by])

    def _note(self, now_ms: int, kind: str, body: object) -> None:
        if not self._peer.feeds.own.is_full:  # else /peer says so, and sensors go on
            self.append(now_ms, kind, body)

    def append(self, now_ms: int, kind: str, body: object) -> "tuple[int, int]":
        """Add a valid entry to the own feed.

        Returns its seq, and when tick() will store, sign and announce it. LocalError if it is
        full.
        """
        stamp: list[Any] = self._peer.clock.stamp(now_ms)
        seq = self._peer.feeds.own.append(stamp, kind, body)
        if self.due_ms is None:
            self.due_ms = max(now_ms, self._head_ms + self._head_pause_ms)
        return seq, self.due_ms

    def publish(self, now_ms: int) -> None:
        """Store, sign and announce new entries at the next tick."""
        self.due_ms = now_ms

    def tick(self, now_ms: int) -> None:
        """Do what rules want; store new entries and announce them to observers of the feed, if
        that is due.
        """
        wishes = self.rules.wishes if self.rules else {}
        for actuator in sorted(wishes):
            self._peer.kit.guard("rule", self._act, now_ms, actuator, wishes.pop(actuator))
        if self.due_ms is not None and now_ms >= self.due_ms:
            self.due_ms = self._peer.feeds.keep(now_ms)
            self._head_ms = now_ms
            self._peer.feeds.grown()
