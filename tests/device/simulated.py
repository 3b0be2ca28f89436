"""A whole board in pretend time, on a pretend network, for MicroPython: its own files, unchanged.

Stand-ins: the clock, the sockets, and Ed25519 by a hash, which is quick (tests/core/world.py).
"""

import sys

from world import World, sha256, verify

HASHES = "mesh.device.ed25519"


class Ed25519:
    """In place of mesh.device.ed25519."""

    verify = staticmethod(verify)

    @staticmethod
    def public_key(secret):
        return sha256(b"public" + secret)

    @staticmethod
    def sign(secret, public, data):
        return sha256(b"1" + public + data) + sha256(b"2" + public + data)


sys.modules[HASHES] = Ed25519
import mesh.device  # noqa: E402

mesh.device.ed25519 = Ed25519
from mesh.core.policy.settings import parse  # noqa: E402
from mesh.device import board, loop, ticks  # noqa: E402


class Nothing:
    """In place of gc where there is heap enough: seconds of collecting add up to hours."""

    collect = staticmethod(lambda: None)
    mem_alloc = mem_free = collect


class Sock:
    """Datagrams that wait to be taken by the world."""

    def __init__(self, address, own, most, shared=False):
        self.sent = []

    def join(self, group, own):
        pass

    def move(self, own):
        pass

    def send(self, address, data):
        self.sent.append((address, data))


class Console:
    """What a board tells."""

    as_json = False

    def __init__(self):
        self.told = []

    def tell(self, what, **fields):
        self.told.append((what, fields))

    def event(self, event):
        self.told.append((type(event).__name__, event))
        del self.told[:-50]


board.Socket = Sock


class Simulated:
    """One start of a board as a node of a World. `settings`: its settings, `modules`: by kind."""

    def __init__(self, world, address, settings, modules=None, **more):
        start = world.now
        ticks.Ticks = lambda: lambda: world.now - start
        self.world = world
        self.console = Console()
        given = {"port": address[1], "discovery": {"layers": [], "interface": address[0]}}
        profile = parse(dict(given, **settings))
        self.board = board.Board(profile, modules or {}, self.console, **more)
        self.node = self.board.node
        self._at = 0
        self.board.open()
        world.nodes[address] = self
        world.events.setdefault(address, [])
        self._start = start
        self.tick(world.now)

    def receive(self, now_ms, channel, source, data):
        self.node.receive(now_ms - self._start, channel, source, data)
        self._settle()

    def tick(self, now_ms):
        self._at = self.board.loop.turn()

    def wake_at(self):
        at = self.node.wake_at()
        return self._start + (self._at if at is None else min(at, self._at))

    def _settle(self):
        self.board.loop.settle()

    def next_send(self):
        self._settle()
        for channel, sock in self.board._sockets.items():
            if sock.sent:
                address, data = sock.sent.pop(0)
                return channel, address, data
        return None

    def next_event(self):
        return None


__all__ = ("Nothing", "Simulated", "World", "loop")
