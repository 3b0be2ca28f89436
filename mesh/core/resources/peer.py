"""The state of one peer as its resources show it, and the dispatch of requests to them."""

from mesh.core import codes, peer_id
from mesh.core.coap import message as coap
from mesh.core.codec.formats import CBOR, COSE, SENML, represent
from mesh.core.errors import LocalError, RemoteError
from mesh.core.kit import nothing
from mesh.core.policy.access import Access
from mesh.core.resources.resource import NOTHING, READING, Asked, doing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from mesh.core.clock import Clock
    from mesh.core.discovery.contacts import Contacts
    from mesh.core.kit import Identity, Kit
    from mesh.core.policy.settings import Profile
    from mesh.core.replication.publisher import Publisher
    from mesh.core.resources.own_sensors import Sensor
    from mesh.core.resources.resource import Pack, Resource

    Answered = tuple[int, int | None, bytes, int | None]

LONGEST = 64  # characters of a text for an actuator, as it has to fit into an entry


class Peer:
    """The state of this peer, and its actuators. `keeps`: whether it keeps the feeds of all others
    too; `more`: further fields of /peer. The callables are set by provide().
    """

    verified = refused = 0
    heap: "Callable[[], list[int]] | None" = None
    offered: "Callable[[bytes, object], object] | None" = None
    hinted: "Callable[[int, bytes, object], None] | None" = None
    did: "Callable[[int, str, object, bytes | None], None]" = nothing

    def __init__(  # noqa: PLR0913, PLR0917 - all that it tells about
        self,
        kit: "Kit",
        identity: "Identity",
        profile: "Profile",
        keeps: bool,
        clock: "Clock",
        contacts: "Contacts",
        telling: "Publisher",
        resources: "tuple[Resource, ...]",
    ) -> None:
        self.kit, self.id = kit, identity.public
        self.profile, self.keeps = profile, keeps
        self.access = Access(profile.share, profile.allow, profile.introduced_by)
        self.clock, self.contacts = clock, contacts
        self.feeds, self.telling = telling.feeds, telling
        self.sensors: dict[str, Sensor] = {}
        self.actuators: dict[str, list[object]] = {}  # name -> [apply, value]
        # things that the owner names, by kind: what is at /KIND/NAME
        self.things: dict[str, Any] = {"sensors": self.sensors, "actuators": self.actuators}
        # further fields of /peer; a runtime adds its features (docs/registry.md)
        self.more: dict[str, Any] = {"features": ["evidence", "overlay"]}
        self.base = peer_id.base_name(self.id)
        self.made: dict[tuple[int, str], Pack] = {}  # (second, names): cached answers of /sensors
        self.resources = resources

    def provide(
        self,
        heap: "Callable[[], list[int]] | None" = None,
        offered: "Callable[[bytes, object], object] | None" = None,
        hinted: "Callable[[int, bytes, object], None] | None" = None,
        did: "Callable[[int, str, object, bytes | None], None] | None" = None,
        resources: "tuple[Resource, ...]" = (),
    ) -> None:
        """Set the callables of parts that this peer has, and leave the others: heap() -> [used,
        free] in bytes; for /updates, offered(who, wish) -> what FETCH gives, hinted(now_ms, who,
        what) for POST; did(now_ms, actuator, value, by) is called after an actuator was set.
        `resources` are added to those that it has.
        """
        self.heap = heap or self.heap
        self.offered = offered or self.offered
        self.hinted = hinted or self.hinted
        self.did = did or self.did
        self.resources += resources

    def asked(
        self,
        request: "coap.Message",
        who: "bytes | None",
        asker: object = None,
    ) -> Asked:
        """Parse a request without its body and find its resource.

        `who`: the peer id that signed it, or None; `asker`: the observer of /feeds that it may
        become. RemoteError 4.01 if its method has to be signed.
        """
        code = request.code
        path, accept = request.path(), request.uint(coap.ACCEPT)
        full, below, found = "/".join(path), path[1:] and path[0] + "/*", NOTHING
        for of in self.resources:
            if of.path in (full, below):
                found = of
        if who is None and code != coap.GET and (found is NOTHING or doing(found, code)):
            raise RemoteError(
                "not signed", codes.UNAUTHORIZED, "sign it (docs/protocol.md, section 4)"
            )
        return Asked(found, code, path, request.query(), accept, who, asker, None)

    def answer(self, now_ms: int, asked: Asked) -> "Answered":
        """Answer a request: (code, Content-Format, payload, time in ms when it is out of date),
        with None for what does not apply.

        RemoteError tells why it is refused. Access to PUT is checked before: see Server.
        """
        of, formats, accept = asked.of, asked.of.formats, asked.accept
        if asked.code != coap.PUT:
            of.access(self, asked)
        if of is NOTHING:
            raise RemoteError(
                "nothing here", codes.NOT_FOUND, "GET /.well-known/core lists what there is"
            )
        do = doing(of, asked.code)
        if do is None:
            raise RemoteError("this resource cannot do that", codes.NOT_ALLOWED)
        value = do(self, now_ms, asked)
        if asked.code not in READING:
            if value is None:
                return codes.CHANGED, None, b"", None
            return codes.CHANGED, CBOR, self.kit.encode(value), None
        is_open = asked.who is None
        if accept == COSE:
            accept = formats[-1]  # a signed answer for all has one format
        form, payload = represent(self.kit, value, formats, accept, is_open)
        return codes.CONTENT, form, payload, value[2] if formats == SENML else None

    def names(self, kind: str, who: "bytes | None") -> "list[str]":
        """The names at /kind, such as /sensors, that `who` may read; it learns of no others."""
        return [
            n for n in sorted(self.things[kind]) if self.access.may_read("/" + kind + "/" + n, who)
        ]

    def is_private(self, asked: Asked) -> bool:
        """Whether the answer to a signed request depends on who asks.

        Such a request has to be fresh: who replays a recorded one would read what is new since.
        """
        of = asked.of
        for kind in self.things:
            if self.names(kind, asked.who) != self.names(kind, None):
                return True
        if of.more and not of.read:  # only signed requests are answered there
            return True
        return not self.access.is_open("/" + "/".join(asked.path))

    def judged(self, peer: "bytes | None", good: bool) -> None:
        """Count whether a message that claims to be by `peer` passed verification."""
        self.verified += good
        self.refused += not good
        contact = self.contacts.get(peer) if peer else None
        if contact is not None:
            contact.judged(good)

    def measured(self, now_ms: int, name: str, value: object) -> "Sensor":
        """Set the latest reading of an own sensor."""
        sensor = self.sensors[name]
        sensor.value = value
        sensor.taken_ms = now_ms
        sensor.error = None
        self.made.clear()
        return sensor

    def actuate(self, now_ms: int, name: str, value: object, by: "bytes | None") -> None:
        """Set an actuator on behalf of `by`. RemoteError if it does not exist or refuses."""
        actuator = self.actuators.get(name)
        if value is None or isinstance(value, (bytes, list, dict)):
            raise RemoteError("it takes a number, a text, true or false")
        if isinstance(value, str) and len(value) > LONGEST:
            raise RemoteError(f"an actuator takes at most {LONGEST} characters", codes.TOO_LARGE)
        if actuator is None:
            raise RemoteError("no such actuator", codes.NOT_FOUND, "GET /actuators lists them")
        try:
            actuator[0](value)  # type: ignore[operator]
        except LocalError as refusal:
            raise RemoteError(refusal.detail, codes.BAD_REQUEST, refusal.help) from None
        actuator[1] = value
        self.did(now_ms, name, value, by)
