"""What desktops hold, read from their stores and computed anew; and whether it is the same."""

import contextlib
import hashlib
import sqlite3
import time

import cbor2
from members import PATIENCE

from mesh.core import peer_id

LOOK_S = 0.1  # a file tells nobody that it was written
ROWS = """SELECT key, first, before, last, entries FROM run JOIN author ON author.id = run.author
    ORDER BY key, first"""


class Feed:
    """One author's entries in one store."""

    def __init__(self, author):
        self.author = author
        self.entries = {}  # seq -> decoded entry
        self.links = {}
        self.holes = []  # (first, last) of what is missing between entries held
        self._start = b"othermesh feed v1" + author

    def add(self, first, before, last, entries):
        """Take in a row of the store; AssertionError if it does not follow on the one before."""
        if self.links:
            end = max(self.links)
            seam = hashlib.sha256(self._start + (first - 1).to_bytes(8, "big")).digest()
            if first == end + 1:
                assert before == self.links[end], f"{first} does not follow on {end}"
            elif before != seam:  # there, the author says that nothing is between
                self.holes.append((end + 1, first - 1))
        for seq, entry in enumerate(cbor2.loads(entries), first):
            before = self.links[seq] = hashlib.sha256(before + entry).digest()
            self.entries[seq] = cbor2.loads(entry)
            assert self.entries[seq][0] == seq
        assert max(self.links) == last

    @property
    def first(self):
        return min(self.links)

    @property
    def last(self):
        return max(self.links)

    def taken_between(self, start, end):
        """How many entries were made between two times (Unix s) of their author's clock."""
        times = [(entry[1][3] or 0) / 1000 for entry in self.entries.values()]
        return sum(start <= when <= end for when in times)


def read(home):
    """All feeds in the store of a home, by the text of their author's id."""
    feeds = {}
    # as any reader of a file that another process writes
    with contextlib.closing(sqlite3.connect(f"file:{home / 'store.db'}?mode=ro", uri=True)) as db:
        db.execute("PRAGMA query_only = 1")
        for author, *row in db.execute(ROWS).fetchall():
            feeds.setdefault(peer_id.to_text(author), Feed(author)).add(*row)
    return feeds


def differences(desktops, least):
    """What keeps these desktops' stores from being equal: nothing if they are.

    `least`: {author's id: seq} that each has to have. Feeds grow meanwhile, so links are compared
    at the last seq that all have.
    """
    books = {desktop.name: read(desktop.home) for desktop in desktops}
    wrong = []
    for author, seq in least.items():
        held = {name: book[author] for name, book in books.items() if author in book}
        if len(held) < len(books):
            wrong.append(f"{author[:8]} is only with {sorted(held)}")
            continue
        common = min(feed.last for feed in held.values())
        if common < seq:
            wrong.append(f"{author[:8]} up to { {n: f.last for n, f in held.items()} }, not {seq}")
        if holes := {name: feed.holes for name, feed in held.items() if feed.holes}:
            wrong.append(f"{author[:8]} has holes {holes}")
        if len({feed.first for feed in held.values()}) > 1:
            wrong.append(f"{author[:8]} begins at { {n: f.first for n, f in held.items()} }")
        if len({feed.links.get(common) for feed in held.values()}) > 1:
            wrong.append(f"{author[:8]} has different links at {common}")
    return wrong


def newest(desktops, authors):
    """The newest seq of each of these peers that any of these desktops has."""
    books = [read(desktop.home) for desktop in desktops]
    return {
        one.id: max((book[one.id].last for book in books if one.id in book), default=0)
        for one in authors
    }


def agree(desktops, least, beside=()):
    """Wait until the stores are equal and hold what they have to (differences()).

    `beside`: peers whose last words are shown too if that does not come.
    """
    deadline = time.monotonic() + PATIENCE
    while wrong := differences(desktops, least):
        told = {one.name: one.lines[-8:] for one in (*desktops, *beside)}
        assert time.monotonic() < deadline, (wrong, told)
        time.sleep(LOOK_S)


def settle(*peers, more=2):
    """Wait until all desktops have all that anybody has said by now, and `more` of it; then stop
    them, and have `mesh verify` find each one's store whole and equal to the others.
    """
    desktops = [peer for peer in peers if peer.kind == "desktop"]
    agree(desktops, {id: seq + more for id, seq in newest(desktops, peers).items()}, peers)
    boards = [peer for peer in peers if peer.kind == "board"]
    for one in boards:
        one.stop()
    agree(desktops, newest(desktops, boards))
    for desktop in desktops:
        desktop.stop()
    told = [desktop.verify() for desktop in desktops]
    for one in boards:  # nothing came after that
        assert len({ends[one.id] for ends in told}) == 1, told
    assert not differences(desktops, {peer.id: 1 for peer in peers})
    return {desktop.name: read(desktop.home) for desktop in desktops}
