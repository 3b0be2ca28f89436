"""A day of a board on a flash in memory: one reading a minute, a follower, restarts.

Then its power is cut at each single write, and it starts from what is there. For MicroPython.
"""

import gc

import flash
from simulated import Nothing, Simulated, World, loop

from mesh.core.codec.cbor import decode
from mesh.core.feed.feed import Feed, next_link
from mesh.device import board, identity, resets

AT = ("10.0.0.1", 5683)
MINUTE_MS = 60_000
TAIL = 16
LIMITS = {"check_ms": 600_000, "tail": TAIL, "head_ms": 5000}


class Warm:
    """A kind of sensor."""

    UNIT = "Cel"
    count = 0

    class Sensor:
        def __init__(self, options):
            pass

        def read(self):
            Warm.count += 1
            return Warm.count


class Day:
    """What was written, and what was shown to others when: (writes so far, what)."""

    def __init__(self, hours, blocks, restarts, log=True, tail=TAIL):
        self.tail = tail
        self.log = [] if log else None
        self.flash = flash.Flash(blocks, self.log)
        self.heads = []  # (writes before it, seq, {seq: link} of what it covers)
        self.counters = []
        self.starts = []
        self.public = None
        self.peers = 0
        self.world = World()
        loop.gc = board.gc = identity.gc = Nothing
        self._watch_counters()
        flash.mount(self.flash, "/day", True)
        if log:
            del self.log[:]  # an empty file system is what a board is given
        self.flash.worn = [0] * blocks
        self.flash.written = self.keeps = 0
        self._live(hours, restarts)
        flash.unmount("/day")
        gc.collect()

    def writes(self):
        return len(self.log) if self.log is not None else 0

    def _live(self, hours, restarts):
        """In the first of all parts it is followed over the network; in the others the same is
        asked of it without datagrams, which is quicker.
        """
        for part in range(restarts + 1):
            one = self._start(part)
            minutes = hours * 60 // (restarts + 1)
            if part:
                self._ask(one, minutes)
            else:
                self._follow(one, min(minutes, 180))
                self._ask(one, minutes - 180)
            self.world.remove(AT)  # its power goes, at no good moment

    def _follow(self, one, minutes):
        world = self.world
        reader, at_reader = world.add(2, {"follow": "*", "limits": {}}, check_ms=600_000)
        reader.start(world.now, False)
        one.node.candidate(world.now, reader.peer.id, at_reader, "given")
        world.run(minutes * MINUTE_MS)
        world.remove(at_reader)
        assert reader.peer.feeds.foreign[one.node.peer.id].next_seq > minutes - 5

    def _ask(self, one, minutes):
        """Ask for each reading; now and then somebody is at another address."""
        world = self.world
        node = one.node
        contacts = node.contacts
        somebody = b"s" * 32
        for minute in range(minutes):
            world.now += MINUTE_MS
            one.tick(world.now)
            while one.next_send():
                pass
            own = node.peer.feeds.own
            node.peer.feeds.run(own.author, own.next_seq - 1)
            if minute % 3 == 0:
                node.asks._identity.next_counter()
            if minute % 90 == 0:
                address = ("10.1.0.0", 1 + minute // 90)
                contacts.add(world.now, somebody, address, "given")
                contacts.up(world.now, contacts.get(somebody), address)

    def _start(self, part):
        flash.unmount("/day")
        flash.mount(self.flash, "/day")
        settings = {"sensors": {"warm": {"every_s": 60}}, "limits": dict(LIMITS, tail=self.tail)}
        one = Simulated(self.world, AT, settings, {"sensors.warm": Warm})
        self.public = one.node.peer.id
        self.starts.append((self.writes(), one.board.boots))
        self._watch(one.node.peer.feeds.own)
        return one

    def _watch(self, feed):
        """Note each head when it is signed, and what it covers."""
        sign = feed.sign
        keep = feed._keep

        def keeping(*what):
            self.keeps += 1
            keep(*what)

        feed._keep = keeping

        def signing(signer, first):
            before = feed._signed(feed.next_seq)
            made = sign(signer, first)
            if made is not None and self.log is not None:
                seq, link = before
                links = {}
                at = seq + 1 - feed.first_seq
                for entry in feed._entries[at : len(feed._entries) - feed.unkept]:
                    link = next_link(feed._kit, link, entry)
                    seq += 1
                    links[seq] = link
                self.heads.append((self.writes(), seq, links))
            return made

        feed.sign = signing

    def _watch_counters(self):
        day = self

        class Counter(identity.Counter):
            def next(self):
                value = super().next()
                if day.log is not None:
                    day.counters.append((day.writes(), value))
                return value

        identity.Counter = Counter

    def cut_everywhere(self, every=1):
        """Start from each state that the flash was in, and from half of each write; how many
        starts that were.
        """
        flat = self.flash
        flat.log = None
        for block in range(flat.blocks):
            flat.ioctl(6, block)
        mkfs(flat)
        count = 0
        shown = Shown(self)
        for at, (block, off, data) in enumerate(self.log):
            shown.move(at)
            half = len(data) // 2
            if off >= 0 and at % every == 0:
                torn = flash.Cut(flat)
                torn.writeblocks(block, data[:half], off)
                shown.check(torn)
                count += 1
            if off < 0:
                flat.ioctl(6, block)
            else:
                flat.writeblocks(block, data, off)
            if at % every == 0:
                shown.move(at + 1)
                shown.check(flash.Cut(flat))
                count += 1
        return count


def mkfs(device):
    flash.mount(device, "/new", True)
    flash.unmount("/new")


class Shown:
    """What others have seen up to some write: nothing of it may be contradicted or lost."""

    def __init__(self, day):
        self._day = day
        self._at = [0, 0, 0]
        self.seq = 0
        self.links = {}
        self.counter = -1
        self.boots = 0

    def move(self, writes):
        """Go on to what was shown when so many writes had been done."""
        day = self._day
        at = self._at
        while at[0] < len(day.heads) and day.heads[at[0]][0] <= writes:
            _, self.seq, links = day.heads[at[0]]
            for seq in links:
                assert self.links.get(seq, links[seq]) == links[seq], "a seq was used twice"
                self.links[seq] = links[seq]
            self.links.pop(self.seq - 3 * day.tail, None)
            at[0] += 1
        while at[1] < len(day.counters) and day.counters[at[1]][0] <= writes:
            assert day.counters[at[1]][1] > self.counter, "a counter was used twice"
            self.counter = day.counters[at[1]][1]
            at[1] += 1
        while at[2] < len(day.starts) and day.starts[at[2]][0] <= writes:
            assert day.starts[at[2]][1] > self.boots, "a start was counted twice"
            self.boots = day.starts[at[2]][1]
            at[2] += 1

    def check(self, device):
        """Start from this device: the same key, no number twice, each head still holds."""
        day = self._day
        flash.mount(device, "/cut")
        who, boots, journal = identity.load(day.tail)
        feed = Feed(KIT, who.public, day.tail)
        why, _ = journal.restore(feed)
        kept = not why
        counter = who.next_counter()
        day.counters.pop()  # that one was ours
        known = identity.read(board.KNOWN)
        assert known is None or isinstance(decode(known), dict)
        assert resets.last(boots)[0] == 0
        flash.unmount("/cut")
        if not self.boots:
            return  # it had shown nothing to anybody yet
        assert who.public == day.public, "another peer"
        assert kept, "the feed was lost"
        assert boots > self.boots, "a start that was counted"
        assert counter > self.counter, "a counter that was used"
        assert feed.next_seq > self.seq, "what was signed was lost"
        assert feed.first_seq <= max(1, feed.next_seq - day.tail), "the tail was lost"
        link = feed.before
        for seq in range(feed.first_seq, feed.next_seq):
            link = next_link(KIT, link, feed._entries[seq - feed.first_seq])
            assert self.links.get(seq, link) == link, "another content at a seq"


class KIT:
    """All that a feed needs of a kit here."""

    sha256 = staticmethod(identity.sha256)
