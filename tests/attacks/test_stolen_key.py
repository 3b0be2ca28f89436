"""Somebody has a copy of an author's key and signs another history from the first entry on: what
two keepers had seen stays, with both and with who came later and met the thief first.
"""

import json
import sqlite3
from contextlib import closing

from ledger import read
from patience import look
from stranger import Stranger, Target

from mesh.core import peer_id
from mesh.core.coap import message as coap
from mesh.core.codec import cbor
from mesh.core.feed.chain import seal_head
from mesh.hub.home.home import Home

QUICK = {"check_ms": 1000, "head_ms": 300, "seen_ms": 1000, "seen_entries": 8}
ENOUGH = 20  # entries that the author writes before its key is stolen
CLOCK = [2, 1, 1, 1_790_000_000_000]
AGREED = """SELECT max(at), link FROM (SELECT at, link FROM seen WHERE whose = ?
    GROUP BY at, link HAVING count(DISTINCT author) > 1)"""
FIRST = """SELECT first, before FROM run JOIN author ON author.id = run.author
    WHERE key = ? ORDER BY first LIMIT 1"""


def asked(home, question, *values):
    with closing(sqlite3.connect(f"file:{home / 'store.db'}?mode=ro", uri=True)) as database:
        return database.execute(question, values).fetchone()


def id_of(folder):
    folder.mkdir(mode=0o700)
    with Home(folder) as home:
        return peer_id.to_text(home.identity.public)


class Thief(Stranger):
    """Asks in its own name, and has the key of a home."""

    def __init__(self, victim, home):
        super().__init__(Target(victim.address, victim.public, 1, 0))
        self._home = Home(home).open()
        self.stolen = self._home.identity

    def __exit__(self, *error):
        super().__exit__(*error)
        self._home.close()

    def offer(self, first, before):
        """Another history, from a seq on."""
        link, entries = before, []
        for seq in range(first, first + 3):
            entries.append(cbor.encode([seq, CLOCK, "x-lie", None]))
            link = self.kit.sha256(link + entries[-1])
        head = seal_head(self.stolen, first + 2, link)
        return self.ask(coap.POST, ["feeds"], [[self.stolen.public, first, before, entries, head]])


def rows_of(peer, author):
    told = [json.loads(line) for line in peer.mesh_text("verify").splitlines()]
    assert not [row for row in told if row["event"] == "fault"], told
    return next(row for row in told if row["event"] == "feed" and row["id"] == author.id)


def test_what_two_keepers_saw_outlasts_a_stolen_key(desktop, tmp_path):
    author = desktop("author", limits=QUICK, sensors={"uptime": {"every_s": 0.2}})
    ids = {name: id_of(tmp_path / name) for name in ("ann", "bob", "cat")}

    def keeper(name, *known):
        given = [{"id": one.id, "address": f"127.0.0.1:{one.address[1]}"} for one in known]
        follow = [author.id, ids["ann"], ids["bob"]]
        return desktop(name, keep=[{}], limits=QUICK, sensors={}, follow=follow, peers=given)

    ann = keeper("ann", author)
    bob = keeper("bob", author, ann)
    look(lambda: len(held(ann, author)) > ENOUGH, lambda: ann.lines[-20:])
    for one in (ann, bob):
        look(lambda one=one: agreed(one, author), lambda one=one: one.lines[-20:])
    author.kill()
    seq, link = agreed(ann, author)
    first, before = asked(ann.home, FIRST, author.public)

    with Thief(ann, author.home) as thief:
        thief.offer(first, before)
    cat = keeper("cat", ann, bob)
    with Thief(cat, author.home) as thief:
        thief.offer(first, before)
    for one in (ann, bob, cat):
        look(lambda one=one: kept(one, author) >= seq, lambda one=one: one.lines[-20:])
        assert held(one, author)[seq] == link
    ends = {one.name: kept(one, author) for one in (ann, bob, cat)}
    assert len(set(ends.values())) == 1, ends
    for one in (ann, bob, cat):
        row = rows_of(one, author)
        assert (row["forked"], row["last"] >= seq) == (first, True), row


def held(peer, author):
    """The links of an author that it has in its store, by their seqs."""
    feed = read(peer.home).get(author.id)
    return feed.links if feed is not None else {}


def agreed(peer, author):
    """The highest seq of an author that two said they saw, and the link there; None so far."""
    seq, link = asked(peer.home, AGREED, author.public)
    return (seq, link) if seq is not None else None


def kept(peer, author):
    """Up to which seq it says that the author's feed is kept behind the fork, 0 if nothing is."""
    found = [row for row in peer.mesh("peers") if row["id"] == author.id]
    return found[0]["kept"]["seq"] if found and found[0]["kept"] else 0
