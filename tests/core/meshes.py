"""Meshes of whole nodes that keep each other's feeds, on a pretend network."""

from world import World

KEEP = {"keep": [{}]}


class Mesh:
    """`count` peers that keep everything, each with a sensor; all know the first one's address."""

    def __init__(self, count, settings=None, **limits):
        self.world = World()
        self.nodes = []
        self.addresses = []
        limits.setdefault("peers", 128)
        limits.setdefault("foreign_tail", 128)
        limits.setdefault("foreign_bytes", 1 << 16)
        limits.setdefault("outgoing", 64)
        limits.setdefault("observers", 32)
        limits.setdefault("head_ms", 1000)
        limits.setdefault("remotes", 200)
        limits.setdefault("candidates", 128)
        limits.setdefault("hello_per_s", 50)
        limits.setdefault("verify_per_s", 2000)
        limits.setdefault("senders", 200)
        self.limits = limits
        self.settings = settings or KEEP
        self.traffic = {}
        self.world.lose = self._count
        self.lose = lambda source, target, data: False
        for n in range(count):
            self.join(n + 1)

    def _count(self, source, target, data):
        packets, size = self.traffic.get(source, (0, 0))
        self.traffic[source] = packets + 1, size + len(data)
        return self.lose(source, target, data)

    def join(self, number, boots=1, **limits):
        world = self.world
        node, address = world.add(number, self.settings, boots, **dict(self.limits, **limits))
        node.add_sensor("temp", "Cel")
        node.start(world.now, False)
        for other in self.nodes[:1] + self.nodes[-1:]:
            node.candidate(world.now, other.peer.id, self._address(other), "given")
        self.nodes.append(node)
        self.addresses.append(address)
        return node

    def _address(self, node):
        return self.addresses[self.nodes.index(node)]

    def settle(self, ms=60_000):
        for _ in range(ms // 10_000):
            self.world.run(10_000)
            self.forget()

    def forget(self):
        for address in self.world.events:
            self.world.events[address] = []

    def write(self, node, value):
        node.reading(self.world.now, "temp", value)
        self.world.drain()

    def knows(self, node, author):
        own = author.peer.feeds.own
        silent = own.next_seq == own.first_seq
        return silent or node is author or node.peer.feeds.next_seq(own.author) == own.next_seq

    def all_know(self, author, nodes=None):
        return False not in [self.knows(node, author) for node in nodes or self.nodes]

    def lacking(self):
        return [
            (i, j)
            for i, node in enumerate(self.nodes)
            for j, author in enumerate(self.nodes)
            if not self.knows(node, author)
        ]
