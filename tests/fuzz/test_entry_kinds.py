"""Whatever an entry holds: each kind takes it or raises RemoteError, and a node goes on."""

import contextlib

from hypothesis import example, given
from hypothesis import strategies as st
from world import make_identity, make_kit

from mesh.core.codec.cbor import Decimal
from mesh.core.errors import LocalError, RemoteError
from mesh.core.kinds.accepting import BUILT_IN as OF_ALL
from mesh.core.limits import Limits
from mesh.core.node import Node
from mesh.core.policy.settings import parse
from mesh.core.relations import mark, pact

BUILT_IN = OF_ALL | {pact.NAME: pact, mark.NAME: mark}
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 604_805) | st.integers(-(2**63), 2**64 - 1),
    st.builds(Decimal, st.integers(-(2**63), 2**63 - 1), st.integers(-9, -1)),
    st.floats(width=32, allow_nan=False),
    st.text(max_size=9) | st.sampled_from(["t", "a b", "n" * 256]),
    st.binary(max_size=3) | st.binary(min_size=31, max_size=33),
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(LEAVES, inner, max_size=4),
    max_leaves=8,
)
# near to what the kinds want: lists that begin as theirs, packs of records
PACKS = st.lists(st.dictionaries(st.integers(-7, 9), LEAVES, max_size=5), max_size=4)
# fields of agreements and marks, and terms
ROWS = st.lists(LEAVES, max_size=3) | st.lists(st.lists(LEAVES, max_size=5), max_size=3)
MAPS = st.dictionaries(st.integers(1, 14), LEAVES | ROWS, max_size=6)
BODIES = VALUES | st.lists(LEAVES, max_size=4) | PACKS | MAPS
KINDS = st.sampled_from(sorted(BUILT_IN))


def node_of(settings):
    return Node(make_kit(1), make_identity(1), parse(settings, "desktop"), Limits(), 1, BUILT_IN)


@given(KINDS, BODIES)
@example("asleep", [True])
@example("asleep", [Decimal(600, -1)])
@example("actuated", ["fan", 1, b""])
@example("reading", [{0: b"t", 2: 1}])
@example("pact", {7: [["act", "fan", False, [], 1]]})
@example("mark", {1: bytes(32), 2: 1, 3: b""})
def test_a_check_takes_a_body_or_refuses_it(kind, body):
    with contextlib.suppress(RemoteError):
        BUILT_IN[kind].check(body)


@given(st.lists(st.tuples(KINDS | st.text(max_size=9), BODIES), max_size=5))
def test_a_node_accepts_what_is_right_and_refuses_the_rest(said):
    node = node_of({"follow": "*"})
    author = make_identity(2).public
    values = [(n + 1, [0, 1, n, None], kind, body) for n, (kind, body) in enumerate(said)]
    node.peer.feeds.heard(0, author, values)
    wrong = 0
    for kind, body in said:
        try:
            if kind in BUILT_IN and BUILT_IN[kind].wants(node, author):
                BUILT_IN[kind].check(body)
        except RemoteError:
            wrong += 1
    assert node.peer.refused == wrong


@given(KINDS | st.just("x-mine") | st.text(max_size=40), BODIES)
def test_a_node_writes_a_whole_entry_or_none(kind, body):
    node = node_of({})
    before = node.peer.feeds.own.next_seq
    try:
        seq, at_ms = node.write(5, kind, body)
    except LocalError:
        assert node.peer.feeds.own.next_seq == before
        assert node.acting.due_ms is None
    else:
        assert (seq, at_ms) == (before, node.acting.due_ms)
        assert kind in BUILT_IN or kind.startswith("x-")
