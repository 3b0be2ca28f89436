"""A program that tells what a link hears of DNS-SD: python ears.py IPV4-ADDRESS INTERFACE.

It asks as a responder does (from port 5353) and as a simple client does (from any other port,
RFC 6762 s.6.7), by IPv4 and IPv6, and writes a JSON line for each record that comes.
"""

import asyncio
import json
import os
import socket
import sys

from zeroconf import DNSIncoming, DNSOutgoing, DNSQuestion

TYPE = "_othermesh._udp.local."
PTR, ANY, IN = 12, 255, 1
PORT = 5353
V4, V6 = "224.0.0.251", "ff02::fb"
AGAIN_S = 1


class Ear(asyncio.DatagramProtocol):
    """Tells the records of each answer, and asks about the hosts in it."""

    def __init__(self, name, hosts):
        self._name = name
        self._hosts = hosts

    def datagram_received(self, data, addr):
        message = DNSIncoming(data)
        if message.is_query():
            return
        for record in message.answers():
            row = {"event": "record", "by": self._name, "source": addr[0], "ttl": record.ttl,
                   "of": record.name, "type": record.type}  # fmt: skip
            if hasattr(record, "address"):
                family = socket.AF_INET if len(record.address) == 4 else socket.AF_INET6
                row["address"] = socket.inet_ntop(family, record.address)
                self._hosts.add(record.name)
            print(json.dumps(row), flush=True)


def open_socket(family, address, interface, port):
    """A socket of one link; on port 5353 it hears the group."""
    sock = socket.socket(family, socket.SOCK_DGRAM)
    for option in (socket.SO_REUSEADDR, socket.SO_REUSEPORT):
        sock.setsockopt(socket.SOL_SOCKET, option, 1)
    if family == socket.AF_INET:
        own, group = socket.inet_aton(address), socket.inet_aton(V4)
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, own)
        if port:
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, group + own)
    else:
        index = socket.if_nametoindex(interface)
        group = socket.inet_pton(family, V6) + index.to_bytes(4, sys.byteorder)
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, index)
        if port:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, group)
    sock.bind(("", port))
    return sock


def question(hosts):
    """Who is there, and where are those that were told of? With a number of its own."""
    out = DNSOutgoing(0)
    out.add_question(DNSQuestion(TYPE, PTR, IN))
    for host in sorted(hosts)[:20]:
        out.add_question(DNSQuestion(host, ANY, IN))
    return os.urandom(2) + out.packets()[0][2:]


async def main(address, interface):
    loop, hosts = asyncio.get_running_loop(), set()
    asking = []
    for family, group in ((socket.AF_INET, V4), (socket.AF_INET6, V6)):
        for port, how in ((PORT, "multicast"), (0, "unicast")):
            sock = open_socket(family, address, interface, port)
            name = f"{how} {'IPv4' if group == V4 else 'IPv6'}"
            transport, _ = await loop.create_datagram_endpoint(
                lambda name=name: Ear(name, hosts), sock=sock
            )
            asking.append((transport, group))
    print(json.dumps({"event": "listens"}), flush=True)
    while True:
        for transport, group in asking:
            transport.sendto(question(hosts), (group, PORT))
        await asyncio.sleep(AGAIN_S)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
