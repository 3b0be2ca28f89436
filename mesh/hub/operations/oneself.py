"""Operations on this very peer: without any datagram, and without access control."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mesh.core import codes
from mesh.core.address import address_text
from mesh.core.errors import RemoteError
from mesh.core.full.content import content
from mesh.hub.failure import FAILED, Failure, NotFound, Refused
from mesh.hub.home import choices, naming
from mesh.hub.home.naming import Known
from mesh.hub.operations import agreed, answers, roster
from mesh.hub.streams import Measured

if TYPE_CHECKING:
    from mesh.hub.desktop_peer import HubPeer

Data = dict[str, Any]
STARTS = "`mesh up` in another terminal"
SELF = "self"  # as in rules; but a peer with that name takes precedence


def is_meant(peer: "HubPeer", args: Mapping[str, Any]) -> bool:
    """Whether args["peer"] is this peer: by an id or name that no other known peer has."""
    wanted = roster.text(args, "peer")
    roster.seconds(args, "wait", 0.0)  # a wrong one is told, whoever is meant
    others = roster.known(peer, args.get("remembered"))
    own = roster.name_of(peer, peer.identity.public)
    if naming.matches(wanted, [one for one in others if one.id != own.id]):
        return False
    return wanted == SELF or bool(naming.matches(wanted, [own]))


def spelt(target: str, own: Known, known: Sequence[Known]) -> str:
    """Replace SELF in PEER[/PART] by the own id, unless a peer has that name."""
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
    told = content(own, peer.now(), "peer")
    ends = [(roster.name_of(peer, who), feed.end_seq - 1) for who, feed in held]
    return {
        "id": one.id,
        "short": one.short,
        "name": one.name,
        "petname": one.petname,
        "label": one.label,
        "kind": peer.profile.kind,
        "state": SELF,
        "addresses": [address_text(address) for address in peer.addresses],
        "how": "",
        "heard_s": None,
        "wakes_s": None,
        "forked": None,
        "verified": own.verified,
        "refused": own.refused,
        "about": answers.table(told | hidden | {"failing": failing}),
        "agreed": agreed.rows(told, lambda id: roster.name_of(peer, id).label),
        "resources": _resources(peer),
        "sensors": _rows(peer),
        "actuators": {n: answers.plain(own.actuators[n][1]) for n in sorted(own.actuators)},
        "heads": [{"author": who.id, "label": who.label, "seq": seq} for who, seq in ends if seq],
        "runs": peer.stays,
    }


def _resources(peer: "HubPeer") -> list[str]:
    who = peer.identity.public
    links = content(peer.node.peer, peer.now(), ".well-known/core", who).decode()
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
    if not peer.stays:
        raise Failure(
            "this peer measures nothing now, as `mesh up` does not run here",
            f"`mesh up` in another terminal; `mesh history {SELF}/SENSOR` shows what was kept",
        )
    if sensor is not None and sensor not in sensors:
        help = choices.offer(sensor, sensors, "it has no sensors")
        raise NotFound(f"this peer has no sensor '{sensor}'", help)
    rows = _rows(peer, sensor)
    if sensor is not None and not rows:
        why = sensors[sensor].error or "no reading yet"
        code = codes.text(codes.UNAVAILABLE)  # as another peer without a reading answers
        raise Refused(f"{one.label}: {why}", None, FAILED, code, why)
    return [{"peer": one.label, "id": one.id, **row, "verified": True} for row in rows]


async def set_actuator(peer: "HubPeer", actuator: str, value: object) -> Data:
    """Set an actuator of this peer, as whoever may use its home may. Failure."""
    own = peer.node.peer
    one = roster.name_of(peer, own.id)
    if not peer.stays and not own.actuators:
        raise Failure("this peer does nothing now, as `mesh up` does not run here", STARTS)
    if actuator not in own.actuators:
        help = choices.offer(actuator, own.actuators, "it has no actuators")
        raise NotFound(f"this peer has no actuator '{actuator}'", help)
    assert peer.doing is not None  # noqa: S101 - it is started
    try:
        await peer.doing.wish(actuator, value, own.id)
    except RemoteError as error:
        code, why = codes.text(error.code), error.detail
        raise Refused(f"{one.label} refused: {why}", error.help, FAILED, code, why) from error
    peer.driver.settle()
    told = {"actuator": actuator, "value": answers.plain(value), "verified": True}
    return {"peer": one.label, "id": one.id} | told


async def watch(peer: "HubPeer", sensor: str | None) -> AsyncGenerator[Data, None]:
    """As watching.watch, of this peer: the latest reading, then each new one. Failure."""
    with peer.events() as news:
        for row in read(peer, sensor):
            yield row
        async for event in news:
            if isinstance(event, Measured) and sensor in (None, event.sensor):
                for row in read(peer, event.sensor):
                    yield row
