"""DNS-SD on several interfaces: each tells what is valid on its link, none disturbs another."""

import asyncio
import contextlib
import socket

import pytest
from announced import LIMIT_S, LOOPBACK, ONE, TWO, Heard, announced
from zeroconf import DNSIncoming

from mesh.core import peer_id as ids
from mesh.core.errors import LocalError
from mesh.hub.doctor import probes
from mesh.hub.net import announcer
from mesh.hub.net.announcer import valid_on, ways
from mesh.hub.net.interfaces import Local

# as of two interfaces that are joined to one link
BRIDGED = [*LOOPBACK, Local("127.0.0.2", 0, 8)]
TTL_S = 120  # of a host's addresses (RFC 6762 s.10)
NOT_HERE = Local("192.0.2.77", 4077, 24)


class Ear(asyncio.DatagramProtocol):
    """Hears what is said of a host on loopback, as it was sent."""

    def __init__(self, host):
        self.heard = []
        self._host = host
        self._changed = asyncio.Event()

    @classmethod
    @contextlib.asynccontextmanager
    async def open(cls, host):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            probes.share(sock)
            member = socket.inet_aton(probes.MDNS[0]) + socket.inet_aton("127.0.0.1")
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, member)
            sock.bind(("", probes.MDNS[1]))
            loop = asyncio.get_running_loop()
            transport, ear = await loop.create_datagram_endpoint(lambda: cls(host), sock=sock)
            yield ear
            transport.close()

    def datagram_received(self, data, addr):
        records = DNSIncoming(data).answers()
        if any(record.name == self._host for record in records):
            self.heard += records
            self._changed.set()

    def of(self, address):
        """The records that give the host this address."""
        data = socket.inet_aton(address)
        found = [one for one in self.heard if getattr(one, "address", None) == data]
        return [one for one in found if one.name == self._host]

    async def until(self, address, ttl):
        """Wait until the host is said to have an address, for that long (0: no more)."""
        while not any(one.ttl == ttl for one in self.of(address)):
            self._changed.clear()
            await self._changed.wait()

    def goodbyes(self):
        return [one for one in self.heard if one.ttl == 0]


def test_two_interfaces_on_one_link_never_say_goodbye_to_each_other():
    host = f"om-{ids.to_text(TWO)[:16]}.local."

    async def main():
        async with (
            asyncio.timeout(LIMIT_S),
            Ear.open(host) as ear,
            announced(ONE, 5001) as (heard, _),
        ):
            async with announced(TWO, 5002, BRIDGED) as (_, two):
                await ear.until("127.0.0.1", TTL_S)
                await ear.until("127.0.0.2", TTL_S)
                for at, again in ((LOOPBACK, "127.0.0.1"), (BRIDGED, "127.0.0.2")):
                    ear.heard.clear()
                    await two.update(at)
                    await ear.until(again, TTL_S)
                    assert not ear.goodbyes()
                assert heard.withdrawn.empty()
            await ear.until("127.0.0.1", 0)
            await ear.until("127.0.0.2", 0)
            assert await heard.withdrawn.get() == TWO

    asyncio.run(main())


def test_who_is_on_two_links_is_there_until_both_say_goodbye():
    async def main():
        heard = Heard()
        one = heard.discovery(ONE, 5001)
        properties = {b"v": b"1", b"id": ids.to_text(TWO).encode()}
        for way in ("eth0", "wlan0"):
            one._found(way, "two", properties, [("192.0.2.2", 5002)])
        one._gone("eth0", "two")
        assert heard.withdrawn.empty()
        one._gone("wlan0", "two")
        assert heard.withdrawn.get_nowait() == TWO

    asyncio.run(main())


def test_nobody_is_told_from_an_interface_that_went():
    async def main():
        async with asyncio.timeout(LIMIT_S), announced(ONE, 5001) as (heard, one):
            async with announced(TWO, 5002):
                await heard.candidates.get()
                await one.update([])
                assert not one._announcers
                assert not one._ids
                await one.update(LOOPBACK)
                assert await heard.candidates.get() == (TWO, [("127.0.0.1", 5002)])
            assert await heard.withdrawn.get() == TWO

    asyncio.run(main())


def test_each_interface_is_a_way_of_its_own():
    lan = [Local("192.0.2.7", 2, 24), Local("192.0.2.70", 2, 24), Local("fe80::1%eth0", 2, 64)]
    docker = [Local("172.17.0.1", 3, 16)]
    tunnel = [Local("2001:db8::1", 4, 64)]
    loop = [*LOOPBACK, Local("::1", 1, 128)]
    found = ways([*docker, *tunnel, *loop, *lan])
    assert list(found) == [
        (1, "127.0.0.1", False),
        (2, "192.0.2.7", True),
        (3, "172.17.0.1", False),
        (4, "", True),
    ]
    everywhere = [*docker, *tunnel, *loop, *lan]
    assert [valid_on(here, everywhere) for here in found.values()] == [
        ["172.17.0.1", "2001:db8::1", "192.0.2.7", "192.0.2.70"],
        ["192.0.2.7", "192.0.2.70", "fe80::1%eth0"],
        ["172.17.0.1"],
        ["2001:db8::1"],
    ]
    assert valid_on(loop, loop) == ["127.0.0.1", "::1"]
    assert not ways([Local("::1", 1, 128)])


def test_of_many_interfaces_those_of_real_networks_stay():
    containers = [Local(f"fe80::{n}%veth{n}", n, 64) for n in range(3, 60)]
    lan = [Local("192.0.2.7", 2, 24), Local("10.0.0.1", 99, 24)]
    found = list(ways([*containers, *LOOPBACK, *lan]))
    assert len(found) == announcer.MOST_WAYS
    assert [way.interface for way in found[:5]] == [1, 2, 99, 3, 4]


def test_an_interface_that_cannot_be_used_costs_no_other():
    async def main():
        async with announced(ONE, 5001, [NOT_HERE, *LOOPBACK]) as (_, one):
            assert list(one._announcers) == list(ways(LOOPBACK))
        with pytest.raises(LocalError, match="port 5353: "):
            await Heard().discovery(ONE, 5001).start([NOT_HERE])

    asyncio.run(main())
