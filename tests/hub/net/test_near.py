"""Sockets of their own for peers that are known: what others send does not stand before theirs."""

import asyncio
import socket
import sys

import pytest

from mesh.hub.net import udp
from mesh.hub.net.udp import Udp

HOST = "127.0.0.1"
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux chooses sockets so")


class Ears:
    """A Udp on loopback, and what it hears."""

    def __init__(self):
        self.heard = []
        self.news = asyncio.Event()
        self.udp = Udp(self._deliver, lambda: None, lambda: None, 1500, [HOST])
        self.udp.open(0)

    def _deliver(self, _channel, source, data):
        self.heard.append((source, data))
        self.news.set()

    async def next(self, count=1):
        while len(self.heard) < count:
            self.news.clear()
            await self.news.wait()
        return self.heard


def sender():
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind((HOST, 0))
    sock.settimeout(5)
    return sock


def test_the_known_are_heard_however_much_others_send():
    async def main():
        ears = Ears()
        with sender() as known, sender() as stranger:
            here = (HOST, ears.udp.port)
            ears.udp.keep_near([known.getsockname()])
            for _ in range(20_000):  # far more than the queue for everybody holds
                stranger.sendto(bytes(400), here)
            known.sendto(b"hello", here)
            async with asyncio.timeout(10):
                while (known.getsockname(), b"hello") not in ears.heard:
                    await ears.next(len(ears.heard) + 1)
            assert len(ears.heard) <= udp.BATCH + 1  # it did not stand in line
        ears.udp.close()

    asyncio.run(main())


def test_answers_leave_by_the_same_port():
    async def main():
        ears = Ears()
        with sender() as known:
            for _ in range(2):
                ears.udp.send(known.getsockname(), b"to you")
                data, source = known.recvfrom(100)
                assert (data, source) == (b"to you", (HOST, ears.udp.port))
                ears.udp.keep_near([known.getsockname()])
            ears.udp.keep_near([])
            known.sendto(b"still there?", (HOST, ears.udp.port))
            async with asyncio.timeout(5):
                assert (await ears.next())[0][1] == b"still there?"
        ears.udp.close()

    asyncio.run(main())


def test_others_still_find_the_port_taken():
    async def main():
        one, two = Ears(), Ears()
        port = one.udp.port
        two.udp.close()
        two.udp.open(port)
        assert two.udp.port != port
        for ears in (one, two):
            ears.udp.close()

    asyncio.run(main())


def test_whoever_comes_later_is_heard_in_a_crowd():
    """Who is not known yet waits longer, but is read in the end."""

    async def main():
        ears = Ears()
        with sender() as known, sender() as stranger:
            ears.udp.keep_near([known.getsockname()])
            for n in range(100):
                stranger.sendto(bytes((n,)), (HOST, ears.udp.port))
            async with asyncio.timeout(10):
                heard = await ears.next(100)
            assert [data[0] for _, data in heard] == list(range(100))
        ears.udp.close()

    asyncio.run(main())
