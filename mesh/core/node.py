"""One peer of the mesh, sans-I/O: a runtime drives all its parts through five verbs.

Call receive, tick or a command; then send each next_send() until None and handle each next_event()
until None; then sleep until wake_at() or the next datagram. An early tick does nothing.
"""

from mesh.core import events
from mesh.core.clock import Clock
from mesh.core.coap.endpoint import Endpoint
from mesh.core.discovery.contact import UP
from mesh.core.discovery.contacts import Contacts
from mesh.core.discovery.dnssd import is_dns
from mesh.core.discovery.group import GroupSearch
from mesh.core.discovery.liveness import Liveness
from mesh.core.events import ObserverGone, PeerFound, Refused, Requested
from mesh.core.feed.feeds import Feeds
from mesh.core.kit import nothing
from mesh.core.policy.retention import Interest
from mesh.core.replication.publisher import Publisher
from mesh.core.replication.rollback import Rollback
from mesh.core.resources.peer import Peer
from mesh.core.resources.resource_table import RESOURCES
from mesh.core.resources.server import Server
from mesh.core.security.admission import Gate
from mesh.core.security.signed_client import SignedClient
from mesh.core.things import Things

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from mesh.core.errors import RemoteError
    from mesh.core.kinds.accepting import Kind
    from mesh.core.kit import Identity, Kit
    from mesh.core.limits import Limits
    from mesh.core.policy.settings import Profile
    from mesh.core.replication.replicator import Replicator
    from mesh.core.resources.resource import Resource

    Source = tuple[str, int] | None
COAP = 0  # the unicast CoAP socket
GROUP = 1  # came in by the CoAP group
MDNS = 2  # the socket on port 5353
MIXED = 3  # came by the unicast socket or the group: boards cannot tell
MOST_EVENTS = 512
REST_MS = 1000  # pause after a fault, so that one that repeats cannot keep the processor busy


class Node:
    """One peer, sans-I/O, made of parts. `boots`: how often it was started; `resources`: what
    others may request of it; `kinds`: kinds of entries, by default those of
    mesh.core.kinds.accepting; `replicating`: None if it keeps no feeds of others.

    A part has those it needs of start(now_ms, group), tick(now_ms), due_ms or wake_at(),
    moved(now_ms), stop(now_ms), outcome(now_ms, event) -> whether it had asked for that. With a
    channel also receive(now_ms, source, data), next_send() and next_event().
    """

    replicating: "Replicator | None" = None
    serves, holds, collects, carries, knows = Server, Peer, Feeds, Endpoint, Contacts

    def __init__(  # noqa: PLR0913, PLR0917 - all that a peer is made of
        self,
        kit: "Kit",
        identity: "Identity",
        profile: "Profile",
        limits: "Limits",
        boots: int,
        kinds: "Mapping[str, Kind] | None" = None,
        resources: "tuple[Resource, ...]" = RESOURCES,
    ) -> None:
        self.limits = limits
        self._kinds = kinds
        self.profile = profile
        self._guard = kit.guard
        self._rest_ms = 0
        self.clock = Clock(boots, profile.introduced_by)
        # each start's Observe numbers are newer than the last one's (24 bits, RFC 7641 s.3.4)
        known_at = lambda address: self.contacts.at(address)  # noqa: E731, PLW0108 - not there yet
        self.endpoint = endpoint = self.carries(limits, kit.random, boots << 21, known_at)
        contact = lambda peer: self.contacts.get(peer)  # noqa: E731, PLW0108 - not there yet
        self._interest = interest = Interest(profile, contact)
        self.follows = interest.follows
        heard: Callable[..., None] = nothing
        if interest.any:
            # heap only where it is used
            from mesh.core.kinds.accepting import Accepting  # noqa: PLC0415

            heard = Accepting(self, self._kinds, self._untrue)
        hooks = interest.wants, heard, self.emit
        feeds = self.collects(kit, identity, limits, boots, hooks)
        telling = Publisher(kit, feeds, endpoint, self._linked)
        known = telling.listens, interest.vouched
        contacts = self.knows(limits, kit.random, identity.public, *known)
        self.contacts: Contacts = contacts
        self.peer = self.holds(
            kit, identity, profile, interest.keeps, self.clock, contacts, telling, resources
        )
        self.gate = gate = Gate(
            kit, identity, endpoint, contacts.at, limits, profile.introduced_by
        )
        self.serving = self.serves(self.peer, gate, endpoint, self.emit, self._seen, telling)
        self.asks = SignedClient(kit, identity, endpoint)
        self.acting = Things(self.peer, self.serving, profile, limits.head_ms, self.emit)
        self.newest = Rollback(kit, feeds, self.asks, contacts, self.emit, self.acting.publish)
        self.greeting = Liveness(kit, self.asks, contacts, limits, self.emit, self._about)
        self.searching = GroupSearch(endpoint, contacts, limits.query_ms)
        self._parts: list[Any] = [self.asks, endpoint, self.searching, self.greeting]
        self._parts += [self.newest, self.acting, telling, contacts, self.acting.rules]
        self._finders: list[Any] = []  # (channel, part)
        self._follow(kit, feeds)
        self._events: list[object] = []
        # the commands, each with the part that does it
        self.add_sensor = self.acting.add_sensor
        self.add_actuator = self.acting.add_actuator
        self.reading = self.acting.reading
        self.sensor_failed = self.acting.sensor_failed

    def _follow(self, kit: "Kit", feeds: Feeds) -> None:
        """Add replication, if the owner wants feeds of other peers."""
        if not self._interest.any:
            return
        # imported here: not all boards spend heap on it
        from mesh.core.replication.neighbours import Links  # noqa: PLC0415
        from mesh.core.replication.replicator import Replicator  # noqa: PLC0415

        limits, interest = self.limits, self._interest
        links = Links(self.contacts, limits, kit.random, interest, feeds)
        self.replicating = Replicator(kit, self.asks, feeds, links, limits, self._untrue)
        self.add(self.replicating)

    def add(self, part: "Any", channel: "int | None" = None) -> None:  # noqa: ANN401 - see above
        """Add a part, before start(). `channel`: MDNS, or COAP for DNS that comes there."""
        self._parts.append(part)
        if channel is not None:
            self._finders.append((channel, part))

    def _all(self, name: str) -> "list[Any]":
        """Collect an attribute of all parts that have it."""
        return [getattr(part, name) for part in self._parts if hasattr(part, name)]

    def write(self, now_ms: int, kind: str, body: object) -> "tuple[int, int]":
        """Add an entry to the own feed; `kind` is a registered one or private ("x-..."). Gives its
        seq, and when tick() will store, sign and announce it. LocalError, and nothing is written,
        if the kind is unknown, the body invalid or the feed full.
        """
        from mesh.core.kinds.accepting import check  # noqa: PLC0415 - heap only where it is used

        check(self._kinds, kind, body)
        return self.acting.append(now_ms, kind, body)

    def start(self, now_ms: int, group: bool) -> None:
        """Begin to look for other peers; with `group` also by CoAP group discovery."""
        for given, address in self.profile.peers:
            self.candidate(now_ms, given, address, "given")
            if given is not None:
                self.contacts.pin(now_ms, given)
        for peer in self._interest.followed:
            self.contacts.pin(now_ms, peer)
        for start in self._all("start"):
            start(now_ms, group)
        self._work(now_ms)

    def stop(self, now_ms: int) -> None:
        """Say goodbye to other peers. Send what next_send() still gives."""
        for stop in self._all("stop"):
            stop(now_ms)

    def receive(self, now_ms: int, channel: int, source: "tuple[str, int]", data: bytes) -> None:
        """Handle a datagram that came on a channel: COAP, GROUP, MDNS or MIXED."""
        self._guard("datagram", self._take, now_ms, channel, source, data)
        self._work(now_ms)

    def _take(self, now_ms: int, channel: int, source: "tuple[str, int]", data: bytes) -> None:
        if channel == MDNS or (channel != GROUP and is_dns(data)):
            for at, part in self._finders:
                if (at == MDNS) == (channel == MDNS):
                    part.receive(now_ms, source, data)
        else:
            self.endpoint.receive(now_ms, source, data, channel == GROUP, channel == MIXED)

    def tick(self, now_ms: int) -> None:
        """Do what is due. Call it at wake_at(), or earlier. After a fault it pauses a second."""
        if now_ms >= self._rest_ms:
            for tick in self._all("tick"):
                if self._guard("tick", tick, now_ms):
                    self._rest_ms = now_ms + REST_MS
        self._work(now_ms)

    def wake_at(self) -> "int | None":
        """When to call tick next, in ms, or None."""
        due = self._all("due_ms") + [wake_at() for wake_at in self._all("wake_at")]
        due = [at for at in due if at is not None]
        return max(min(due), self._rest_ms) if due else None

    def next_send(self) -> "tuple[int, tuple[str, int], bytes] | None":
        """The next datagram to send, as (COAP or MDNS, address, data), or None."""
        for channel, part in [(COAP, self.endpoint)] + self._finders:
            if (sending := part.next_send()) is not None:
                return channel, sending[0], sending[1]
        return None

    def next_event(self) -> object:
        """The next event for the runtime (mesh.core.events), or None."""
        return self._events.pop(0) if self._events else None

    def candidate(
        self, now_ms: int, peer: "bytes | None", address: "tuple[str, int]", how: str
    ) -> None:
        """Note where a peer may be. If its id is unknown, the address is asked for it."""
        if peer is None:
            self.searching.given(now_ms, address)
        else:
            self.contacts.add(now_ms, peer, address, how)

    def withdrawn(self, now_ms: int, peer: bytes) -> None:
        """Check whether a peer still answers, as its announcement was withdrawn."""
        if (contact := self.contacts.get(peer)) is not None:
            self.contacts.schedule(contact, now_ms)

    def moved(self, now_ms: int) -> None:
        """Contact all known peers: this one is on a network again, or has another address."""
        for moved in self._all("moved"):
            moved(now_ms)
        for contact in self.contacts.proven():
            self.contacts.schedule(contact, now_ms)

    def emit(self, event: object) -> None:
        """Queue an event for the runtime. Of a full queue the oldest is dropped."""
        if len(self._events) >= MOST_EVENTS:
            self._events.pop(0)
        self._events.append(event)
        if isinstance(event, PeerFound) and self.replicating is not None:
            self.replicating.look(-1)
            self.replicating.links.came.append(event.peer)

    def _work(self, now_ms: int) -> None:
        while (event := self.endpoint.next_event()) is not None:
            try:
                self._handle(now_ms, event)
            except MemoryError:
                self.endpoint.put_back(event)
                raise
        for _, part in self._finders:
            while (event := part.next_event()) is not None:
                self._guard("discovery", self._hint, now_ms, event)
        self._guard("telling", self.serving.telling.flush, now_ms)

    def _handle(self, now_ms: int, event: "Any") -> None:  # noqa: ANN401 - of the endpoint
        guard, serving = self._guard, self.serving
        if isinstance(event, Requested):
            if why := guard("request", serving.requested, now_ms, event):
                serving.failed(now_ms, event, why)
        elif isinstance(event, ObserverGone):
            guard("observer", serving.gone, event.ticket)
        elif guard("answer", self._outcome, now_ms, event) and not getattr(event, "more", 1):
            # tell the caller that there is no answer
            guard("answer", self._outcome, now_ms, events.Failed(event[0], "a fault of ours"))

    def _hint(self, now_ms: int, event: "Any") -> None:  # noqa: ANN401 - Announced or Withdrawn
        if isinstance(event, events.Announced):
            self.contacts.add(now_ms, event.peer, event.address, event.how)
        else:
            self.withdrawn(now_ms, event.peer)

    def _outcome(self, now_ms: int, event: "Any") -> None:  # noqa: ANN401 - Answered or Failed
        for part in self._parts:  # not _all(), as memory for a list may be lacking
            if hasattr(part, "outcome") and part.outcome(now_ms, event):
                return

    def _seen(self, now_ms: int, sender: bytes, source: "tuple[str, int]") -> None:
        contact = self.contacts.get(sender)
        if contact is not None:
            contact.judged(True)
            if contact.state == UP and contact.address == source:
                return
        self.contacts.add(now_ms, sender, source, "asked us")

    def _linked(self, now_ms: int, peer: bytes, address: "tuple[str, int]") -> None:
        """Consider a peer that has just made this one its link as a link of this one."""
        self.contacts.add(now_ms, peer, address, "asked us")
        replicating = self.replicating
        if replicating is not None and self.peer.keeps and peer not in replicating.links.table:
            replicating.look(now_ms)

    def _about(self, now_ms: int, peer: bytes, stamp: "list[Any] | None", held: object) -> None:
        if stamp is not None and self._interest.vouched(peer):
            self.clock.vote(now_ms, peer, stamp)
        if self.replicating is not None and self.replicating.links.elsewhere(peer):
            self.replicating.look(-1)
        self.newest.told(now_ms, peer, held)

    def _untrue(
        self, now_ms: int, peer: "bytes | None", source: "Source", error: "RemoteError"
    ) -> None:
        self.peer.judged(peer, False)
        self.emit(Refused(source, peer, error.code, error.detail))
