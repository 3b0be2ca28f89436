"""The lenient reader never raises, gives JSON whatever comes, and what it gives can be shown."""

import json

import cbor2
from hypothesis import example, given
from hypothesis import strategies as st
from rich.console import Console

from mesh.cli.views.content_view import VIEWS
from mesh.core.errors import RemoteError
from mesh.hub.failure import Failure
from mesh.hub.foreign import decode, diagnostic, lenient, links, plain_json, senml_any
from mesh.hub.foreign.coap_client import Reply

NOW = 1_500_000_000.0
FORMATS = [
    None,
    *[n for n in lenient.READERS if n is not None],
    16,
    17,
    18,
    41,
    47,
    50,
    60,
    61,
    64,
]
FORMATS += [
    96,
    97,
    98,
    101,
    114,
    256,
    310,
    320,
    322,
    340,
    432,
    10_000,
    11_050,
    11_542,
    20_000,
    65_535,
]


def shown(content_format, payload, code=0x45):
    """What a command shows: as JSON, which must be some, and on a screen."""
    try:
        row = decode.describe("coap://h/", Reply(code, content_format, payload), NOW)
    except Failure as failure:
        assert code >= 0x80 or content_format == 18
        failure.detail.encode()
        return None
    text = json.dumps(row, ensure_ascii=False, allow_nan=False)
    text.encode()  # no surrogates
    assert json.loads(text) == row
    console = Console(width=80, highlight=False)
    with console.capture() as capture:
        console.print(VIEWS["content"](row))
    capture.get().encode()
    return row


TAGS = [0, 1, 2, 3, 4, 5, 16, 17, 18, 24, 38, 98, 55_799]
numbers = st.integers(-(2**70), 2**70) | st.floats() | st.sampled_from([10**400, -(10**400)])
values = st.recursive(
    st.none() | st.booleans() | numbers | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.integers(), inner)
    | st.builds(cbor2.CBORTag, st.sampled_from(TAGS), inner),
    max_leaves=20,
)  # fmt: skip
words = st.sampled_from(["n", "u", "v", "vs", "vb", "s", "t", "ut", "vd", "bn", "bt", "bu", "bv",
                         "bs", "bver", "e", "sv", "x_", "map"])  # fmt: skip
odd = numbers | st.text() | st.booleans() | st.none() | st.lists(st.integers(), max_size=2)
packs = st.lists(st.dictionaries(words, odd, max_size=6) | odd, max_size=6)


@given(st.binary(max_size=80), st.sampled_from(FORMATS), st.sampled_from([0x45, 0x84]))
@example(b"\xc4\x82\x1b\xff\xff\xff\xff\xff\xff\xff\xff\x01", 60, 0x45)
@example(b'{"a":' * 500 + b"1" + b"}" * 500, 50, 0x45)
@example(b"[" * 60 + b"]" * 60, 50, 0x45)
def test_no_payload_breaks_anything(payload, content_format, code):
    shown(content_format, payload, code)


@given(values, st.sampled_from(FORMATS))
def test_no_cbor_breaks_anything(value, content_format):
    shown(content_format, cbor2.dumps(value))


@given(packs, st.booleans())
@example([{"n": "a", "v": 10**400}], True)
@example([{"bt": 1e308, "t": 1e308, "n": "a", "v": 1}], True)
@example([{"bv": float("inf"), "v": float("-inf"), "n": "a"}], False)
@example([{"bt": 10**400, "t": 0.5, "n": "a", "v": 1}], False)
@example([{"t": 10**400, "n": "a", "v": 1, "u": "B"}], False)
@example([{"n": "a", "v": 10**400, "u": "s"}], False)
def test_no_senml_breaks_anything(pack, as_json):
    if as_json:
        row = shown(110, json.dumps(pack).encode())
    else:
        labels = {word: number for number, word in senml_any.LABELS.items()}
        pack = [
            {labels.get(k, k): v for k, v in record.items()}
            if isinstance(record, dict)
            else record
            for record in pack
        ]
        row = shown(112, cbor2.dumps(pack))
    if row is not None and isinstance(row["content"], list):
        assert len(row["content"]) <= len(pack) + 2


@given(st.text('<>;,="\\ \n/abct', max_size=40))
def test_no_links_break_anything(text):
    found = links.read(text)
    assert len(found.found) + found.odd <= len(text)
    shown(40, text.encode())


@given(st.binary(max_size=64))
def test_cbor_raises_nothing_else(data):
    for reader in (diagnostic.items, diagnostic.look, diagnostic.streamed):
        try:
            reader(data)
        except RemoteError:
            continue


@given(values)
def test_notation_is_told_of_all_that_can_be_read(value):
    for item in diagnostic.items(cbor2.dumps(value)):
        diagnostic.notation(item).encode()
        diagnostic.notation(item, 2).encode()


@given(st.text('[]{},:"\\ntrue0123456789eE+-.NaIfiy', max_size=60))
def test_json_is_read_or_is_none(text):
    for reader in (plain_json.read, plain_json.elements):
        try:
            found = reader(text)
        except (ValueError, RecursionError):
            continue
        json.dumps(plain_json.jsonable(found), allow_nan=False)
