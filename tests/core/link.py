"""A pretend link and clock: peers that speak mDNS, and strangers who say what a test wants."""

from mesh.core.discovery import dns
from mesh.core.discovery.dnssd import GROUP, SERVICE, host, instance
from mesh.core.discovery.mdns import Mdns
from mesh.core.limits import Limits
from mesh.core.peer_id import to_text

TYPES = b"\x09_services\x07_dns-sd\x04_udp\x05local\0"


def peer_id(number):
    return number.to_bytes(4, "big") * 8


def label(number):
    return to_text(peer_id(number))[:16].encode()


def address(number):
    return f"10.0.{number >> 8}.{number & 255}"


def counting(seed):
    """Bytes that look random enough, the same on both interpreters."""
    state = [seed]

    def random(n):
        out = []
        for _ in range(n):
            state[0] = (state[0] * 1103515245 + 12345) % 2147483648
            out.append(state[0] >> 16 & 255)
        return bytes(out)

    return random


class Link:
    """Peers on one link and a clock. What is multicast reaches all, the sender too, a ms later."""

    def __init__(self):
        self.now = 1000
        self.peers = {}  # source address -> Mdns or OneShot
        self.events = {}
        self.log = []  # (ms, source, target, data) of all that was sent
        self.flying = []
        self.mute = set()  # sources whose datagrams are lost

    def add(self, number, **limits):
        node = Mdns(Limits(**limits), counting(number), peer_id(number), 5683, [address(number)])
        return self.place((address(number), 5353), node)

    def place(self, source, node):
        self.peers[source] = node
        self.events[source] = []
        return node

    def hear(self, source, data, target=GROUP):
        """A datagram of a stranger, for all on the link."""
        self.flying.append((source, target, data))
        self.settle()

    def settle(self):
        """Take what all have to say, until they are silent."""
        for source in sorted(self.peers):
            while sending := self.peers[source].next_send():
                self.log.append((self.now, source, sending[0], sending[1]))
                if source not in self.mute:
                    self.flying.append((source, sending[0], sending[1]))
        self.deliver()
        for source in sorted(self.peers):
            while event := self.peers[source].next_event():
                self.events[source].append(event)

    def deliver(self):
        while self.flying:
            source, target, data = self.flying.pop(0)
            for to in sorted(self.peers):
                if to == target or (target == GROUP and to[1] == 5353):
                    self.peers[to].receive(self.now, source, data)

    def run(self, ms):
        end = self.now + ms
        self.settle()
        for _ in range(10_000):
            due = [at for at in [p.wake_at() for p in self.peers.values()] if at is not None]
            if not due or min(due) > end:
                self.now = end
                return
            self.now = max(self.now, min(due))
            for source in sorted(self.peers):
                self.peers[source].tick(self.now)
            self.settle()
        raise AssertionError("the link never rests")

    def sent(self, source=None, response=None):
        """What was sent, parsed: (ms, target, message)."""
        out = []
        for ms, by, target, data in self.log:
            message = dns.parse(data)
            if source in (None, by) and response in (None, message[1] > 0x7FFF):
                out.append((ms, target, message))
        return out


def records(number, port=5683, at=None, text=None, ttl=4500):
    """PTR, SRV, TXT and A of a peer, as it should announce them."""
    name = instance(label(number))
    if text is None:
        text = b"\x03v=1\x37id=" + to_text(peer_id(number)).encode()
    location = b"\0\0\0\0" + port.to_bytes(2, "big") + host(label(number))
    return [
        dns.Record(SERVICE, dns.PTR, False, ttl, name),
        dns.Record(name, dns.SRV, True, min(ttl, 120), location),
        dns.Record(name, dns.TXT, True, ttl, text),
        dns.Record(
            host(label(number)), dns.A, True, min(ttl, 120), dns.host_bytes(at or address(number))
        ),
    ]


def gaps(times):
    return [times[at + 1] - times[at] for at in range(len(times) - 1)]


def response(found, more=0):
    return dns.build(0, dns.RESPONSE, [], found, more)


def question(*questions, **options):
    return dns.build(
        options.get("id", 0),
        options.get("flags", 0),
        [(name, kind, options.get("unicast", False)) for name, kind in questions],
        options.get("known", []),
    )


def alone(**limits):
    """One started peer that has said all that it wants to say."""
    link = Link()
    node = link.add(1, **limits)
    node.start(link.now)
    link.run(5000)
    link.log = []
    link.events[(address(1), 5353)] = []
    return link, node


ME = (address(1), 5353)
STRANGER = ("10.0.9.9", 5353)
