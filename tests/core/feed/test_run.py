"""Entries, links, heads and runs: the vectors, and what is refused."""

import making_feeds
import signers
from author import CLOCK
from helpers import raises, vectors
from making_feeds import Chain
from making_files import file_of_runs
from run_vectors import cases, from_hex
from signers import ALICE, BOB

from mesh.core import codes
from mesh.core.codec import cbor
from mesh.core.errors import LocalError, RemoteError
from mesh.core.feed.feed import (
    Feed,
    Fork,
    genesis,
    make_entry,
    next_link,
    open_head,
    read_entry,
    read_run,
    seal_head,
)
from mesh.core.limits import Limits

LIMITS = Limits()


def test_vectors_are_what_the_protocol_says():
    assert vectors("feeds") == making_feeds.feeds() + [file_of_runs()]  # noqa: RUF005 - MicroPython


def test_entry_vectors():
    kit = signers.make_kit()
    start = cases("genesis")[0]
    link = genesis(kit, from_hex(start, "author"))
    assert link == from_hex(start, "link"), link
    for case in cases("entry"):
        clock, kind, body = making_feeds.BODIES[case["seq"] - 1]
        entry = from_hex(case)
        assert make_entry(kit, case["seq"], clock, kind, body) == entry, case["seq"]
        assert read_entry(kit, entry) == (case["seq"], clock, kind, body), case["seq"]
        link = next_link(kit, link, entry)
        assert link == from_hex(case, "link"), case["seq"]
    for case in cases("refused entry"):
        error = raises(RemoteError, read_entry, kit, from_hex(case))
        assert codes.text(error.code) == case["code"], case["meaning"]


def test_head_vectors():
    kit = signers.make_kit()
    alice = signers.identity(ALICE)
    links = {case["seq"]: from_hex(case, "link") for case in cases("entry")}
    for case in cases("head"):
        seq, data = case["seq"], from_hex(case)
        assert seal_head(alice, seq, links[seq]) == data, seq
        assert open_head(kit, alice.public, data) == (seq, links[seq]), seq
        raises(RemoteError, open_head, kit, signers.identity(BOB).public, data)


def test_run_vectors():
    kit = signers.make_kit()
    for case in cases("run"):
        run = read_run(kit, cbor.decode(from_hex(case)), LIMITS)
        assert (run.first, run.seq) == (case["first"], case["last"]), run
        entries = cases("entry")[run.first - 1 : run.seq]
        assert [e.hex() for e in run.entries] == [e["hex"] for e in entries], run.first
        assert [e.hex() for e in run.links] == [e["link"] for e in entries], run.first
    for case in cases("refused run"):
        value = cbor.decode(from_hex(case))
        error = raises(RemoteError, read_run, kit, value, LIMITS)
        assert codes.text(error.code) == case["code"], (case["meaning"], error.detail)
        feed = Feed(kit, signers.identity(ALICE).public, 8)
        error = raises(RemoteError, feed.accept, value)
        assert not isinstance(error, Fork), case["meaning"]
        assert (feed.next_seq, feed.head, feed.fork, feed.gap) == (1, None, None, None), case


def test_bad_entries_are_our_own_fault():
    kit = signers.make_hash_kit()
    for seq, clock, kind, body in (
        (0, CLOCK, "reading", None),
        (1, CLOCK[:3], "reading", None),
        (1, [4, 1, 2, None], "reading", None),
        (1, CLOCK, "x" * 33, None),
        (1, CLOCK, "reading", {None: 1}),
        (1, CLOCK, "reading", 2**64),
    ):
        raises(LocalError, make_entry, kit, seq, clock, kind, body)
    feed = Feed(kit, b"a" * 32, 8)
    raises(LocalError, feed.append, CLOCK, "reading", b"x" * 512)
    assert feed.next_seq == 1, feed.next_seq


def test_real_signatures():
    kit = signers.make_kit()
    alice = signers.identity(ALICE)
    own, reader = Feed(kit, alice.public, 8), Feed(kit, alice.public, 8)
    for clock, kind, body in making_feeds.BODIES:
        own.append(clock, kind, body)
    own.sign(alice)
    assert cbor.encode(own.run(1, 2000)) == cbor.encode(Chain().run(1, 6))
    assert reader.accept(own.run(1, 2000)) == Chain().entries[1:]
