"""One running board: its node, its sockets, and its periodic jobs."""

import asyncio
import gc
import os

from mesh.core.address import address_text, read_address
from mesh.core.codec import cbor
from mesh.core.discovery.contact import ASLEEP
from mesh.core.errors import LocalError, MeshError
from mesh.core.events import PeerFound
from mesh.core.kit import Kit
from mesh.core.node import COAP, GROUP, MDNS, Node
from mesh.device import ed25519, identity, parts, resets, room, watchdog, wifi
from mesh.device import ticks as clock
from mesh.device.faults import Faults
from mesh.device.loop import Loop
from mesh.device.sockets import UNIX, Socket

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from mesh.core.policy.settings import Profile
    from mesh.device.console import Console

ALL_COAP = "224.0.1.187"  # RFC 7252 s.12.8
ALL_MDNS = "224.0.0.251"  # RFC 6762 s.3
ANY = "0.0.0.0"
LARGEST_DNS = 1472  # bytes: other responders fill an Ethernet frame with records
FIRST_PORT, PORTS = 49152, 16384  # RFC 6335 s.6
TRIES = 20  # attempts to open a random port
HEAP_MS = 10_000
GOOD_MS = 60_000  # time on the network without a fault, after which this start is good
FEED_MS = 2000
WIFI_S = 10
MOST_KNOWN = 8  # saved peers, through which others are found
KNOWN = "peers"  # the file with the last known addresses: {id: text}


def verify(public: bytes, signature: bytes, data: bytes) -> bool:
    """Check a signature, then collect garbage, so that nothing long-lived lies behind it."""
    good = ed25519.verify(public, signature, data)
    gc.collect()
    return good


class Board:
    """A node and the hardware it runs on. LocalError if identity or settings are invalid.

    `safe`: why this start is for network and repair only, or ""; good() is called when this start
    has proven itself: a peer answered, or it was on the network for GOOD_MS.
    """

    def __init__(
        self,
        profile: "Profile",
        modules: "dict[str, Any]",
        console: "Console",
        safe: str = "",
        good: "Callable[[], None] | None" = None,
    ) -> None:
        self._limits = limits = room.limits_for(profile, console.tell)
        who, self.boots, journal = identity.load(limits.tail)
        self._id = who.public
        self._profile = profile
        self._console = console
        self.tell = console.tell
        ticks = clock.Ticks()
        faults = Faults(console.tell, ticks)
        kit = Kit(identity.sha256, verify, cbor.encode, cbor.decode, os.urandom, faults)
        self.node = node = Node(kit, who, profile, limits, self.boots)
        why, last = journal.restore(own := node.peer.feeds.own)
        if why:
            from mesh.core.replication.resume import leap  # noqa: PLC0415 - heap only where it is used

            leap(kit, own, self.boots, last)
            journal.reset(own.first_seq, own.before)
            console.tell("restarted", feed=why + ", so it goes on with a gap")
        node.newest.wait()
        self._heap = [0, 0]
        node.peer.provide(heap=lambda: self._heap)
        self._tell_more(safe)
        self._sockets: dict[int, Socket] = {}
        self._groups: list[tuple[Socket, str]] = []
        self._own, self._known = "", b""
        self.join_by(wifi.connect, wifi.address)
        self._good = good
        self._dog: Any = None
        self._mdns: Any = None
        self.loop = Loop(node, self._sockets, self._event, ticks, faults)
        self._measuring = parts.add(node, profile, modules, console)

    def _tell_more(self, safe: str) -> None:
        (more := self.node.peer.more)["resets"] = resets.last(self.boots)
        try:
            from mesh.version import VERSION  # type: ignore[import-not-found] # noqa: PLC0415

            more["firmware"] = VERSION
        except ImportError:  # not a built firmware
            pass
        if safe:
            more["safe"] = safe
            self._console.tell("safe", reason=safe)

    async def run(self) -> None:
        """Join the network; what stays there are tasks."""
        profile, loop = self._profile, self.loop
        if profile.sleep:
            from mesh.device.sleep import Sleep  # noqa: PLC0415 - heap only where it is used

            sleep = Sleep(loop, profile, self.tell, self.stop)
            await wifi.connect(profile.wifi, 1, self.tell)
            self.open()
            loop.also(sleep.run)
        else:
            await self._connect(profile.wifi, tell=self.tell)
            self.open()
        if UNIX:
            from mesh.device.on_unix import listen  # noqa: PLC0415 - only there

            loop.also(listen)
        if profile.wifi or profile.setup:
            loop.also(self._stay)
        # no coroutine around it takes of a board's stack (8 KB) in each turn
        asyncio.create_task(loop.run())  # noqa: RUF006 - asyncio has it while it sleeps

    def open(self) -> None:
        """Open the sockets on the present network, and begin."""
        profile, loop, node = self._profile, self.loop, self.node
        self._own = profile.interface or self._address()
        port = self._open_coap(profile.port)
        node.contacts.places.move([(self._own, wifi.bits())] if self._own else [], port)
        how = self._open_dns_sd(port)
        if "ipv6" in profile.layers:
            from mesh.device import ipv6  # noqa: PLC0415 - heap only where it is used

            ipv6.begin(loop, self._sockets, (self._own, port), self.tell, self._mdns)
        now_ms = loop.now()
        if profile.machine_clock:
            node.clock.set(now_ms, clock.unix_ms(), 2)
        self._remember_known(now_ms)
        if profile.promise or profile.relations:
            from mesh.device.promising import begin  # noqa: PLC0415 - heap only where it is used

            begin(loop, profile, self.tell, self._measuring)
        node.start(now_ms, "group" in profile.layers)
        loop.every(self._limits.rejoin_ms, self._refresh)
        for every_ms, measuring in self._measuring:
            loop.every(every_ms, measuring)
        loop.every(HEAP_MS, self._look_at_heap)
        # the loop feeds the watchdog
        dog = self._dog = watchdog.start(profile.watchdog_s)
        if dog:
            loop.every(FEED_MS, lambda _: dog.feed())
        self._console.tell(
            "joined", id=self._id, address=(self._own, port), boots=self.boots, how=how
        )

    def join_by(self, connect: "Callable[..., Any]", address: "Callable[[], str]") -> None:
        """Set how a network is joined, and what our address there is."""
        self._connect, self._address = connect, address

    def stop(self) -> None:
        """Say goodbye, and save what is worth it."""
        self.node.peer.feeds.own.keep()
        self.node.stop(self.loop.now())
        self.loop.settle()
        self._keep_known()
        if self._dog:
            watchdog.stop()

    def _event(self, event: object) -> None:
        self._console.event(event)
        if isinstance(event, PeerFound):
            self._is_good()

    def _is_good(self) -> None:
        if self._good:
            self._good()
            self._good = None

    def _open_coap(self, port: int) -> int:
        """Open the CoAP socket, on any port if that is 0, and join its group. Gives the port."""
        for _ in range(1 if port else TRIES):
            chosen = port or FIRST_PORT + int.from_bytes(os.urandom(2), "big") % PORTS
            if self._open(COAP, self._own, chosen, self._limits.datagram, False):
                break
        else:
            raise LocalError(
                f"{self._own}:{port} cannot be used", "set another port, or 0 for any"
            )
        self.loop.mixed = not UNIX
        if "group" in self._profile.layers and (
            self.loop.mixed or self._open(GROUP, ALL_COAP, 5683, self._limits.datagram, True)
        ):
            self._groups.append((self._sockets[COAP if self.loop.mixed else GROUP], ALL_COAP))
        return chosen

    def _open(self, channel: int, host: str, port: int, most: int, shared: bool) -> bool:
        address = (host if UNIX else ANY, port)
        try:
            self._sockets[channel] = Socket(address, self._own, most, shared)
        except OSError:  # the port is taken
            return False
        return True

    def _open_dns_sd(self, port: int) -> str:
        """Open DNS-SD: a responder if possible, else one-shot queries from the CoAP port."""
        layers, places = self._profile.layers, self.node.contacts.places
        if "dns-sd" in layers and self._open(MDNS, ALL_MDNS, 5353, LARGEST_DNS, True):
            from mesh.core.discovery.mdns import Mdns  # noqa: PLC0415 - heap only where it is used

            self._groups.append((self._sockets[MDNS], ALL_MDNS))
            self._mdns = Mdns(self._limits, os.urandom, self._id, port, [self._own], places)
            self.node.add(self._mdns, MDNS)
            return "dns-sd"
        if "query" in layers:
            from mesh.core.discovery.dnssd import OneShot  # noqa: PLC0415 - as above

            self.node.add(OneShot(self._limits, os.urandom, self._id, places), COAP)
            return "query"
        return "none"

    def _refresh(self, now_ms: int) -> None:
        """Join the groups again: boards lose them, and addresses change."""
        self._rejoin(now_ms, False)
        self._keep_known()

    def _rejoin(self, now_ms: int, away: bool) -> None:
        """Use our present address. If it changed, or we were `away`, contact known peers now."""
        own = self._profile.interface or self._address()
        moved = own != wifi.NO_ADDRESS and (away or own != self._own)
        if moved:
            self._sockets[COAP].move(own)
        for sock, group in self._groups:
            sock.join(group, own)
        if (mdns := self._mdns) is not None:
            if moved:
                mdns.set_addresses(now_ms, [own])
            elif now_ms - (mdns.last_echo_ms or 0) > self._limits.query_ms:
                mdns.announce(now_ms)  # the last announcement did not even come back to us
        if moved and self._own:
            self._own = own
            self.node.contacts.places.move([(own, wifi.bits())])
            self.node.moved(now_ms)
            self._console.tell("rejoined", address=own)

    async def _stay(self) -> None:
        silence = wifi.Silence()
        while True:
            await asyncio.sleep(WIFI_S)
            known = [
                c for c in self.node.contacts.table.values() if c.address and c.state != ASLEEP
            ]
            if silence.lasts(self.loop.now(), self.loop.heard_ms, bool(known)):
                self.tell("wifi", reason="no peer is heard: radio starts anew")
                from mesh.device.wifi_seldom import restart  # noqa: PLC0415 - heap only where it is used

                restart(wifi.MISHAPS)
            away = await self._connect(self._profile.wifi, tell=self.tell)
            if away or self._address() != self._own:
                self._rejoin(self.loop.now(), away)
                self.loop.settle()

    def _look_at_heap(self, now_ms: int) -> None:
        if now_ms > GOOD_MS:
            self._is_good()
        gc.collect()
        self._heap = [gc.mem_alloc(), gc.mem_free()]
        if self._console.as_json:
            self._console.tell("heap", used=self._heap[0], free=self._heap[1])

    def _remember_known(self, now_ms: int) -> None:
        try:
            self._known = identity.read(KNOWN) or b"\xa0"
            known: Any = cbor.decode(self._known)
            for peer in known:
                self.node.candidate(now_ms, peer, read_address(known[peer]), "last")
        except MeshError:  # optional: peers are found without it
            pass

    def _keep_known(self) -> None:
        profile = self._profile
        dear = [profile.introduced_by] + (profile.sleep[1] if profile.sleep else [])
        proven = self.node.contacts.proven()
        # a stable choice, as flash wears out; and not all, as the heap may be fragmented
        ranks = sorted([(c.peer not in dear, not c.pinned, c.peer) for c in proven])
        kept = [rank[2] for rank in ranks[:MOST_KNOWN]]
        proven = [c for c in proven if c.peer in kept]
        known = cbor.encode({c.peer: address_text(c.address) for c in proven if c.address})
        if proven and known != self._known:
            self._known = known
            try:
                identity.write(KNOWN, known)
            except OSError:  # disk full: optional, see above
                pass
