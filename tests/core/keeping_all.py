"""Peers that keep all, as desktops do: what a store is to the core, in memory."""

from author import CLOCK
from meshes import Mesh
from world import make_identity, make_kit

from mesh.core.codec import cbor
from mesh.core.feed.feed import Feed
from mesh.core.full import seen
from mesh.core.full.keeping_node import KeepingNode as Keeper
from mesh.core.full.witnessing import KINDS
from mesh.core.node import Node

TAIL = 8  # entries of others in memory: the rest is in the archive
STEP = 5  # entries in a run


class Archive:
    """Keeps all runs. What came since the last flush() is lost by a crash; `full`: no flush()."""

    def __init__(self):
        self._runs = {}  # author -> {first seq: run}
        self._late = []
        self._proofs = {}
        self._hidden = []  # (author, first, last)
        self.full = None  # the error that flush() raises

    def crash(self):
        for run in self._late:
            self._runs[run.author].pop(run.first, None)
        self._late = []

    def took(self, author, run, certain=False):
        known = self._runs.setdefault(author, {})
        for first in [first for first in known if certain and parted(known[first], run)]:
            del known[first]
        if run.first not in known or known[run.first].seq < run.seq:
            known[run.first] = run
            self._late.append(run)

    def flush(self):
        if self.full:
            raise self.full
        self._late = []

    def heads(self):
        found = {}
        for author in self._runs:
            seq, first = max([(run.seq, run.first) for run in self._runs[author].values()])
            found[author] = seq + 1, self._runs[author][first].links[-1], self._head(author, first)
        return found

    def _head(self, author, first):
        return self._runs[author][first].head

    def evidence(self, author, one, other):
        self._proofs[author] = one, other

    def proofs(self):
        return dict(self._proofs)

    def missing(self, author):
        gaps = []
        seq = 1
        for first, run in sorted(self._runs.get(author, {}).items()):
            if first > seq:
                gaps.append((seq, first - 1))
            seq = max(seq, run.seq + 1)
        return gaps

    def seen(self, author, by):
        found = []
        runs = self._runs.get(by, {})
        for first in sorted(runs):
            for seq, _, kind, body in runs[first].values:
                if kind == seen.NAME:
                    found += [(seq, n, link) for of, n, link in body if of == author]
        return found

    def trace(self, author, seq, link):
        runs = self._runs.get(author, {})
        for first in sorted(runs, reverse=True):
            run = runs[first]
            if first <= seq <= run.seq and run.links[seq - first] == link:
                seq, link = first - 1, run.before
        return seq, link

    def hide(self, author, first, last):
        self._hidden.append((author, first, last))

    def run(self, author, first, most):
        for who, low, high in self._hidden:
            if who == author and low <= first <= high:
                first = high + 1
        runs = self._runs.get(author, {})
        later = [(run.first, -run.seq) for run in runs.values() if run.seq >= first]
        if not later:
            return None
        run = runs[min(later)[0]]
        at = max(0, first - run.first)
        before = run.links[at - 1] if at else run.before
        return [author, run.first + at, before, run.entries[at:], run.head]

    def seqs(self, author):
        """All that are held."""
        held = set()
        for first, run in self._runs.get(author, {}).items():
            # seqs are too large for range()
            held |= {first + n for n in range(run.seq + 1 - first)}
        return sorted(held)


def parted(one, run):
    """Whether two runs that meet or overlap disagree."""
    seq = min(one.seq, run.seq)
    if seq < max(one.first, run.first) - 1:
        return False
    return link_in(one, seq) != link_in(run, seq)


def link_in(run, seq):
    return run.before if seq < run.first else run.links[seq - run.first]


class Desks(Mesh):
    """Peers with short tails in memory; those joined by desk() have an archive."""

    def __init__(self, count=0):
        super().__init__(0, foreign_tail=TAIL, foreign_bytes=1 << 16, head_ms=1000)
        self.archives = {}
        for n in range(count):
            self.desk(n + 1)

    def desk(self, number, archive=None, boots=1):
        node = self.keeper(number, boots)
        archive = self.archives[number] = archive or Archive()
        node.peer.feeds.resume(archive)
        return node, archive

    def keeper(self, number, boots):
        """A peer whose feeds may have an archive."""
        self.world.kind = Keeper
        node = self.join(number, boots, kinds=KINDS)
        self.world.kind = Node
        return node

    def fill(self, node, runs):
        """Have a node take runs as if somebody had given them."""
        for run in runs:
            node.peer.feeds.accept(self.world.now, run)


def written(count, common=1 << 30):
    """An author that is gone, and its runs; a second one that has its key is of another mind after
    so many entries.
    """
    kit, identity = make_kit(60), make_identity(60)
    feed = Feed(kit, identity.public, count)
    runs = []
    for n in range(count):
        feed.append(CLOCK, "note", n if n < common else [n])
        if n % STEP == STEP - 1:
            feed.sign(identity)
            runs.append(cbor.decode(cbor.encode(feed.run(n + 2 - STEP, 900))))
    return identity.public, runs
