"""A small asyncio runtime for core.mdns or core.oneshot alone, on a real socket.

As a program, it is one peer: python mdns_runner.py mdns|query NUMBER ADDRESS. It prints a line for
each event and ends with its standard input.
"""

import asyncio
import json
import os
import socket
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))

from mesh.core.discovery.dnssd import OneShot, is_dns  # noqa: E402
from mesh.core.discovery.mdns import Mdns  # noqa: E402
from mesh.core.events import Announced  # noqa: E402 - the program finds them by the line above
from mesh.core.limits import Limits  # noqa: E402
from mesh.core.peer_id import INSTANCE, to_text  # noqa: E402

GROUP = "224.0.0.251"
PORT = 5353
COAP = 5683


def peer_id(number):
    return bytes([number]) * 32


def text_of(number):
    return to_text(peer_id(number))


def label_of(number):
    return text_of(number)[:INSTANCE]


def open_socket(address, port):
    """A UDP socket that multicasts by the interface with this address; port 5353 is shared."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    own, group = socket.inet_aton(address), socket.inet_aton(GROUP)
    sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, own)
    sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 255)
    if port == PORT:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    sock.bind(("", port) if port == PORT else (address, port))
    if port == PORT:
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, group + own)
    sock.setblocking(False)
    return sock


class Runner:
    """Drives a core object; `events` holds what it told."""

    def __init__(self, core, sock, told=None):
        self.core = core
        self.events = []
        self._told = told
        self._sock = sock
        self._loop = asyncio.get_running_loop()
        self._timer = None
        self._changed = asyncio.Event()

    def __enter__(self):
        self._loop.add_reader(self._sock, self._readable)
        self.core.start(now_ms())
        self._work()
        return self

    def __exit__(self, *_):
        if isinstance(self.core, Mdns):
            self.core.stop(now_ms())
            self._work()
        if self._timer:
            self._timer.cancel()
        self._loop.remove_reader(self._sock)
        self._sock.close()

    async def until(self, condition, seconds=20):
        """Wait for the condition to hold after some event."""
        async with asyncio.timeout(seconds):
            while not condition():
                self._changed.clear()
                await self._changed.wait()

    async def until_told(self, event):
        await self.until(lambda: event in self.events)

    def _readable(self):
        data, source = self._sock.recvfrom(65_536)
        if isinstance(self.core, Mdns) or is_dns(data):
            self.core.receive(now_ms(), source, data)
        self._work()

    def _work(self):
        while sending := self.core.next_send():
            self._sock.sendto(sending[1], sending[0])
        while event := self.core.next_event():
            self.events.append(event)
            self._changed.set()
            if self._told:
                self._told(event)
        if self._timer:
            self._timer.cancel()
        if (due := self.core.wake_at()) is not None:
            self._timer = self._loop.call_later(max(0, due - now_ms()) / 1000, self._tick)

    def _tick(self):
        self.core.tick(now_ms())
        self._work()


def now_ms():
    return time.monotonic_ns() // 1_000_000


def responder(number, address, told=None):
    """A runner of a full responder and browser, on port 5353."""
    core = Mdns(Limits(), os.urandom, peer_id(number), COAP, [address])
    return Runner(core, open_socket(address, PORT), told)


def asker(number, address, told=None):
    """A runner that only asks, from a port of its own."""
    return Runner(OneShot(Limits(), os.urandom, peer_id(number)), open_socket(address, 0), told)


def tell(event):
    row = [type(event).__name__, to_text(event.peer)]
    if isinstance(event, Announced):
        row += [*event.address, event.how]
    print(json.dumps(row), flush=True)


async def main(kind, number, address):
    make = {"mdns": responder, "query": asker}[kind]
    with make(int(number), address, tell):
        loop = asyncio.get_running_loop()
        ended = asyncio.Event()
        loop.add_reader(sys.stdin, ended.set)
        await ended.wait()
        loop.remove_reader(sys.stdin)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
