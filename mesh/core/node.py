"""A whole peer for a runtime to drive: endpoint, peer and discovery behind five verbs.

Call receive, tick or a command; then send each next_send() until None and handle each next_event()
until None; then sleep until wake_at() or the next datagram. An early tick does nothing.
"""

from mesh.core import events
from mesh.core.access import Access
from mesh.core.acting import Acting
from mesh.core.asks import Asks
from mesh.core.clock import Clock
from mesh.core.contacts import UP, Contacts
from mesh.core.endpoint import Endpoint
from mesh.core.events import ObserverGone, PeerFound, Reading, Refused, Requested
from mesh.core.feeds import Feeds
from mesh.core.gate import Gate
from mesh.core.greeting import Greeting
from mesh.core.interest import Interest
from mesh.core.newest import Newest
from mesh.core.oneshot import is_dns
from mesh.core.peer import Peer
from mesh.core.primitives import nothing
from mesh.core.searching import Searching
from mesh.core.serving import Serving
from mesh.core.telling import Telling

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from mesh.core.errors import RemoteError
    from mesh.core.limits import Limits
    from mesh.core.mdns import Mdns
    from mesh.core.oneshot import OneShot
    from mesh.core.primitives import Identity, Kit
    from mesh.core.replicating import Replicating
    from mesh.core.senml import Record
    from mesh.core.settings import Profile

    Source = tuple[str, int] | None
COAP = 0  # the unicast CoAP socket
GROUP = 1  # came in by the CoAP group
MDNS = 2  # the socket on port 5353
MIXED = 3  # came by the unicast socket or the group: boards cannot tell
MOST_EVENTS = 512
REST_MS = 1000  # so that a fault that stays cannot keep the processor busy


class Node:
    """One peer. `boots`: how often it started, ever. Set `mdns` or `oneshot` for DNS-SD here.
    `replicating` is None in whoever keeps nothing of others.
    """

    replicating: "Replicating | None" = None
    serves, holds = Serving, Peer

    def __init__(
        self, kit: "Kit", identity: "Identity", profile: "Profile", limits: "Limits", boots: int
    ) -> None:
        self.limits = limits
        self.profile = profile
        self._guard = kit.guard
        self._rest_ms = 0
        self.clock = Clock(boots, profile.introduced_by)
        # Observe numbers of each start are newer than those of the last one (24 bits, in a circle)
        self.endpoint = Endpoint(limits, kit.random, boots << 21)
        contact = lambda peer: self.contacts.get(peer)  # noqa: E731, PLW0108 - not there yet
        self._interest = interest = Interest(profile, contact)
        feeds = Feeds(kit, identity, limits, boots, (interest.wants, self._heard(), self.emit))
        telling = Telling(kit, feeds, self.endpoint, self._linked)
        known = telling.listens, interest.vouched
        self.contacts: Contacts = Contacts(limits, kit.random, identity.public, *known)
        access = Access(profile.share, profile.allow, profile.introduced_by)
        self.peer = self.holds(kit, identity, access, self.clock, self.contacts, telling)
        self.peer.name = profile.name
        self.peer.keeps = interest.keeps
        self.gate = gate = Gate(
            kit, identity, self.endpoint, self.contacts, limits, profile.introduced_by
        )
        self.serving = self.serves(self.peer, gate, self.endpoint, self.emit, self._seen, telling)
        self.asks = Asks(kit, identity, self.endpoint)
        self.acting = Acting(self.peer, self.serving, profile, limits.head_ms, self.emit)
        self.newest = Newest(kit, feeds, self.asks, self.contacts, self.emit, self.acting.publish)
        self.greeting = Greeting(kit, self.asks, self.contacts, limits, self.emit, self._about)
        self.searching = Searching(self.endpoint, self.contacts, limits.query_ms)
        self._follow(kit, feeds)
        # who asks others: outcome(now_ms, event) -> whether it was theirs
        self.askers: list[Any] = [self.asks, self.searching]
        self.mdns: Mdns | None = None
        self.oneshot: OneShot | None = None
        self._events: list[object] = []
        # the commands, each with the part that does it
        self.add_sensor = self.acting.add_sensor
        self.add_actuator = self.acting.add_actuator
        self.reading = self.acting.reading
        self.sensor_failed = self.acting.sensor_failed

    def _heard(self) -> "Callable[..., None]":
        """What looks into the entries that are newly accepted."""
        if not self._interest.any:
            return nothing
        # heap only where it is used
        from mesh.core.following import Following  # noqa: PLC0415

        return Following(self._interest.follows, self._told, self._untrue, self._slept).heard

    def _follow(self, kit: "Kit", feeds: Feeds) -> None:
        """How what is kept of others is come by."""
        if not self._interest.any:
            return
        # heap only where it is used
        from mesh.core.links import Links  # noqa: PLC0415
        from mesh.core.replicating import Replicating  # noqa: PLC0415

        limits, interest = self.limits, self._interest
        links = Links(self.contacts, limits, kit.random, interest, feeds)
        self.replicating = Replicating(kit, self.asks, feeds, links, limits, self._untrue)

    def start(self, now_ms: int, group: bool) -> None:
        """Begin to look for others; with `group` by CoAP group discovery too."""
        for given, address in self.profile.peers:
            self.candidate(now_ms, given, address, "given")
            if given is not None:
                self.contacts.pin(now_ms, given)
        for peer in self._interest.followed:
            self.contacts.pin(now_ms, peer)
        for layer in (self.mdns, self.oneshot):
            if layer is not None:
                layer.start(now_ms)
        self.searching.start(now_ms, group)
        self.newest.start(now_ms)
        self._work(now_ms)

    def stop(self, now_ms: int) -> None:
        """Say goodbye; what next_send() then gives should still be sent."""
        if self.mdns is not None:
            self.mdns.stop(now_ms)

    def receive(self, now_ms: int, channel: int, source: "tuple[str, int]", data: bytes) -> None:
        """Take in a datagram that came on a channel: COAP, GROUP or MDNS."""
        self._guard("datagram", self._take, now_ms, channel, source, data)
        self._work(now_ms)

    def _take(self, now_ms: int, channel: int, source: "tuple[str, int]", data: bytes) -> None:
        if channel == MDNS:
            if self.mdns is not None:
                self.mdns.receive(now_ms, source, data)
        elif channel != GROUP and is_dns(data):
            if self.oneshot is not None:
                self.oneshot.receive(now_ms, source, data)
        else:
            self.endpoint.receive(now_ms, source, data, channel == GROUP, channel == MIXED)

    def tick(self, now_ms: int) -> None:
        """Do what is due. Call at wake_at(), or earlier. After a fault it rests: what failed may
        still be due.
        """
        if now_ms >= self._rest_ms:
            looking: list[Any] = [self.endpoint, self.mdns, self.oneshot, self.searching]
            looking += [self.greeting, self.newest, self.acting, self.replicating]
            for part in looking:
                if part is not None and self._guard("tick", part.tick, now_ms):
                    self._rest_ms = now_ms + REST_MS
        self._work(now_ms)

    def wake_at(self) -> "int | None":
        """When tick is to be called next, or None."""
        waking: list[Any] = [self.endpoint, self.mdns, self.oneshot]
        dated: list[Any] = [self.searching, self.acting, self.newest, self.replicating]
        dated += [self.serving.telling, self.contacts]
        due = [part.wake_at() for part in waking if part is not None]
        due += [part.due_ms for part in dated if part is not None]
        due = [at for at in due if at is not None]
        return max(min(due), self._rest_ms) if due else None

    def next_send(self) -> "tuple[int, tuple[str, int], bytes] | None":
        """Give the next datagram to send: (COAP or MDNS, address, data), or None."""
        for channel, layer in ((COAP, self.endpoint), (MDNS, self.mdns), (COAP, self.oneshot)):
            sending = layer.next_send() if layer is not None else None
            if sending is not None:
                return channel, sending[0], sending[1]
        return None

    def next_event(self) -> object:
        """Give the next event of mesh.core.events, or None."""
        return self._events.pop(0) if self._events else None

    def candidate(
        self, now_ms: int, peer: "bytes | None", address: "tuple[str, int]", how: str
    ) -> None:
        """Take a hint where a peer may be; without its id, the address is asked who is there."""
        if peer is None:
            self.searching.given(now_ms, address)
        else:
            self.contacts.add(now_ms, peer, address, how)

    def withdrawn(self, now_ms: int, peer: bytes) -> None:
        """Somebody said that a peer left: ask that peer itself."""
        if (contact := self.contacts.get(peer)) is not None:
            self.contacts.schedule(contact, now_ms)

    def moved(self, now_ms: int) -> None:
        """We are back on a network, or at another address: tell all who knew us."""
        self.searching.again(now_ms)
        if self.replicating is not None:
            self.replicating.moved(now_ms)
        for contact in self.contacts.proven():
            self.contacts.schedule(contact, now_ms)

    def emit(self, event: object) -> None:
        """Have the runtime told of an event; the oldest go if it does not listen."""
        if len(self._events) >= MOST_EVENTS:
            self._events.pop(0)
        self._events.append(event)
        if isinstance(event, PeerFound) and self.replicating is not None:
            self.replicating.due_ms = -1
            self.replicating.links.came.append(event.peer)

    def _work(self, now_ms: int) -> None:
        while (event := self.endpoint.next_event()) is not None:
            try:
                self._handle(now_ms, event)
            except MemoryError:
                self.endpoint.put_back(event)
                raise
        for layer in (self.mdns, self.oneshot):
            while layer is not None and (event := layer.next_event()) is not None:
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
            # whoever waits for it learns that there is none
            guard("answer", self._outcome, now_ms, events.Failed(event[0], "a fault of ours"))

    def _hint(self, now_ms: int, event: "Any") -> None:  # noqa: ANN401 - Announced or Withdrawn
        if isinstance(event, events.Announced):
            self.contacts.add(now_ms, event.peer, event.address, event.how)
        else:
            self.withdrawn(now_ms, event.peer)

    def _outcome(self, now_ms: int, event: "Any") -> None:  # noqa: ANN401 - Answered or Failed
        for asker in self.askers:
            if asker.outcome(now_ms, event):
                return

    def _seen(self, now_ms: int, sender: bytes, source: "tuple[str, int]") -> None:
        contact = self.contacts.get(sender)
        if contact is not None:
            contact.verified += 1
            if contact.state == UP and contact.address == source:
                return
        self.contacts.add(now_ms, sender, source, "asked us")

    def _linked(self, now_ms: int, peer: bytes, address: "tuple[str, int]") -> None:
        """A peer has made us its link: it may be one for us."""
        self.contacts.add(now_ms, peer, address, "asked us")
        replicating = self.replicating
        if replicating is not None and self.peer.keeps and peer not in replicating.links.table:
            replicating.due_ms = now_ms

    def _told(
        self, now_ms: int, author: bytes, seq: int, clock: list[object], record: "Record"
    ) -> None:
        contact = self.contacts.get(author)
        if contact is not None:
            contact.verified += 1
        self.peer.verified += 1
        self.emit(Reading(author, seq, record.name, record.unit, record.value, clock))
        self.acting.judge(now_ms, author, record.name, record.value)

    def _about(self, now_ms: int, peer: bytes, stamp: "list[Any] | None", held: object) -> None:
        if stamp is not None and self._interest.vouched(peer):
            self.clock.vote(now_ms, peer, stamp)
        self.newest.told(now_ms, peer, held)

    def _slept(self, now_ms: int, author: bytes, seconds: int) -> None:
        if (contact := self.contacts.get(author)) is not None and contact.address is not None:
            self.contacts.asleep(now_ms, contact, seconds)

    def _untrue(
        self, now_ms: int, peer: "bytes | None", source: "Source", error: "RemoteError"
    ) -> None:
        self.peer.refused += 1
        contact = self.contacts.get(peer) if peer else None
        if contact is not None:
            contact.refused += 1
        self.emit(Refused(source, peer, error.code, error.detail))
