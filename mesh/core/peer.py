"""One equal peer: its resources, the same on every peer. Requests in, answers out."""

from mesh.core import coap, ids
from mesh.core.errors import LocalError, RemoteError
from mesh.core.primitives import nothing
from mesh.core.represent import CBOR, LINKS, represent
from mesh.core.senml import Record
from mesh.core.tail import FULL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from mesh.core.access import Access
    from mesh.core.clock import Clock
    from mesh.core.contacts import Contacts
    from mesh.core.listener import Listener
    from mesh.core.primitives import Identity, Kit
    from mesh.core.telling import Telling

    Answered = tuple[int, int | None, bytes]

VERSION = 0
MOST_MADE = 8  # answers about sensors kept within a second
LONGEST = 64  # characters of a text that an actuator takes: it has to fit into an entry


class Sensor:
    """The latest reading of one sensor; `error` is the reason while it fails."""

    value: object = None
    taken_ms = 0
    error: str | None = None

    def __init__(self, unit: str, every_ms: int) -> None:
        self.unit = unit
        self.every_ms = every_ms


class Peer:
    """What this peer tells and does. `heap` may be set to a callable giving [used, free] bytes;
    what is in `more` is told in /peer too. did(now_ms, actuator, value, by whom) is called when an
    actuator was set; Acting, which is made of this peer, sets it.
    """

    name = ""
    kind = "board"
    verified = refused = 0
    heap: "Callable[[], list[int]] | None" = None
    # /updates: offered(who, wish) to a peer; hinted(now_ms, who, what) that there is one
    offered: "Callable[[bytes, object], object] | None" = None
    hinted: "Callable[[int, bytes, object], None] | None" = None
    keeps = False  # the feeds of all others too

    def __init__(
        self,
        kit: "Kit",
        identity: "Identity",
        access: "Access",
        clock: "Clock",
        contacts: "Contacts",
        telling: "Telling",
    ) -> None:
        self.kit, self.id, self.access = kit, identity.public, access
        self.clock, self.contacts = clock, contacts
        self.feeds = telling.feeds
        self._telling = telling
        self.did: Callable[[int, str, object, bytes | None], None] = nothing
        self.sensors: dict[str, Sensor] = {}
        self.actuators: dict[str, list[object]] = {}  # name -> [apply, value]
        self.more: dict[str, object] = {}
        self._base = "urn:othermesh:" + ids.to_text(self.id) + ":"
        self._made: dict[tuple[object, ...], tuple[int, bytes]] = {}
        self._made_s = 0

    def answer(
        self,
        now_ms: int,
        request: "coap.Message",
        accept: "int | None",
        who: "bytes | None",
        value: object,
        asker: "Listener | None" = None,
    ) -> "Answered":
        """Answer one request as (code, Content-Format or None, payload).

        `accept`: the format wanted; `who`: the id that signed it or None; `value`: the decoded
        body; `asker`: who may become an observer of /feeds. RemoteError says why not.
        """
        code = request.code
        if who is None and code != coap.GET:
            raise RemoteError("not signed", 0x81, "sign it (docs/protocol.md, section 4)")
        path = request.path()
        if code in (coap.GET, coap.FETCH) and path != ["updates"]:
            return self._read(now_ms, request, accept, who, value, asker)
        if who is not None and code == coap.PUT and len(path) == 2 and path[0] == "actuators":
            self.actuate(now_ms, path[1], value, who)
            return coap.CHANGED, None, b""
        if who is not None and path == ["updates"]:
            return self._updates(now_ms, code, who, value)
        if code == coap.POST and path == ["feeds"]:
            return coap.CHANGED, CBOR, self.kit.encode(self.feeds.take(now_ms, value, who))
        if not self._is_named(path, who):
            self._content(now_ms, path, [], None, None)
        raise RemoteError("this resource cannot do that", 0x85)

    def names(self, kind: str, who: "bytes | None") -> "list[str]":
        """The own sensors or actuators that somebody may read: for him there are no others."""
        named: Any = self.sensors if kind == "sensors" else self.actuators
        return [n for n in sorted(named) if self.access.may_read("/" + kind + "/" + n, who)]

    def _is_named(self, path: "list[str]", who: "bytes | None") -> bool:
        """Whether a path is of a sensor or actuator; 4.04 alike for what `who` may not see."""
        if len(path) < 2 or path[0] not in ("sensors", "actuators"):
            return False
        if path[1] not in self.names(path[0], who) or len(path) > 2:
            raise RemoteError("no such " + path[0][:-1], 0x84, f"GET /{path[0]} lists them")
        return True

    def _read(
        self,
        now_ms: int,
        request: "coap.Message",
        accept: "int | None",
        who: "bytes | None",
        value: object,
        asker: "Listener | None",
    ) -> "Answered":
        path = request.path()
        if not self._is_named(path, who):
            self.access.check_read("/" + "/".join(path), who)
        if path == [".well-known", "core"]:
            return coap.CONTENT, LINKS, self.links(request.query(), who)
        if path[:1] == ["sensors"]:
            made = self.readings(now_ms, path, accept, who is None, who)
        else:
            content = self._content(now_ms, path, request.query(), who, value, asker)
            made = represent(self.kit, content, "", accept, who is None)
        return (coap.CONTENT,) + made

    def _updates(self, now_ms: int, code: int, who: bytes, value: object) -> "Answered":
        """Bundles are offered to the one who asks, and to nobody else; a hint is no order."""
        if code == coap.FETCH and self.offered:
            return coap.CONTENT, CBOR, self.kit.encode(self.offered(who, value))
        if code == coap.POST and self.hinted:
            self.hinted(now_ms, who, value)
            return coap.CHANGED, None, b""
        raise RemoteError("this peer offers no updates, and takes none", 0x84)

    def check_put(self, path: list[str], who: bytes) -> None:
        """Raise RemoteError 4.03 if `who` may not set what is at a path."""
        if path[:1] == ["actuators"] and len(path) == 2:
            self.access.check_set(path[1], who)

    def _content(
        self,
        now_ms: int,
        path: list[str],
        query: list[str],
        who: "bytes | None",
        value: object,
        asker: "Listener | None" = None,
    ) -> object:
        if path == ["feeds"]:
            self.feeds.keep(now_ms)
            return self._telling.answer(who, value, query, asker)
        name = "/".join(path)
        made = {"peers": self._peers, "time": self.clock.stamp}.get(name)
        if made:
            return made(now_ms)
        if name == "peer":
            return self.about(now_ms, who)
        if path[:1] == ["actuators"]:
            values = {n: self.actuators[n][1] for n in self.names("actuators", who)}
            return values[path[1]] if len(path) > 1 else values
        if path == ["sensors"]:
            return None  # see readings()
        raise RemoteError("nothing here", 0x84, "GET /.well-known/core lists what there is")

    def about(self, now_ms: int, who: "bytes | None" = None) -> dict[str, object]:
        """Content of /peer, as somebody may see it."""
        stamp = self.clock.stamp(now_ms)
        sensors = self.names("sensors", who)
        errors = {n: self.sensors[n].error for n in sensors}
        about = self.more | {
            "id": self.id,
            "name": self.name,
            "kind": self.kind,
            "keeps": self.keeps,
            "version": VERSION,
            "clock": stamp,
            "uptime": now_ms // 1000,
            "boots": stamp[1],
            "sensors": sensors,
            "actuators": self.names("actuators", who),
            "heap": self.heap() if self.heap else None,
            "verified": self.verified,
            "refused": self.refused,
            "faults": self.kit.guard.count,
            "failing": {n: errors[n] for n in sensors if errors[n] is not None},
        }
        if self.clock.doubt:
            about["clock_doubt"] = self.clock.doubt
        if self.feeds.accused:
            about["forked"] = self.feeds.accused
        own, theirs = self.feeds.own, self.feeds.get(who or b"")
        about |= {"held": theirs.held} if theirs and theirs.held else {}
        if own.trouble or own.is_full:
            about["unpublished"] = [own.unkept, own.trouble or FULL]
        return about

    def _peers(self, now_ms: int) -> list[object]:
        return [
            [c.peer, c.name, [address_text(c.address)], (now_ms - c.heard_ms) // 1000]
            for c in self.contacts.proven()
            if c.address is not None and c.state == "up"
        ]

    def readings(
        self,
        now_ms: int,
        path: list[str],
        accept: "int | None",
        readable: bool,
        who: "bytes | None" = None,
    ) -> "tuple[int, bytes]":
        """The latest under /sensors as (Content-Format, bytes): made at most once a second."""
        if now_ms // 1000 != self._made_s or len(self._made) >= MOST_MADE:
            self._made.clear()
            self._made_s = now_ms // 1000
        seen = path[1:] or self.names("sensors", who)
        names = [n for n in seen if path[1:] or self.sensors[n].value is not None]
        key = (path[1:] != [], tuple(names), accept, readable)
        made = self._made.get(key)
        if made is None:
            records = [self._record(now_ms, name) for name in names]
            self._made[key] = made = represent(self.kit, records, self._base, accept, readable)
        return made

    def measured(self, now_ms: int, name: str, value: object) -> "Sensor":
        """Keep a reading of an own sensor as its latest."""
        sensor = self.sensors[name]
        sensor.value = value
        sensor.taken_ms = now_ms
        sensor.error = None
        self._made.clear()
        return sensor

    def _record(self, now_ms: int, name: str) -> "Record":
        sensor = self.sensors[name]
        if sensor.value is None:
            raise RemoteError(sensor.error or "no reading yet", 0xA3)
        unix_ms = self.clock.stamp(now_ms)[3]
        age_s = (now_ms - sensor.taken_ms) // 1000
        when = unix_ms // 1000 - age_s if unix_ms is not None else -age_s
        return Record(name, sensor.unit, sensor.value, when or None)

    def links(self, query: list[str], who: "bytes | None" = None) -> bytes:
        """Write /.well-known/core as somebody may see it, filtered by a query."""
        sensors, actuators = self.names("sensors", who), self.names("actuators", who)
        from mesh.core.wellknown import write  # noqa: PLC0415 - heap only where it is used

        return write(ids.to_text(self.id), sensors, actuators, query)

    def actuate(self, now_ms: int, name: str, value: object, by: "bytes | None") -> None:
        """Let an actuator do it, as `by` wishes. RemoteError if there is none or it refuses."""
        actuator = self.actuators.get(name)
        if value is None or isinstance(value, (bytes, list, dict)):
            raise RemoteError("an actuator takes a number, a text, true or false")
        if isinstance(value, str) and len(value) > LONGEST:
            raise RemoteError(f"an actuator takes at most {LONGEST} characters", 0x8D)
        if actuator is None:
            raise RemoteError("no such actuator", 0x84, "GET /actuators lists them")
        try:
            actuator[0](value)  # type: ignore[operator]
        except LocalError as refusal:
            raise RemoteError(refusal.detail, 0x80, refusal.help) from None
        actuator[1] = value
        self.did(now_ms, name, value, by)


def address_text(address: "tuple[str, int]") -> str:
    """Write an address as host:port, IPv6 in brackets."""
    host, port = address
    return ("[%s]:%d" if ":" in host else "%s:%d") % (host, port)


def read_address(text: object) -> "tuple[str, int]":
    """Read what address_text writes; RemoteError otherwise."""
    if isinstance(text, str) and len(text) <= 80:
        host, _, port = text.rpartition(":")
        if host[:1] == "[" and host[-1:] == "]":
            host = host[1:-1]
        elif ":" in host:
            host = ""
        number = int(port) if port and len(port) < 6 and not port.strip("0123456789") else 0
        if host and 0 < number < 65536:
            return host, number
    raise RemoteError("not an address")
