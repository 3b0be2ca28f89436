"""The wire codecs against bytes that nobody meant: a value or RemoteError, and both alike."""

import decimal
import json

import cbor2
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from near_cbor import NearCbor

from mesh.core import codes
from mesh.core.coap import message as coap
from mesh.core.codec import cbor, senml, senml_reading
from mesh.core.errors import LocalError, RemoteError
from mesh.hub import fast_cbor as hub_cbor

REFUSED = object()
TURN = 200  # cases of one seed

SEEDS = st.integers(0, 1 << 32)
# cbor2 5.9 spends 32 bits on 65504.0, which fits 16 (RFC 8949 appendix A has f97bff)
FLOATS = st.floats(width=32, allow_nan=False, allow_infinity=False).filter(
    lambda number: abs(number) != 65504.0
)
DECIMALS = st.builds(cbor.Decimal, st.integers(-(1 << 63), (1 << 63) - 1), st.integers(-9, -1))
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(1 << 64), (1 << 64) - 1)
    | FLOATS
    | DECIMALS
    | st.binary(max_size=300)
    | st.text(max_size=30)
)
KEYS = (
    st.integers(0, (1 << 64) - 1)
    | st.integers(-30, 30)
    | st.binary(max_size=3)
    | st.text(max_size=3)
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)
LABELS = st.integers(-7, 9) | st.sampled_from(["x", "x_", b"x"])
NAMES = st.sampled_from(["a", "urn:x:", "_", "", "a b", "ä", "n" * 200])
FIELDS = (
    NAMES | st.booleans() | st.integers() | FLOATS | DECIMALS | st.none() | st.binary(max_size=3)
)
PACKS = st.lists(st.dictionaries(LABELS, FIELDS, max_size=5), max_size=4)
RECORDS = st.builds(
    senml.Record,
    st.sampled_from(["a", "b:c", "_"]),
    st.none() | st.text(max_size=5),
    SCALARS,
    st.none() | st.integers(-(1 << 31), 1 << 33),
)


def outcome(decode, data):
    try:
        return decode(data)
    except RemoteError:
        return REFUSED


def typed(value):
    """Something that is equal only for equal values of the same types."""
    if isinstance(value, list):
        return [typed(item) for item in value]
    if isinstance(value, dict):
        entries = sorted(value.items(), key=lambda entry: cbor.encode(entry[0]))
        return ("map", [(typed(key), typed(item)) for key, item in entries])
    return (type(value), str(value), value)


def agree(data):
    ours = outcome(cbor.decode, data)
    theirs = outcome(hub_cbor.decode, data)
    assert (ours is REFUSED) == (theirs is REFUSED), f"{data.hex()}: {ours!r}, {theirs!r}"
    if ours is not REFUSED:
        assert typed(ours) == typed(theirs), data.hex()
        assert cbor.encode(ours) == data, data.hex()


def for_cbor2(value):
    """The same value in the types that cbor2 writes."""
    if isinstance(value, cbor.Decimal):
        return decimal.Decimal(value.mantissa).scaleb(value.exponent, decimal.Context(prec=30))
    if isinstance(value, list):
        return [for_cbor2(item) for item in value]
    if isinstance(value, dict):
        return {key: for_cbor2(item) for key, item in value.items()}
    return value


def coap_agrees(data):
    """A datagram is refused, or its message is built into the same bytes again."""
    message = outcome(coap.parse, data)
    if message is REFUSED:
        return
    assert coap.build(message) == data, data.hex()
    outcome(coap.Message.path, message)
    outcome(coap.Message.query, message)
    for number, _ in message.options:
        message.uint(number)
    coap.sift(message)
    codes.text(message.code)


@given(SEEDS)
def test_both_decoders_agree_near_the_borders(seed):
    for data in NearCbor(seed).cases(TURN):
        agree(data)


@given(st.binary(max_size=60))
@example(b"\xf9\x7b\xff")
@example(b"\xd8\x23\x78\x20(?i)[\x00-\xf4\x8f\xbf\xbf]" + b"x" * 20)
def test_both_decoders_agree_on_any_bytes(data):
    agree(data)
    for first in range(0, 256, 17):
        agree(bytes((first,)) + data)


@given(VALUES, st.data())
def test_both_decoders_agree_on_what_was_changed(value, data):
    try:
        good = cbor.encode(value)
    except LocalError:  # maps whose keys have no common order
        return
    agree(good)
    at = data.draw(st.integers(0, len(good) - 1))
    agree(good[:at] + data.draw(st.binary(max_size=2)) + good[at + data.draw(st.integers(0, 2)) :])


@given(VALUES)
def test_encoding_is_cbor2s(value):
    try:
        data = cbor.encode(value)
    except LocalError:
        return
    assert data == cbor2.dumps(for_cbor2(value), canonical=True), data.hex()
    assert data == hub_cbor.encode(value), data.hex()
    assert typed(value) == typed(cbor.decode(data)), data.hex()


@given(st.recursive(SCALARS | st.floats() | st.integers(), st.lists))
def test_encoding_only_complains(value):
    try:
        cbor.encode(value)
    except LocalError:
        return


@pytest.mark.parametrize("decode", [cbor.decode, hub_cbor.decode])
@given(st.integers(0, 16))
def test_depth_may_be_chosen(decode, depth):
    assert outcome(lambda data: decode(data, depth), b"\x81" * depth + b"\0") is not REFUSED
    assert outcome(lambda data: decode(data, depth), b"\x81" * (depth + 1) + b"\0") is REFUSED
    assert outcome(lambda data: decode(data, depth), b"\x81" * depth + b"\x80") is REFUSED


@given(st.binary(max_size=100))
def test_coap_of_any_bytes(data):
    coap_agrees(data)
    coap_agrees(b"\x40\x01\x12\x34" + data)
    coap_agrees(b"\x64\x45\x12\x34" + data)


@given(
    st.lists(st.tuples(st.integers(0, 65535) | st.integers(0, 30), st.binary(max_size=300))),
    st.binary(max_size=100),
    st.binary(max_size=8),
    st.data(),
)
def test_coap_that_was_changed(options, payload, token, data):
    message = coap.Message(coap.FETCH, payload, coap.CON, 0x7D34, token)
    message.options = sorted(options, key=lambda option: option[0])
    good = coap.build(message)
    coap_agrees(good)
    assert coap.parse(good).options == message.options, good.hex()
    at = data.draw(st.integers(0, len(good)))
    coap_agrees(
        good[:at] + data.draw(st.binary(max_size=2)) + good[at + data.draw(st.integers(0, 2)) :]
    )
    coap_agrees(good[:at])


@given(PACKS | VALUES)
def test_senml_of_any_value(pack):
    records = outcome(senml_reading.unpack, pack)
    if records is not REFUSED:
        assert len(json.loads(senml.to_json(records))) == len(records), pack
        again = senml_reading.unpack(senml.pack(records))
        assert [record[2] for record in again] == [record[2] for record in records], pack


@given(st.lists(RECORDS, max_size=4), st.none() | NAMES)
def test_senml_that_is_written_can_be_read(records, base):
    try:
        pack = senml.pack(records, base)
    except LocalError:
        return
    found = senml_reading.unpack(cbor.decode(cbor.encode(pack)))
    assert [r.name for r in found] == [(base or "") + r.name for r in records], pack
    assert [typed(r.value) for r in found] == [typed(r.value) for r in records], pack
    assert [r.time or None for r in found] == [r.time or None for r in records], pack
    assert len(json.loads(senml.to_json(records, base))) == len(records), pack
