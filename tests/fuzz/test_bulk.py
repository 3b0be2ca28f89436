"""The fast checks of large runs beside the core's: they accept and refuse the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesh.core.codec.cbor import Decimal
from mesh.core.codec.cbor import encode as core_encode
from mesh.core.codec.senml_reading import unpack
from mesh.core.errors import LocalError, RemoteError
from mesh.core.feed.chain import genesis, next_link, seal_head, walk
from mesh.core.limits import Limits
from mesh.core.ranges import END
from mesh.hub import fast_cbor
from mesh.hub.desktop_kit import make_identity, make_kit
from mesh.hub.store import plain_entries
from mesh.hub.store.readings import as_kept
from mesh.hub.tcp import runs_check

KIT = make_kit()
AUTHOR = make_identity(bytes(32), lambda: 1)
LIMITS = Limits()
COUNTS = st.integers(0, 70_000) | st.integers(0, END - 1)
NO_COUNTS = COUNTS | st.integers(END - 3, END + 3) | st.integers(0, 2**64 - 1)
NUMBERS = st.integers(-300, 70_000) | st.integers(-(2**63), 2**63 - 1)
DECIMALS = st.builds(Decimal, NUMBERS, st.integers(-9, -1))
VALUES = st.one_of(NUMBERS, DECIMALS, st.booleans(), st.text(max_size=25), st.floats(width=16))
NAMES = st.text(st.characters(codec="utf-8"), max_size=25) | st.sampled_from(
    ["t", "load", "x" * 24]
)
RECORDS = st.dictionaries(st.integers(0, 5), VALUES | NAMES, max_size=4)
ENTRIES = st.tuples(
    st.integers(1, 3),
    st.tuples(st.integers(0, 4), NO_COUNTS, NO_COUNTS, NO_COUNTS | st.none()).map(list),
    st.sampled_from(["reading", "reading", "asleep"]),
    st.lists(RECORDS, max_size=3) | VALUES,
).map(list)
CHANGES = st.lists(st.tuples(st.integers(0, 200), st.integers(0, 255)), max_size=2)


def encoded(value):
    try:
        return core_encode(value)
    except LocalError:
        return b"\xa0"


def changed(data, changes):
    data = bytearray(data)
    for at, byte in changes:
        if at < len(data):
            data[at] = byte
    return bytes(data)


def outcome(check, run):
    try:
        return check(KIT, run, LIMITS)[:7]
    except RemoteError:
        return None


@given(st.lists(st.tuples(ENTRIES, CHANGES), min_size=1, max_size=4), st.booleans(), CHANGES)
def test_the_same_runs_are_accepted(parts, right, of_head):
    entries, link, links = [], genesis(KIT, AUTHOR.public), []
    for n, (value, changes) in enumerate(parts):
        if right:
            value[0] = n + 1
        entries.append(changed(encoded(value), changes))
        link = next_link(KIT, link, entries[-1])
        links.append(link)
    run = [AUTHOR.public, 1, genesis(KIT, AUTHOR.public), entries, None]
    run[4] = changed(seal_head(AUTHOR, len(entries), link), of_head)
    assert outcome(runs_check.linked, run) == outcome(walk, run)


@pytest.mark.parametrize("size", [0, 31, 33])
def test_a_link_of_another_size_is_refused(size):
    before, entries = bytes(size), []
    link = before
    for seq in (2, 3):
        entries.append(core_encode([seq, [0, 1, 1, None], "reading", [{0: "t", 2: 1}]]))
        link = next_link(KIT, link, entries[-1])
    run = [AUTHOR.public, 2, before, entries, seal_head(AUTHOR, 3, link)]
    assert outcome(runs_check.check, run) is outcome(walk, run) is None


@given(
    st.binary(max_size=300)
    | st.lists(st.binary(max_size=300), max_size=5).map(
        lambda entries: runs_check.packed_all([[bytes(32), 1, bytes(32), entries, b"head"]])
    ),
    CHANGES,
)
def test_the_same_bodies_are_split(body, changes):
    body = changed(body, changes)
    try:
        runs = runs_check.split(body, 100)
    except RemoteError:
        return
    assert fast_cbor.decode(body) == runs
    assert core_encode(runs) == body


PLAIN_RECORDS = st.dictionaries(st.just(1), st.sampled_from(["Cel", "%RH"]), max_size=1).flatmap(
    lambda record: st.tuples(st.sampled_from(["t", "load"]), NUMBERS | DECIMALS).map(
        lambda parts: {0: parts[0], **record, 2: parts[1]}
    )
)
PLAIN_ENTRIES = st.tuples(
    COUNTS,
    st.tuples(st.integers(0, 3), COUNTS, COUNTS, COUNTS | st.none()).map(list),
    st.just("reading"),
    st.lists(PLAIN_RECORDS, min_size=1, max_size=3),
).map(list)


@given(st.lists(st.tuples(ENTRIES | PLAIN_ENTRIES, CHANGES), max_size=4))
def test_the_same_is_read(parts):
    entries = [changed(encoded(value), changes) for value, changes in parts]
    for entry, said in zip(entries, plain_entries.said(entries), strict=True):
        if said is not None:
            seq, clock, records = said
            body = unpack(fast_cbor.decode(entry)[3])
            assert [seq, clock, "reading"] == fast_cbor.decode(entry)[:3]
            assert [(r.name, r.unit or "", as_kept(r.value)) for r in body] == [
                (*plain_entries.name_and_unit(label), value) for label, value in records
            ]


@given(st.lists(PLAIN_ENTRIES, min_size=1, max_size=3))
def test_what_is_plain_is_known(values):
    values = [value for value in values if all(r[2] != -(2**63) for r in value[3])]
    for entry, said in zip(
        values, plain_entries.said([core_encode(v) for v in values]), strict=True
    ):
        assert said[:2] == (entry[0], entry[1])


ANYTHING = st.recursive(
    st.one_of(
        st.none(), VALUES, NO_COUNTS, st.integers(), st.binary(max_size=30), st.text(), st.floats()
    ),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(
            VALUES.filter(lambda v: not isinstance(v, Decimal)) | NO_COUNTS | st.integers(0, 30),
            inner,
        )
    ),
)


@given(ANYTHING)
def test_the_same_bytes_are_written(value):
    outcomes = []
    for encode in (core_encode, fast_cbor.encode):
        try:
            outcomes.append(encode(value))
        except LocalError as error:
            outcomes.append(error.detail)
    assert outcomes[0] == outcomes[1]
