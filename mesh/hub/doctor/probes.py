"""Multicast probe: sends and receives real datagrams on one interface for a short time."""

import asyncio
import contextlib
import ipaddress
import secrets
import socket
from dataclasses import dataclass, field

import psutil

from mesh.core import codes
from mesh.core.coap import message as coap
from mesh.core.errors import RemoteError
from mesh.hub.net.interfaces import joined_only

MDNS = ("224.0.0.251", 5353)
GROUP = ("224.0.1.187", 5683)
# its first byte is of neither CoAP nor a likely DNS message
ECHO = b"\xffothermesh doctor hears itself by "
SERVICE = b"\x0a_othermesh\x04_udp\x05local\x00"
ANY_SERVICE = b"\x09_services\x07_dns-sd\x04_udp\x05local\x00"
PTR_IN = b"\x00\x0c\x00\x01"
DNS_HEADER = 12  # bytes, RFC 1035 s.4.1.1
MOST_HOSTS = 100  # hosts counted one by one

Address = tuple[str, int]


@dataclass
class Hearing:
    """What was received on an interface: our own echoes by group, and other senders."""

    interface: str
    address: str
    echoes: set[str] = field(default_factory=set)
    mdns: set[str] = field(default_factory=set)  # other hosts that speak mDNS
    peers: set[str] = field(default_factory=set)  # other hosts that answer as peers
    error: str | None = None
    own: set[Address] = field(default_factory=set)

    @property
    def looped(self) -> bool:
        """Whether this is the loopback interface, where all have our address."""
        return ipaddress.ip_address(self.address).is_loopback

    def note(self, data: bytes, source: Address) -> None:
        """Classify a datagram. Those of this computer say nothing about the network."""
        if data.startswith(ECHO):
            self.echoes.add(data[len(ECHO) :].decode("ascii", "replace"))
            return
        if source in self.own or (source[0] == self.address and not self.looped):
            return
        if len(self.mdns) + len(self.peers) >= MOST_HOSTS:
            return
        if _is_peer(data):
            self.peers.add(source[0])
        if source[1] == MDNS[1]:
            self.mdns.add(source[0])


class _Ear(asyncio.DatagramProtocol):
    def __init__(self, hearing: Hearing) -> None:
        self._hearing = hearing

    def datagram_received(self, data: bytes, addr: Address) -> None:
        self._hearing.note(data, addr)


def interfaces(wanted: str | None = None) -> list[tuple[str, str]]:
    """(name, IPv4 address) of all interfaces that are up except loopback, or of the wanted one."""
    states = psutil.net_if_stats()
    found = [
        (name, entry.address)
        for name, entries in psutil.net_if_addrs().items()
        for entry in entries
        if entry.family == socket.AF_INET and name in states and states[name].isup
    ]
    if wanted is not None:
        return [pair for pair in found if wanted in pair]
    return [pair for pair in found if not ipaddress.ip_address(pair[1]).is_loopback]


async def listen(interface: str, address: str, window_s: float) -> Hearing:
    """Query both groups on this interface, and collect what comes within `window_s`."""
    hearing = Hearing(interface, address)
    async with contextlib.AsyncExitStack() as open_sockets:
        try:
            asker = await _open(open_sockets, hearing, 0)
            # taken by another program: only unicast replies are received
            with contextlib.suppress(OSError):
                await _open(open_sockets, hearing, MDNS[1])
            port = asker.get_extra_info("sockname")[1]
            for group in (MDNS[0], GROUP[0]):
                asker.sendto(ECHO + group.encode(), (group, port))
            asker.sendto(_mdns_question(), MDNS)
            asker.sendto(_coap_question(), GROUP)
        except OSError as error:
            hearing.error = error.strerror or str(error)
            return hearing
        await asyncio.sleep(window_s)
    return hearing


async def _open(
    open_sockets: contextlib.AsyncExitStack, hearing: Hearing, port: int
) -> asyncio.DatagramTransport:
    sock = open_sockets.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    share(sock)
    own = socket.inet_aton(hearing.address)
    sock.bind(("", port))
    joined_only(sock)
    for group in (MDNS[0], GROUP[0]):
        member = socket.inet_aton(group) + own
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, member)
    sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, own)
    sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, 1)
    if port == 0:
        hearing.own.add((hearing.address, sock.getsockname()[1]))
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(lambda: _Ear(hearing), sock=sock)
    open_sockets.callback(transport.close)
    return transport


def share(sock: socket.socket) -> None:
    """Let a socket share its port with others that allow it, as mDNS responders do."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if hasattr(socket, "SO_REUSEPORT"):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)


def _mdns_question() -> bytes:
    """A one-shot query (RFC 6762 s.5.1) for our service and for any."""
    number = bytes([0x80 | secrets.randbelow(64), secrets.randbelow(256)])
    counts = b"\x00\x00\x00\x02\x00\x00\x00\x00\x00\x00"
    return number + counts + SERVICE + PTR_IN + ANY_SERVICE + PTR_IN


def _coap_question() -> bytes:
    message = coap.Message(coap.GET, type=coap.NON, mid=secrets.randbelow(65536))
    for part in (".well-known", "core"):
        message.add(coap.URI_PATH, part)
    return coap.build(message.add(coap.URI_QUERY, "rt=othermesh.peer"))


def _is_peer(data: bytes) -> bool:
    if data[:1] and data[0] >> 6 == 1:  # CoAP, version 1
        try:
            message = coap.parse(data)
        except RemoteError:
            return False
        return message.code == codes.CONTENT and b'rt="othermesh.peer"' in message.payload
    answers = data[6:8]
    return len(data) > DNS_HEADER and data[2] >> 7 == 1 and any(answers) and SERVICE[:-7] in data
