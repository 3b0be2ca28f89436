"""Kinds of entries: those of the tree, one from outside it, and one that nobody knows."""

import note_kind
from helpers import raises
from note_kind import Noted
from world import World

from mesh.core.errors import LocalError, RemoteError
from mesh.core.events import Actuated, Reading, Refused
from mesh.core.feed.feed import read_entry
from mesh.core.kinds.accepting import BUILT_IN
from mesh.core.peer_id import to_text
from mesh.core.ranges import END

KINDS = BUILT_IN | {"note": note_kind}
EVERYBODY = [{"who": "*"}]


def alone(kinds=None):
    world = World()
    node, _ = world.add(1, kinds=kinds)
    node.start(world.now, False)
    return world, node


def said(node):
    """The kind and body of each entry in a node's own feed."""
    own = node.peer.feeds.own
    run = node.peer.feeds.run(own.author, own.first_seq)
    return [read_entry(node.peer.kit, entry)[2:] for entry in run[3]]


class Chain:
    """A writer, one between that keeps all, a reader: the outer two never hear each other."""

    def __init__(self, settings=None):
        self.world = world = World()
        self.writer, self.at_writer = world.add(1, kinds=KINDS)
        self.between, self.at_between = world.add(2, {"keep": EVERYBODY})
        self.author = self.writer.peer.id
        settings = settings or {"follow": [to_text(self.author)], "keep": EVERYBODY}
        self.reader, self.at_reader = world.add(3, settings, kinds=KINDS)
        apart = {self.at_writer, self.at_reader}
        world.lose = lambda source, target, data: {source, target} == apart
        for node in (self.writer, self.between, self.reader):
            node.start(world.now, False)
            if node is not self.between:
                node.candidate(world.now, self.between.peer.id, self.at_between, "given")

    def write(self, body):
        self.writer.write(self.world.now, "note", body)

    def read(self, event):
        """What of such events the reader tells, from when there are some."""
        assert self.world.run(60_000, lambda: self.world.of(self.at_reader, event))
        return self.world.of(self.at_reader, event)


def test_who_does_not_know_a_kind_keeps_it_and_passes_it_on():
    mesh = Chain()
    mesh.write("the door was open")
    seq = mesh.writer.peer.feeds.own.next_seq - 1
    assert mesh.read(Noted) == [Noted(mesh.author, seq, "the door was open")]
    assert mesh.author not in [one.peer for one in mesh.reader.contacts.proven()], "they never met"
    kept = mesh.between.peer.feeds.get(mesh.author).newest
    assert read_entry(mesh.between.peer.kit, kept)[2:] == ("note", "the door was open")
    for event in (Noted, Refused):
        assert not mesh.world.of(mesh.at_between, event)


def test_an_invalid_body_is_refused_only_where_the_kind_is_known():
    mesh = Chain()
    own = mesh.writer.peer.feeds.own
    own.append([0, 1, 1, None], "note", {"no": "text"})
    mesh.write("after it")
    assert [event.text for event in mesh.read(Noted)] == ["after it"]
    refused = [(one.peer, one.detail) for one in mesh.read(Refused)]
    assert refused == [(mesh.author, "a note is a text of 1 to 200 characters")]
    assert not mesh.world.of(mesh.at_between, Refused)
    assert mesh.reader.peer.feeds.next_seq(mesh.author) == own.next_seq, "it is kept all the same"


def test_a_kind_is_accepted_of_those_of_whom_it_is_wanted():
    mesh = Chain({"keep": EVERYBODY})
    mesh.write("to nobody")
    feeds = mesh.reader.peer.feeds
    assert mesh.world.run(60_000, lambda: feeds.next_seq(mesh.author) > 1)
    assert not mesh.world.of(mesh.at_reader, Noted)


def test_a_peer_writes_what_it_knows_and_what_is_private():
    world, node = alone(KINDS)
    seq, at_ms = node.write(world.now, "note", "one")
    assert (seq, node.wake_at()) == (node.peer.feeds.own.next_seq - 1, at_ms)
    assert node.write(world.now, "x-mine", {1: [2, b"3"]})[0] == seq + 1
    world.run(at_ms - world.now + 1)
    assert node.peer.feeds.head(node.peer.id), "tick() signed it"
    assert said(node) == [("note", "one"), ("x-mine", {1: [2, b"3"]})]


def test_a_peer_writes_nothing_else():
    world, node = alone()
    before = node.peer.feeds.own.next_seq
    for kind, body in (
        ("note", "not in the table"), ("", None), ("x", 1), ("reading", 5), ("reading", [{}]),
        ("reading", [{0: "a b", 2: 1}]), ("actuated", ["fan", 1]), ("actuated", ["fan", 1, b"id"]),
        ("asleep", [0]), ("asleep", [604_801, None]), ("asleep", None),
    ):  # fmt: skip
        error = raises(LocalError, node.write, world.now, kind, body)
        assert error.detail, (kind, body)
    raises(LocalError, node.write, world.now, "x-" + "a" * 31, 1)  # 33 bytes
    raises(LocalError, node.write, world.now, "x-mine", b"x" * 512)
    assert node.peer.feeds.own.next_seq == before
    assert node.peer.feeds.own.newest is None and node.acting.due_ms is None


def test_a_full_feed_takes_nothing_and_says_so():
    world, node = alone()
    node.peer.feeds.own.resume(END, bytes(32), (), lambda *_: None)
    raises(LocalError, node.write, world.now, "x-mine", 1)


def test_what_a_node_writes_itself_is_well_formed():
    """Its readings and deeds are made, not checked: a board loads no reader of SenML for it."""
    world, node = alone()
    node.add_sensor("temp", "Cel")
    node.add_actuator("fan", lambda value: None, False)
    for value in (21, 21.5, "open", True):
        node.reading(world.now, "temp", value)
    node.peer.actuate(world.now, "fan", True, None)
    node.peer.actuate(world.now, "fan", "fast", bytes(32))
    node.write(world.now, "asleep", [60, None])
    node.acting.publish(world.now)
    world.run(10)
    kinds = [kind for kind, _ in said(node)]
    assert kinds == ["reading"] * 4 + ["actuated"] * 2 + ["asleep"]
    for kind, body in said(node):
        BUILT_IN[kind].check(body)


def test_bodies_of_the_kinds_of_the_tree():
    for kind, body in (
        ("reading", [{0: "temp", 2: 5}]), ("actuated", ["fan", True, None]),
        ("actuated", ["fan", 0.5, bytes(32)]), ("asleep", [1, None]), ("asleep", [604_800, 5]),
    ):  # fmt: skip
        BUILT_IN[kind].check(body)
    for body in (None, 5, "x", b"x", {}, [None], [[]], ["fan", 1, "who"], ["fan", 1], [True]):
        for kind in ("actuated", "asleep"):
            raises(RemoteError, BUILT_IN[kind].check, body)


def test_what_others_measure_is_told_and_what_they_do_is_kept():
    mesh = Chain()
    now, writer = mesh.world.now, mesh.writer
    writer.add_sensor("temp", "Cel")
    writer.add_actuator("fan", lambda value: None, False)
    writer.peer.actuate(now, "fan", True, None)
    writer.reading(now, "temp", 21)
    assert [event.value for event in mesh.read(Reading)] == [21]
    assert len(mesh.world.of(mesh.at_writer, Actuated)) == 1
    assert not mesh.world.of(mesh.at_reader, Actuated)
    assert mesh.reader.peer.verified >= 1
