"""/sensors and /sensors/NAME: the latest readings, as SenML."""

from mesh.core import codes
from mesh.core.codec.formats import SENML
from mesh.core.codec.senml import Record
from mesh.core.errors import RemoteError
from mesh.core.resources.resource import EACH, Resource, shared

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mesh.core.resources.resource import Asked, Peer

MOST_MADE = 8  # answers cached for a second


class Sensor:
    """The latest reading of one sensor. `error`: why it gives none, or None."""

    value: object = None
    taken_ms = 0
    error: str | None = None

    def __init__(self, unit: str, every_ms: int) -> None:
        self.unit = unit
        self.every_ms = every_ms

    def failed(self, reason: str) -> None:
        """Record why it gives no reading, until it gives one."""
        self.error = reason


def _readings(peer: "Peer", now_ms: int, asked: "Asked") -> object:
    """The latest reading of one sensor or of all. Cached for a second."""
    sensors, made = peer.sensors, peer.made
    names = asked.path[1:] or [
        n for n in peer.names("sensors", asked.who) if sensors[n].value is not None
    ]
    key = now_ms // 1000, ",".join(names)
    if key not in made:
        unix_ms = peer.clock.stamp(now_ms)[3]
        records, due = [], []
        for name in names:
            sensor = sensors[name]
            if sensor.value is None:
                raise RemoteError(sensor.error or "no reading yet", codes.UNAVAILABLE)
            age_s = (now_ms - sensor.taken_ms) // 1000
            when = unix_ms // 1000 - age_s if unix_ms is not None else -age_s
            records.append(Record(name, sensor.unit, sensor.value, when or None))
            due.append(sensor.taken_ms + sensor.every_ms)
        if len(made) >= MOST_MADE:
            made.clear()
        made[key] = records, peer.base, min(due) if due else None, {}
    return made[key]


SENSORS = Resource("sensors", _readings, None, shared, SENML, 0)
SENSOR = Resource("sensors/*", _readings, None, shared, SENML, EACH)
