"""The fast checks of large runs beside the core's: they accept and refuse the same."""

from hypothesis import given
from hypothesis import strategies as st

from mesh.core.cbor import Decimal
from mesh.core.cbor import encode as core_encode
from mesh.core.errors import LocalError, RemoteError
from mesh.core.limits import Limits
from mesh.core.run import genesis, next_link, seal_head, walk
from mesh.hub import bulk_check, cbor
from mesh.hub.primitives import make_identity, make_kit

KIT = make_kit()
AUTHOR = make_identity(bytes(32), lambda: 1)
LIMITS = Limits()
COUNTS = st.integers(0, 70_000) | st.integers(0, 2**64 - 1)
NUMBERS = st.integers(-300, 70_000) | st.integers(-(2**63), 2**63 - 1)
DECIMALS = st.builds(Decimal, NUMBERS, st.integers(-9, -1))
VALUES = st.one_of(NUMBERS, DECIMALS, st.booleans(), st.text(max_size=25), st.floats(width=16))
NAMES = st.text(st.characters(codec="utf-8"), max_size=25) | st.sampled_from(
    ["t", "load", "x" * 24]
)
RECORDS = st.dictionaries(st.integers(0, 5), VALUES | NAMES, max_size=4)
ENTRIES = st.tuples(
    st.integers(1, 3),
    st.tuples(st.integers(0, 4), COUNTS, COUNTS, COUNTS | st.none()).map(list),
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


@given(st.lists(st.tuples(ENTRIES, CHANGES), min_size=1, max_size=4), st.booleans())
def test_the_same_runs_are_accepted(parts, right):
    entries, link, links = [], genesis(KIT, AUTHOR.public), []
    for n, (value, changes) in enumerate(parts):
        if right:
            value[0] = n + 1
        entries.append(changed(encoded(value), changes))
        link = next_link(KIT, link, entries[-1])
        links.append(link)
    run = [AUTHOR.public, 1, genesis(KIT, AUTHOR.public), entries, None]
    run[4] = seal_head(AUTHOR, len(entries), link)
    assert outcome(bulk_check.check, run) == outcome(walk, run)


@given(
    st.binary(max_size=300)
    | st.lists(st.binary(max_size=300), max_size=5).map(
        lambda entries: bulk_check.packed_all([[bytes(32), 1, bytes(32), entries, b"head"]])
    ),
    CHANGES,
)
def test_the_same_bodies_are_split(body, changes):
    body = changed(body, changes)
    try:
        runs = bulk_check.split(body, 100)
    except RemoteError:
        return
    assert cbor.decode(body) == runs
    assert core_encode(runs) == body


ANYTHING = st.recursive(
    st.none() | VALUES | COUNTS | st.integers() | st.binary(max_size=30) | st.text() | st.floats(),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(
            VALUES.filter(lambda v: not isinstance(v, Decimal)) | COUNTS | st.integers(0, 30),
            inner,
        )
    ),
)


@given(ANYTHING)
def test_the_same_bytes_are_written(value):
    outcomes = []
    for encode in (core_encode, cbor.encode):
        try:
            outcomes.append(encode(value))
        except LocalError as error:
            outcomes.append(error.detail)
    assert outcomes[0] == outcomes[1]
