"""IPv6 of a board, by unicast: a socket beside that of IPv4, at the same port.

MicroPython joins no IPv6 group (docs/networks.md, "IPv6"), but sends to one: what goes to the
group of DNS-SD goes to that of IPv6 too, and whoever is there answers by unicast. A board with an
ESP32 cannot take part: its MicroPython has no IPv6 address, and tells none of a sender.
"""

import asyncio
import gc
import os
import socket
import sys

from mesh.core.discovery.dnssd import OneShot
from mesh.core.node import COAP
from mesh.device import wifi
from mesh.device.sockets import UNIX, Socket

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from mesh.core.discovery.mdns import Mdns
    from mesh.device.loop import Loop

WORKS = ("rp2", "linux")  # sys.platform
LACKING = "MicroPython has no IPv6 on this kind of board; it goes on with IPv4"
GROUP, ITS_COPY = "224.0.0.251", "ff02::fb"  # RFC 6762 s.3
BITS = 64  # of a network
LINK = "%w0"  # a Pico's only interface; MicroPython names none
LOOK_MS = 10_000  # an address comes some seconds after the network, and changes with its router
BATCH = 8  # datagrams before other tasks may run


def scoped(text: str) -> str:
    """An address of MicroPython as the core has it: lower case, link-local ones with a link."""
    text = text.lower()
    return text + LINK if text.startswith("fe80:") else text


def addresses(own: str) -> list[str]:
    """The IPv6 addresses of this board; of a virtual one at `own` those of the machine."""
    if UNIX:
        from mesh.device.unix_ipv6 import addresses6  # noqa: PLC0415 - only there

        return addresses6(own)
    import network  # noqa: PLC0415 - not on unix

    try:
        return [scoped(row[0]) for row in network.WLAN(network.STA_IF).ipconfig("addr6")]
    except wifi.MISHAPS:
        return []


class Socket6(Socket):
    """A UDP socket for IPv6 at all of the board's addresses. OSError if it fails."""

    def __init__(self, port: int, most: int) -> None:
        self._most = most
        self._lacks = 0
        self._port = port
        self._sock = sock = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        try:
            sock.setblocking(False)
            if UNIX:
                from mesh.device.unix_ipv6 import bind6  # noqa: PLC0415 - only there

                bind6(sock, port)
            else:
                sock.bind(("::", port))
        except OSError:
            sock.close()
            raise

    def _take(self) -> "tuple[bytes, Any]":
        data, source = super()._take()
        return data, source if UNIX else (scoped(source[0]), source[1])

    def send(self, address: "tuple[str, int]", data: bytes) -> None:
        """Send a datagram. It may be lost, as in UDP."""
        host = address[0]
        super().send((host if UNIX else host.partition("%")[0], address[1]), data)


class Both:
    """The sockets of IPv4 and IPv6 as one for sending. What is read from it came by IPv4."""

    def __init__(self, four: Socket, six: Socket6) -> None:
        self._four = four
        self._six = six
        self.move, self.join, self.receive = four.move, four.join, four.receive
        self.links = {""}  # of the board, for groups

    def send(self, address: "tuple[str, int]", data: bytes) -> None:
        """Send a datagram; to the group of DNS-SD by both."""
        host, port = address
        if ":" in host:
            self._six.send(address, data)
            return
        self._four.send(address, data)
        if host == GROUP:
            for link in sorted(self.links):
                self._six.send((ITS_COPY + link, port), data)


class Addresses:
    """Notes the board's IPv6 addresses, for its node and what it announces."""

    def __init__(self, loop: "Loop", own: str, sending: Both, mdns: "Mdns | None") -> None:
        self._loop = loop
        self._own = own
        self._sending = sending
        self._mdns = mdns
        self._before: list[str] = []

    def look(self, now_ms: int) -> None:
        """See whether they changed."""
        own = self._own if UNIX else wifi.address()
        found = addresses(own)
        every = [own] + found
        if every == self._before:
            return
        self._before = every
        networks = [(own, wifi.bits())] + [(text, BITS) for text in found]
        self._loop.node.contacts.places.move(networks)
        self._sending.links = {text[text.find("%") :] for text in found if "%" in text} or {""}
        if self._mdns is not None:
            self._mdns.set_addresses(now_ms, every)


def begin(
    loop: "Loop",
    sockets: "dict[int, Any]",
    at: "tuple[str, int]",
    tell: "Callable[..., None]",
    mdns: "Mdns | None",
) -> None:
    """Take part by IPv6 too, if this MicroPython can; else tell("ipv6", reason=). `at`: the own
    IPv4 address; `mdns`: the responder, if there is one.
    """
    node = loop.node
    try:
        if sys.platform not in WORKS:
            raise OSError(LACKING)
        six = Socket6(at[1], node.limits.datagram)
    except OSError as error:
        tell("ipv6", reason=str(error))
        return
    sockets[COAP] = both = Both(sockets[COAP], six)
    if mdns is not None:  # hears and sends by IPv4 alone
        one = OneShot(node.limits, os.urandom, node.peer.id, node.contacts.places)
        node.add(one, COAP)
    loop.every(LOOK_MS, Addresses(loop, at[0], both, mdns).look)

    async def listen() -> None:
        while True:
            for _ in range(BATCH):
                try:
                    data, source = await six.receive()
                except MemoryError:
                    break
                loop.heard_ms = loop.now()
                loop.take(COAP, source, data)
            gc.collect()
            await asyncio.sleep_ms(0)  # type: ignore[attr-defined]

    loop.also(listen)
