"""Peers that form agreements with each other, on a pretend network."""

from world import World, make_identity

from mesh.core.feed.chain import genesis
from mesh.core.peer_id import to_text
from mesh.core.relations import mark as marks
from mesh.core.relations import pact as pacts
from mesh.core.relations.agreements import Agreements
from mesh.core.relations.facts import Caps
from mesh.core.relations.mark import YES
from mesh.core.relations.weighing import state_of
from mesh.core.resources.relation_runs import answer, join

LIMITS = {"head_ms": 200, "check_ms": 2000}


def ids(count):
    return [make_identity(n + 1).public for n in range(count)]


def born(node):
    """Have the own feed begin at its first entry, as with a store."""
    own = node.peer.feeds.own
    own.resume(1, genesis(node.peer.kit, node.peer.id), ())


class Noted:
    """Stands for what applies agreements: keeps what it was told."""

    def __init__(self):
        self.told = []

    def changed(self, now_ms, running):
        self.told.append([ref for ref, _ in running])


class Forming:
    """`count` peers, each of which forms agreements with all others."""

    def __init__(self, count, settings=None, **limits):
        self.world = World()
        self.more = settings or {}
        self.limits = dict(LIMITS, **limits)
        self.ids = ids(count)
        self.nodes, self.parts, self.addresses = [], [], []
        for n in range(count):
            self.join(n)

    def settings(self, n):
        others = [to_text(one) for one in self.ids if one != self.ids[n]]
        return dict(self.more, relations=others)

    def begun(self, n, node, part):
        """Add to a peer, before its start."""

    def join(self, n, boots=1, kept=None, first=None):
        """Start a peer, with what it remembers, or its feed from another place on."""
        node, address = self.world.add(n + 1, self.settings(n), boots, **self.limits)
        part = join(node, Agreements(node.peer.kit, node.peer.id, Caps()))
        answer(node.peer)
        self.begun(n, node, part)
        if kept is not None:
            part.restore(kept)
        (first or born)(node)
        node.start(self.world.now, False)
        for other in range(len(self.ids)):
            if other != n:
                node.candidate(
                    self.world.now, self.ids[other], (f"10.0.0.{other + 1}", 5683), "given"
                )
        if n < len(self.nodes):
            self.nodes[n], self.parts[n] = node, part
        else:
            self.nodes.append(node)
            self.parts.append(part)
            self.addresses.append(address)
        return node, part

    def run(self, ms=10_000):
        self.world.run(ms)

    def offer(self, n, **fields):
        ref = self.parts[n].offer(self.world.now, pacts.make(**fields))
        self.world.drain()
        return ref

    def say(self, n, ref, word=YES):
        self.parts[n].say(self.world.now, ref, word)
        self.world.drain()

    def circle(self, members):
        """Found a circle by the first, with the others. Gives the founding and the version."""
        founding = self.offer(0, need=1, text="the seedlings live")
        need = len(members) // 2 + 1
        state = state_of(self.nodes[0].peer.kit, founding, [self.ids[m] for m in members], need)
        version = self.offer(
            0, within=founding, after=founding, add=[self.ids[m] for m in members[1:]],
            need=need, state=state,
        )  # fmt: skip
        self.run(2000)
        self.say(0, version)
        self.run()
        for m in members[1:]:
            self.say(m, version)
        self.run()
        return founding, version

    def state(self, n, ref):
        return self.parts[n].agreements.state(ref)

    def running(self, n):
        return [ref for ref, _ in self.parts[n].running(self.world.now)]


def write(forming, n, kind, body):
    """Have a peer write what its part would refuse."""
    forming.nodes[n].acting.append(forming.world.now, kind, body)
    forming.world.drain()


def lie(forming, n, ref, word):
    write(forming, n, marks.NAME, marks.make(ref, word))
