"""Somebody who writes a feed, and somebody who reads it. Signatures are hashes."""

import signers

from mesh.core.codec import cbor
from mesh.core.feed.feed import Feed, read_entry

CLOCK = [0, 1, 2, None]


class Author:
    """A feed written here, its signatures hashes."""

    def __init__(self, number=1, tail=128, **more):
        self.kit = signers.make_hash_kit()
        self.identity = signers.hash_identity(number)
        self.feed = Feed(self.kit, self.identity.public, tail, **more)

    def write(self, count, per_head=None, size=10, salt=""):
        for n in range(count):
            self.feed.append(CLOCK, "note", salt + "x" * size)
            if per_head and n % per_head == per_head - 1:
                self.feed.sign(self.identity)
        self.feed.sign(self.identity)

    def run(self, first=1, max_bytes=900):
        """A run as it comes out of a datagram."""
        run = self.feed.run(first, max_bytes)
        if run is None:
            return None
        data = cbor.encode(run)
        assert len(data) <= max_bytes, len(data)
        return cbor.decode(data)

    def reader(self, tail=128):
        return Feed(self.kit, self.identity.public, tail)


def seqs(kit, entries):
    return [read_entry(kit, entry)[0] for entry in entries]


def catch_up(author, reader, first=None, max_bytes=900):
    """All runs that it takes; the seqs that were new, and the number of runs."""
    new = []
    runs = 0
    wanted = reader.next_seq if first is None else first
    while (run := author.run(wanted, max_bytes)) is not None:
        entries = reader.accept(run)
        assert entries, "each run brings something"
        new += seqs(author.kit, entries)
        wanted = reader.next_seq
        runs += 1
        assert runs < 100, "no end"
    return new, runs
