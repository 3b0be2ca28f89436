"""What this peer tells of itself, asked by nobody else: no datagram, and nothing hidden."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mesh.core.errors import RemoteError
from mesh.core.peer import address_text
from mesh.hub import answers, choices, naming, roster
from mesh.hub.failure import FAILED, Failure
from mesh.hub.naming import Known
from mesh.hub.streams import Measured

if TYPE_CHECKING:
    from mesh.hub.loop import HubPeer

Data = dict[str, Any]
STARTS = "`mesh up` in another terminal"
SELF = "self"  # as in rules; a peer that is called so comes first


def is_meant(peer: "HubPeer", args: Mapping[str, Any]) -> bool:
    """Whether args["peer"] is this peer itself: by its id or name, which nobody else known has."""
    wanted = roster.text(args, "peer")
    others = roster.known(peer, args.get("remembered"))
    own = roster.name_of(peer, peer.identity.public)
    if naming.matches(wanted, [one for one in others if one.id != own.id]):
        return False
    return wanted == SELF or bool(naming.matches(wanted, [own]))


def spelt(target: str, own: Known, known: Sequence[Known]) -> str:
    """PEER[/PART] with the own id in place of SELF, if that is nobody's name."""
    if naming.matches(SELF, known):
        return target
    names, slash, part = target.partition("/")
    spelt_out = [own.id if name.strip() == SELF else name for name in names.split(",")]
    return ",".join(spelt_out) + slash + part


def show(peer: "HubPeer") -> Data:
    """As operations.show, of this peer."""
    own = peer.node.peer
    one = roster.name_of(peer, own.id)
    failing = {name: sensor.error for name, sensor in own.sensors.items() if sensor.error}
    hidden = {"sensors": sorted(own.sensors), "actuators": sorted(own.actuators)}
    held = [(own.id, own.feeds.own), *own.feeds.foreign.items()]
    ends = [(roster.name_of(peer, who), feed.end_seq - 1) for who, feed in held]
    return {
        "id": one.id,
        "short": one.short,
        "name": one.name,
        "petname": one.petname,
        "label": one.label,
        "kind": own.kind,
        "state": SELF,
        "addresses": [address_text(address) for address in peer.addresses],
        "how": "",
        "heard_s": None,
        "wakes_s": None,
        "forked": None,
        "verified": own.verified,
        "refused": own.refused,
        "about": answers.table(own.about(peer.now()) | hidden | {"failing": failing}),
        "resources": _resources(peer),
        "sensors": _rows(peer),
        "actuators": {n: answers.plain(own.actuators[n][1]) for n in sorted(own.actuators)},
        "heads": [{"author": who.id, "label": who.label, "seq": seq} for who, seq in ends if seq],
        "runs": peer.measures,
    }


def _resources(peer: "HubPeer") -> list[str]:
    links = peer.node.peer.links([], peer.identity.public).decode()
    return [link.partition(">")[0][1:] for link in links.split(",") if link.startswith("<")]


def _rows(peer: "HubPeer", only: str | None = None) -> list[Data]:
    sensors = peer.node.peer.sensors
    return [
        {
            "sensor": name,
            "value": answers.plain(sensor.value),
            "unit": sensor.unit,
            "age_s": round((peer.now() - sensor.taken_ms) / 1000, 3),
        }
        for name, sensor in sorted(sensors.items())
        if sensor.value is not None and only in (None, name)
    ]


def read(peer: "HubPeer", sensor: str | None) -> list[Data]:
    """As operations.read, of this peer. Failure: no such sensor, or nothing is measured."""
    one = roster.name_of(peer, peer.identity.public)
    sensors = peer.node.peer.sensors
    if not peer.measures:
        raise Failure(
            "this peer measures nothing now, as `mesh up` does not run here",
            f"`mesh up` in another terminal; `mesh history {SELF}/SENSOR` shows what was kept",
        )
    if sensor is not None and sensor not in sensors:
        help = choices.offer(sensor, sensors, "it has no sensors")
        raise Failure(f"this peer has no sensor '{sensor}'", help)
    rows = _rows(peer, sensor)
    if sensor is not None and not rows:
        raise Failure(f"{one.label}: {sensors[sensor].error or 'no reading yet'}")
    return [{"peer": one.label, "id": one.id, **row, "verified": True} for row in rows]


async def set_actuator(peer: "HubPeer", actuator: str, value: object) -> Data:
    """Set an actuator of this peer: who may use its home may do that. Failure."""
    own = peer.node.peer
    one = roster.name_of(peer, own.id)
    if not peer.measures and not own.actuators:
        raise Failure("this peer does nothing now, as `mesh up` does not run here", STARTS)
    if actuator not in own.actuators:
        help = choices.offer(actuator, own.actuators, "it has no actuators")
        raise Failure(f"this peer has no actuator '{actuator}'", help)
    assert peer.doing is not None  # noqa: S101 - it is started
    try:
        await peer.doing.wish(actuator, value, own.id)
    except RemoteError as error:
        raise Failure(f"{one.label} refused: {error.detail}", error.help, FAILED) from error
    peer.driver.settle()
    told = {"actuator": actuator, "value": answers.plain(value), "verified": True}
    return {"peer": one.label, "id": one.id} | told


async def watch(peer: "HubPeer", sensor: str | None) -> AsyncGenerator[Data, None]:
    """As watching.watch, of this peer: the latest, and then each as it comes. Failure."""
    with peer.events() as news:
        for row in read(peer, sensor):
            yield row
        async for event in news:
            if isinstance(event, Measured) and sensor in (None, event.sensor):
                for row in read(peer, event.sensor):
                    yield row
