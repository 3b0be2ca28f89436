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

    from mesh.core.access import Access
    from mesh.core.clock import Clock
    from mesh.core.contacts import Contacts
    from mesh.core.primitives import Identity, Kit
    from mesh.core.telling import Listener, Telling

    Answered = tuple[int, int | None, bytes]

VERSION = 0
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
    # /updates: offered(who, wish) to a peer; hinted(now_ms, who) that there is one to look at
    offered: "Callable[[bytes, object], object] | None" = None
    hinted: "Callable[[int, bytes], None] | None" = None
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
        self.kit = kit
        self.id = identity.public
        self.access = access
        self.clock = clock
        self.contacts = contacts
        self.feeds = telling.feeds
        self._telling = telling
        self.did: Callable[[int, str, object, bytes | None], None] = nothing
        self.sensors: dict[str, Sensor] = {}
        self.actuators: dict[str, list[object]] = {}  # name -> [apply, value]
        self.more: dict[str, object] = {}
        self._base = "urn:othermesh:" + ids.to_text(self.id) + ":"
        self._made: dict[tuple[str, int | None, bool], tuple[int, bytes]] = {}
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
            self.access.check_read("/" + "/".join(path), who)
            if path == [".well-known", "core"]:
                return coap.CONTENT, LINKS, self.links(request.query())
            if path[:1] == ["sensors"]:
                made = self.readings(now_ms, path, accept, who is None)
            else:
                content = self._content(now_ms, path, request.query(), who, value, asker)
                made = represent(self.kit, content, "", accept, who is None)
            return (coap.CONTENT,) + made
        if who is not None and code == coap.PUT and len(path) == 2 and path[0] == "actuators":
            self.actuate(now_ms, path[1], value, who)
            return coap.CHANGED, None, b""
        if who is not None and path == ["updates"]:
            return self._updates(now_ms, code, who, value)
        if code == coap.POST and path == ["feeds"]:
            return coap.CHANGED, CBOR, self.kit.encode(self.feeds.take(now_ms, value, who))
        self._content(now_ms, path, [], None, None)
        raise RemoteError("this resource cannot do that", 0x85)

    def _updates(self, now_ms: int, code: int, who: bytes, value: object) -> "Answered":
        """Bundles are offered to the one who asks, and to nobody else; a hint is no order."""
        if code == coap.FETCH and self.offered:
            return coap.CONTENT, CBOR, self.kit.encode(self.offered(who, value))
        if code == coap.POST and self.hinted:
            self.hinted(now_ms, who)
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
        about = lambda at_ms: self.about(at_ms, who)  # noqa: E731 - like the others
        made = {"peer": about, "peers": self._peers, "time": self.clock.stamp}.get(name)
        if made:
            return made(now_ms)
        if path[:1] == ["actuators"] and len(path) < 3:
            if len(path) == 1:
                names = [n for n in self.actuators if self.access.is_open("/actuators/" + n)]
                return {name: self.actuators[name][1] for name in names}
            if path[1] in self.actuators:
                return self.actuators[path[1]][1]
        if path[:1] == ["sensors"]:
            return self._records(now_ms, path)
        raise RemoteError("nothing here", 0x84, "GET /.well-known/core lists what there is")

    def about(self, now_ms: int, who: "bytes | None" = None) -> dict[str, object]:
        """Content of /peer, for `who` asks."""
        stamp = self.clock.stamp(now_ms)
        about = self.more | {
            "id": self.id,
            "name": self.name,
            "kind": self.kind,
            "keeps": self.keeps,
            "version": VERSION,
            "clock": stamp,
            "uptime": now_ms // 1000,
            "boots": stamp[1],
            "sensors": sorted(self.sensors),
            "actuators": sorted(self.actuators),
            "heap": self.heap() if self.heap else None,
            "verified": self.verified,
            "refused": self.refused,
            "faults": self.kit.guard.count,
            "failing": {n: s.error for n, s in self.sensors.items() if s.error is not None},
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
        self, now_ms: int, path: list[str], accept: "int | None", readable: bool
    ) -> "tuple[int, bytes]":
        """The latest under /sensors as (Content-Format, bytes): made at most once a second."""
        if now_ms // 1000 != self._made_s:
            self._made.clear()
            self._made_s = now_ms // 1000
        key = ("/".join(path), accept, readable)
        made = self._made.get(key)
        if made is None:
            records = self._records(now_ms, path)
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

    def _records(self, now_ms: int, path: list[str]) -> "list[Record]":
        names = sorted(self.sensors) if len(path) == 1 else path[1:2]
        if len(path) > 2 or (names and names[0] not in self.sensors):
            raise RemoteError("no such sensor", 0x84, "GET /sensors lists them")
        records = []
        unix_ms = self.clock.stamp(now_ms)[3]
        for name in names:
            sensor = self.sensors[name]
            if len(path) == 1 and (
                sensor.value is None or not self.access.is_open("/sensors/" + name)
            ):
                continue
            if sensor.value is None:
                raise RemoteError(sensor.error or "no reading yet", 0xA3)
            age_s = (now_ms - sensor.taken_ms) // 1000
            when = unix_ms // 1000 - age_s if unix_ms is not None else -age_s
            records.append(Record(name, sensor.unit, sensor.value, when or None))
        return records

    def links(self, query: list[str]) -> bytes:
        """Write /.well-known/core (RFC 6690), filtered by a query as in its section 4.1."""
        entries = [("peer", 'peer";ep="' + ids.to_text(self.id) + '"')]
        entries += [("peers", 'peers"'), ("time", 'time"'), ("feeds", 'feeds";obs')]
        entries.append(("sensors", 'sensors"'))
        for name in sorted(self.sensors):
            entries.append(("sensors/" + name, 'sensor";obs;ct="110 112"'))
        entries.append(("actuators", 'actuators"'))
        for name in sorted(self.actuators):
            entries.append(("actuators/" + name, 'actuator"'))
        links = []
        for path, attributes in entries:
            full = 'rt="othermesh.' + attributes
            if False not in [_matches(path, full, part) for part in query]:
                links.append("</" + path + ">;" + full)
        return ",".join(links).encode()

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


def _matches(path: str, attributes: str, query: str) -> bool:
    key, _, wanted = query.partition("=")
    if key == "href":
        value = "/" + path
    else:
        at = (";" + attributes).find(";" + key + '="')
        if at < 0:
            return False
        value = attributes[at + len(key) + 2 :].split('"', 1)[0]
    if wanted.endswith("*"):
        return any(part.startswith(wanted[:-1]) for part in [value] + value.split(" "))
    return wanted == value or wanted in value.split(" ")


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
