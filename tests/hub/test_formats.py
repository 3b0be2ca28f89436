"""What strangers answer: laid out by its format, and never a crash whatever it is."""

import contextlib
import json

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesh.core.errors import RemoteError
from mesh.hub import diagnostic, formats
from mesh.hub.cli import views
from mesh.hub.failure import FAILED, Failure
from mesh.hub.foreign import Reply


@pytest.mark.parametrize(
    ("content_format", "payload", "content"),
    [
        (None, b"hello", "hello"),
        (0, b"\xff\x00", "ff00"),
        (0, b"esc\x1b[2J", "6573631b5b324a"),
        (42, b"\x01\x02", "0102"),
        (50, b'{"a": [1, 2.5]}', {"a": [1, 2.5]}),
        (50, b"{broken", "{broken"),
        (50, b"[" * 100_000, "[" * 100_000),
        (60, cbor2.dumps({"a": 1.1, 2: b"\x01"}), {"a": 1.1, "2": "01"}),
        (60, b"\xff", "ff"),
        (257, cbor2.dumps({-1: "no", -2: "why"}), {"title": "no", "detail": "why"}),
        (257, cbor2.dumps([1]), "8101"),
        (9999, b"text", "text"),
    ],
)
def test_payloads_are_laid_out_by_format(content_format, payload, content):
    assert formats.decoded(content_format, payload) == content


def test_senml_is_resolved_in_both_forms():
    wanted = [{"name": "dev:t", "value": 21.5, "unit": "Cel", "time": None}]
    pack = [{"bn": "dev:", "n": "t", "u": "Cel", "v": 21.5}]
    assert formats.decoded(110, json.dumps(pack).encode()) == wanted
    binary = cbor2.dumps([{-2: "dev:", 0: "t", 1: "Cel", 2: 21.5}], canonical=True)
    assert formats.decoded(112, binary) == wanted


def test_links_keep_commas_and_semicolons_in_quotes():
    text = b'</a>;rt="x y";obs,</b,c>;title="1,2;3";ct=40'
    assert formats.links(text) == [
        {"href": "/a", "rt": "x y", "obs": True},
        {"href": "/b,c", "title": "1,2;3", "ct": "40"},
    ]


def test_a_refusal_is_a_failure_with_its_words():
    reply = Reply(0x84, 257, cbor2.dumps({-1: "not here", -2: "nothing of that name"}))
    with pytest.raises(Failure) as caught:
        formats.describe("coap://x/y", reply)
    assert caught.value.detail == "coap://x/y answered 4.04: nothing of that name"
    assert caught.value.code == FAILED


def test_what_nobody_signed_is_not_shown_as_signed():
    with pytest.raises(Failure, match="not what anybody signed"):
        formats.describe("coap://x/y", Reply(0x45, 18, b"\x84\x40\xa0\x40\x58\x40" + bytes(64)))


values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**64), 2**64 - 1) | st.floats(allow_nan=False)
    | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.integers(), inner),
    max_leaves=20,
)  # fmt: skip


@given(values)
def test_cbor_of_anybody_can_be_looked_at(value):
    json.dumps(diagnostic.look(cbor2.dumps(value)))


@given(st.binary(max_size=64), st.sampled_from([None, *formats.READERS]))
def test_no_payload_breaks_anything(payload, content_format):
    content = formats.decoded(content_format, payload)
    json.dumps(content)
    shown = {"code": "2.05", "format": "x", "signed_by": None, "content": content}
    views.content(shown)


@given(st.binary(max_size=64))
def test_diagnostic_raises_nothing_else(data):
    with contextlib.suppress(RemoteError):
        diagnostic.look(data)


@pytest.mark.parametrize(
    ("data", "seen"),
    [
        ("9f0102ff", [1, 2]),
        ("bf616101ff", {"a": 1}),
        ("5f41014102ff", "0102"),
        ("7f61616162ff", "ab"),
        ("c11a514b67b0", {"tag": 1, "value": 1363896240}),
        ("f97e00", "nan"),
        ("f7", None),
        ("f0", "simple(16)"),
        ("0102", [1, 2]),
    ],
)
def test_all_of_cbor_is_understood(data, seen):
    assert diagnostic.look(bytes.fromhex(data)) == seen


@pytest.mark.parametrize(
    "data", ["", "ff", "1c", "3f", "9f", "81" * 200, "5bffffffffffffffff00", "c1", "81ff", "a1ff"]
)
def test_what_is_no_cbor_is_refused(data):
    with pytest.raises(RemoteError):
        diagnostic.look(bytes.fromhex(data))
