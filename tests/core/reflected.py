"""A scene in which strangers have a peer write to a victim."""

from world import World

from mesh.core.codec.formats import PLAIN
from mesh.core.resources.resource import Resource, shared

VICTIM = "10.9.9.9"


class Reflected:
    """A peer, and a host that has no part in any of this: what came from it, what it was sent."""

    def __init__(self, **limits):
        self.world = World()
        self.node, self.address = self.world.add(1, {"follow": "*"}, **limits)
        self.node.add_sensor("temp", "Cel")
        self.node.start(self.world.now, False)
        self.node.reading(self.world.now, "temp", 1)
        self.forged = self.sent = self.datagrams = 0
        self.world.lose = self._count

    def _count(self, source, target, data):
        if target[0] == VICTIM and source == self.address:
            self.sent += len(data)
            self.datagrams += 1
        return False

    def forge(self, data, port=1000, channel=0):
        """A datagram as if it came from the victim."""
        self.forged += len(data)
        self.world.inject((VICTIM, port), self.address, data, channel)

    def minutes(self, count):
        """Time passes, in which the sensor has something new to say every few seconds."""
        for n in range(20 * count):
            self.node.reading(self.world.now, "temp", n + 2)
            self.world.run(3000)

    def check(self, hellos=0):
        assert self.sent <= 3 * self.forged + hellos, (self.sent, self.forged, self.datagrams)


def liar(scene, number, rows):
    """A peer of whom the peer of the scene learns whom it knows."""
    node, address = scene.world.add(number)
    peers = Resource("peers", lambda *_: rows, None, shared, PLAIN, 0)
    node.peer.resources = tuple([peers] + [r for r in node.peer.resources if r.path != "peers"])
    node.start(scene.world.now, False)
    scene.node.candidate(scene.world.now, node.peer.id, address, "mdns")
    return node
