"""Whatever comes from outside: COSE, signed messages and runs end well or in RemoteError."""

import signers
from hypothesis import given
from hypothesis import strategies as st
from making_feeds import Chain

from mesh.core import codes
from mesh.core.coap import message as coap
from mesh.core.codec.cbor import Decimal, encode
from mesh.core.errors import LocalError, RemoteError, Stale
from mesh.core.feed.feed import Feed, Fork, read_entry, read_run
from mesh.core.kit import Kit
from mesh.core.limits import Limits
from mesh.core.security.cose import header, protect, split
from mesh.core.security.replay import Freshness
from mesh.core.security.seal import (
    Opened,
    open_representation,
    open_request,
    open_response,
    seal_representation,
    seal_request,
    seal_response,
)
from mesh.hub import fast_cbor

ALICE, BOB = signers.hash_identity(1), signers.hash_identity(2)
BOARD = signers.make_hash_kit()
DESKTOP = Kit(BOARD.sha256, BOARD.verify, fast_cbor.encode, fast_cbor.decode, BOARD.random)
# whatever is signed is right: what is tried is the reading
TRUSTING = Kit(BOARD.sha256, lambda *_: True, BOARD.encode, BOARD.decode, BOARD.random)
CHAIN = Chain()

numbers = st.integers(-(2**64), 2**64 - 1)
keys = st.one_of(st.integers(-20, 20), st.text(max_size=3), st.binary(max_size=3))
leaves = st.one_of(
    st.none(),
    st.booleans(),
    numbers,
    st.binary(max_size=70),
    st.text(max_size=10),
    st.floats(width=16, allow_nan=False, allow_infinity=False),
    st.builds(Decimal, st.integers(-99, 99), st.integers(-9, -1)),
)
values = st.recursive(
    leaves,
    lambda inner: st.one_of(st.lists(inner, max_size=5), st.dictionaries(keys, inner, max_size=4)),
    max_leaves=12,
)


@st.composite
def mutated(draw, originals):
    """One of these byte strings, with bytes changed, put in, taken out or cut off."""
    data = bytearray(draw(st.sampled_from(originals)))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(data)))
        how = draw(st.integers(0, 3))
        if how == 0 and at < len(data):
            data[at] = draw(st.integers(0, 255))
        elif how == 1:
            data[at:at] = draw(st.binary(max_size=4))
        elif how == 2:
            data[at : at + draw(st.integers(1, 8))] = b""
        else:
            data = data[:at]
    return bytes(data)


def encodable(value):
    try:
        return encode(value)
    except LocalError:
        return b"\xf6"


def request():
    message = coap.Message(coap.PUT, b"", coap.CON, 7, b"token")
    message.add(coap.URI_PATH, "actuators").add(coap.URI_PATH, "lamp").add(coap.ECHO, b"e" * 12)
    digest = seal_request(BOARD, ALICE, BOB.public, message, 60, b"\xf5")
    return coap.build(message), digest


REQUEST, DIGEST = request()


def response():
    message = coap.Message(codes.CONTENT, b"", coap.ACK, 7, b"token").add(coap.OBSERVE, 3)
    seal_response(BOARD, BOB, ALICE.public, DIGEST, message, 112, b"\x80")
    return coap.build(message)


RESPONSE = response()
SIGNED = [coap.parse(REQUEST).payload, seal_representation(BOARD, ALICE, 60, b"\xa0")]
RUNS = [encode(CHAIN.run(1, 6)), encode(CHAIN.run(4, 6))]


@given(st.one_of(st.binary(max_size=200), mutated(SIGNED)))
def test_split(data):
    try:
        protected, payload, signature = split(data)
    except RemoteError:
        return
    assert len(signature) == 64
    assert data == encode([protected, {}, payload, signature])


@given(
    st.one_of(
        values.map(encodable), mutated([protect(60, bytes(32), 7), protect(257, None, None)])
    )
)
def test_header(protected):
    try:
        content_format, kid, counter = header(BOARD, protected)
    except RemoteError:
        return
    assert content_format is None or 0 <= content_format < 65_536
    assert kid is None or len(kid) == 32
    assert counter is None or 0 <= counter < 2**64


@given(mutated([REQUEST, RESPONSE]))
def test_changed_datagrams_say_the_same_or_nothing(data):
    for kit in (BOARD, DESKTOP):
        try:
            message = coap.parse(data)
            opened = open_request(kit, BOB.public, message)
        except RemoteError:
            continue
        assert opened == open_request(kit, BOB.public, coap.parse(REQUEST))
        assert message.path() == ["actuators", "lamp"]
        assert message.code == coap.PUT
    try:
        opened = open_response(BOARD, BOB.public, ALICE.public, DIGEST, coap.parse(data))
    except RemoteError:
        return
    assert opened == (112, b"\x80")


@given(
    st.integers(0, 255),
    st.lists(st.tuples(st.integers(0, 300), st.binary(max_size=40)), max_size=8),
    st.one_of(st.binary(max_size=100), mutated(SIGNED)),
)
def test_any_message(code, options, payload):
    message = coap.Message(code, payload)
    message.options = sorted([*options, (coap.CONTENT_FORMAT, b"\x12")])
    for kit in (BOARD, TRUSTING):
        got = []
        try:
            assert isinstance(open_request(kit, BOB.public, message), Opened)
        except RemoteError as error:
            got.append(error.code)
        try:
            open_response(kit, BOB.public, ALICE.public, DIGEST, message)
        except RemoteError as error:
            got.append(error.code)
        assert set(got) <= {0x80, 0x81, 0x8F}


@given(
    st.sampled_from([1, 2, 3, 4, 5, 255]),
    st.lists(st.text(max_size=20), max_size=4),
    st.lists(st.text(max_size=20), max_size=3),
    st.one_of(st.none(), st.integers(0, 2**24 - 1)),
    st.one_of(st.none(), st.binary(max_size=40)),
    st.tuples(st.one_of(st.none(), st.integers(0, 65_535)), st.binary(max_size=300)),
)
def test_there_and_back(code, path, query, observe, echo, body):
    content_format, payload = body
    message = coap.Message(code)
    for part in path:
        message.add(coap.URI_PATH, part)
    for part in query:
        message.add(coap.URI_QUERY, part)
    if observe is not None:
        message.add(coap.OBSERVE, observe)
    if echo is not None:
        message.add(coap.ECHO, echo)
    aad = encode(["othermesh-request", BOB.public, code, path, query, observe, None, echo])
    digest = seal_request(BOARD, ALICE, BOB.public, message, content_format, payload)
    opened = open_request(DESKTOP, BOB.public, message)
    expected = (ALICE.public, content_format if payload else None, payload, digest)
    assert (opened.sender, opened.content_format, opened.payload, opened.digest) == expected
    protected, _, signature = split(message.payload)
    assert signature == ALICE.sign(encode(["Signature1", protected, aad, payload]))


@given(st.one_of(st.binary(max_size=200), mutated(SIGNED)))
def test_representations(data):
    for kit in (BOARD, TRUSTING):
        try:
            open_representation(kit, data)
        except RemoteError:
            continue


@given(
    st.one_of(
        values,
        st.tuples(*[values] * 4).map(list),
        values.map(lambda body: [1, [0, 1, 2, None], "note", body]),
    )
)
def test_entries(value):
    data = encodable(value)
    try:
        seq, clock, kind, body = read_entry(BOARD, data)
    except RemoteError:
        return
    assert encode([seq, clock, kind, body]) == data


@given(
    st.one_of(
        values,
        st.tuples(
            st.sampled_from([CHAIN.author, bytes(32), b""]),
            st.integers(-1, 7),
            st.sampled_from([*CHAIN.links, b"", None]),
            st.one_of(st.lists(st.sampled_from([*CHAIN.entries, None]), max_size=6), values),
            st.one_of(st.integers(1, 6).map(CHAIN.head), values),
        ).map(list),
    )
)
def test_runs(value):
    for kit in (TRUSTING, BOARD):
        feed = Feed(kit, CHAIN.author, 4)
        for _ in range(2):
            try:
                new = feed.accept(value)
                run = read_run(kit, value, Limits())
            except RemoteError:
                continue
            assert len(feed.run(0, 10_000)[3]) <= 4
            assert new in (run.entries, [])


@given(st.lists(mutated(RUNS), max_size=4))
def test_changed_runs(changed):
    feed = Feed(signers.make_kit(), CHAIN.author, 4)
    feed.accept(CHAIN.run(1, 3))
    for data in changed:
        try:
            feed.accept(fast_cbor.decode(data))
        except Fork as fork:
            raise AssertionError("a fork needs the author's signature") from fork
        except RemoteError:
            continue
    assert feed.next_seq in (4, 7)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 9), st.booleans()), max_size=80))
def test_no_message_twice(steps):
    """Whatever arrives again, late, in any order, and whoever is forgotten in between."""
    kit = Kit(BOARD.sha256, BOARD.verify, BOARD.encode, BOARD.decode, lambda n: b"r" * n)
    window = Freshness(kit, Limits(senders=1, window=4))
    messages, taken, echoes = [], set(), {}
    now_ms = 0
    for who, which, late in steps:
        now_ms += 20_000 if late else 10
        if who < 3:  # a sender writes a message, with the Echo value that it was given last
            messages.append((who, len(messages), echoes.get(who)))
        if not messages:
            continue
        sender, counter, echo = message = messages[-1 if who < 3 else which % len(messages)]
        try:
            window.accept(now_ms, bytes((sender,)) * 32, counter, echo)
        except Stale as stale:
            if stale.echo is not None:
                echoes[sender] = stale.echo
        else:
            assert message not in taken
            taken.add(message)
