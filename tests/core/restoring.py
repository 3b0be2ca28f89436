"""An owner who is put back to an older state, among others."""

from keeping_all import Keeper
from world import World, make_identity, make_kit

from mesh.core.codec import cbor
from mesh.core.events import Forked, Reading, Refused, Restored
from mesh.core.feed.chain import genesis
from mesh.core.full.requests import Questions
from mesh.core.kit import Identity
from mesh.core.limits import Limits
from mesh.core.peer_id import to_text
from mesh.core.policy.settings import parse

OWNER = 1


OWNER_ID = make_identity(OWNER).public


FOLLOW = {"follow": [to_text(OWNER_ID)]}


class Signed:
    """Every head that was signed with one key, by whomever: two links at a seq are a lie."""

    def __init__(self):
        self.links = {}

    def identity(self, disk):
        made = make_identity(OWNER)

        def sign(data):
            try:
                parts = cbor.decode(data)
            except Exception as error:  # noqa: BLE001 - what is signed is always CBOR
                raise AssertionError(error) from None
            if parts[2] == b"\x81\x6eothermesh-head":
                seq, link = cbor.decode(parts[3])
                assert self.links.setdefault(seq, link) == link, f"two signatures at {seq}"
            return made.sign(data)

        def next_counter(ahead=0):
            disk.counter += 1 + ahead
            return disk.counter

        return Identity(made.public, sign, next_counter)


class Disk:
    """What a power cut leaves; copy() is a copy of all of it."""

    def __init__(self):
        self.kept = None
        self.boots = 0
        self.counter = 0

    def copy(self):
        made = Disk()
        made.kept = self.kept and (self.kept[0], self.kept[1], list(self.kept[2]))
        made.boots, made.counter = self.boots, self.counter
        return made

    def keep(self, first, before, entries, new):
        self.kept = first, before, list(entries)


class Stage:
    """An owner that measures, at 10.0.0.1, and who follows it, at 10.0.0.2 and on."""

    def __init__(self, followers=1, settings=FOLLOW, **limits):
        self.world = World()
        self.limits = limits
        self.signed = Signed()
        self.disk = Disk()
        self.value = 0
        self.readers = [self.world.add(2 + n, settings, **limits)[0] for n in range(followers)]
        for reader in self.readers:
            reader.start(self.world.now, False)
        self.owner = self.start(self.disk)

    def start(self, disk, at=1, known=True, archive=None):
        disk.boots += 1
        world = self.world
        kit = make_kit(at * 1000 + disk.boots + 77)
        node = Keeper(
            kit, self.signed.identity(disk), parse({}), Limits(**self.limits), disk.boots
        )
        own = node.peer.feeds.own
        if disk.kept is None:
            disk.kept = 1, genesis(kit, OWNER_ID), []
        else:
            own.quiet = True
        own.resume(disk.kept[0], disk.kept[1], disk.kept[2], disk.keep)
        if archive is not None:
            node.peer.feeds.resume(archive)
        node.ask = Questions(node).ask
        address = (f"10.0.0.{at}", 5683)
        world.nodes[address] = node
        world.events.setdefault(address, [])
        node.add_sensor("temp", "Cel")
        if known:
            for n, reader in enumerate(self.readers):
                node.candidate(world.now, reader.peer.id, (f"10.0.0.{2 + n}", 5683), "last")
        node.start(world.now, False)
        world.drain()
        return node

    def measure(self, node, count=1, ms=6000):
        for _ in range(count):
            self.value += 1
            node.reading(self.world.now, "temp", self.value)
            self.world.run(ms)

    def told(self, at=1):
        return self.world.of((f"10.0.0.{at}", 5683), Restored)

    def heard(self, at=2):
        return [e.value for e in self.world.of((f"10.0.0.{at}", 5683), Reading)]

    def nobody_is_a_liar(self):
        assert not self.world.of(("10.0.0.2", 5683), Refused)
        for address in self.world.events:
            assert not self.world.of(address, Forked), self.world.events[address]
