"""What strangers answer: laid out by its format, and never a crash whatever it is."""

import json

import cbor2
import pytest

from mesh.core.security.seal import seal_representation
from mesh.hub.desktop_kit import make_identity, make_kit, new_secret
from mesh.hub.failure import FAILED, Failure
from mesh.hub.foreign import decode, lenient
from mesh.hub.foreign.coap_client import Reply
from mesh.hub.foreign.links import read as read_links

NOW = 1_500_000_000.0
KIT = make_kit()


def seen(content_format, payload):
    """The content and the notes."""
    read = lenient.looked_at(content_format, payload, NOW)
    json.dumps(read.content, allow_nan=False)
    return read.content, list(read.notes)


@pytest.mark.parametrize(
    ("content_format", "payload", "content"),
    [
        (None, b"hello", "hello"),
        (None, b"", ""),
        (0, b"\xff\x00", "h'ff00'"),
        # text with an odd character stays text
        (0, b"esc\x1b[2J", "esc\\x1b[2J"),
        (0, b"21.5 \xb0C", "21.5 \\xb0C"),  # Latin-1, as small devices write it
        (0, b"21.5 \xc2\xb0C\r\n", "21.5 \u00b0C\r\n"),
        (0, b"hello\x00", "hello\\x00"),  # the end of a string in C
        (None, b"\xef\xbb\xbf21.5", "\\ufeff21.5"),
        (0, "turned \u202eround".encode(), "turned \\u202eround"),
        (42, b"\x01\x02", "h'0102'"),
        (42, b"hello", "h'68656c6c6f'"),
        (50, b'{"a": [1, 2.5]}', {"a": [1, 2.5]}),
        (50, b"\xef\xbb\xbf[1]", [1]),
        (50, b"[NaN, Infinity, -Infinity, 1e999]", ["NaN", "Infinity", "-Infinity", "1e999"]),
        (50, b'{"a": 1, "a": 2, "b": 3}', {"map": [["a", 1], ["a", 2], ["b", 3]]}),
        (50, b'"\\ud83d\\ude00 \\ud83d"', "\U0001f600 \\ud83d"),
        (50, b"9" * 30, int("9" * 30)),
        (50, b"9" * 5000, "9" * 5000),
        (60, cbor2.dumps({"a": 1.1, 2: b"\x01"}), {"a": 1.1, "2": "h'01'"}),
        (257, cbor2.dumps({-1: "no", -2: "why"}), {"title": "no", "detail": "why"}),
        (432, b'{"title": "a thing"}', {"title": "a thing"}),  # td+json
        (61, cbor2.dumps(cbor2.CBORTag(61, {1: "x"})), {"tag": 61, "value": {"1": "x"}}),
        (63, b"\x01", [1]),
        (63, b"", []),
        (41, b'<msg val="26"/>', '<msg val="26"/>'),
        (9999, b"text", "text"),
    ],
)
def test_payloads_are_laid_out_by_format(content_format, payload, content):
    assert seen(content_format, payload)[0] == content
    assert decode.looked_at(content_format, payload, NOW).content == content


@pytest.mark.parametrize(
    ("content_format", "payload", "content", "note"),
    [
        (50, b"{broken", "{broken", "it is not application/json: malformed"),
        (50, b"[" * 100_000, "[" * 100_000, "it is not application/json: malformed"),
        (50, b"", "", "it is not application/json: malformed"),
        (60, b"\xff", "h'ff'", "it is not application/cbor: CBOR malformed"),
        (60, b"", "", "it is not application/cbor: CBOR cut off"),
        (60, b"\x81" * 200, "h'" + "81" * 200 + "'", "it is not application/cbor: CBOR too deep"),
        (257, cbor2.dumps([1]), "h'8101'", "problem details are a map"),
        (110, b"[1, 2]", "[1, 2]", "2 records are left out: a record that is no map"),
        (40, b"hello", "hello", "there is no link in it"),
        (0, b"\xff\xfe\xfd", "h'fffefd'", "it is no text"),
        (18, b"\x01", "h'01'", "no COSE"),
        (310, b"<sensml/>", "<sensml/>", "XML is shown as it came"),
    ],
)
def test_what_is_not_as_its_format_says_is_shown_as_it_came(
    content_format, payload, content, note
):
    found, notes = seen(content_format, payload)
    assert found == content
    assert note in " ".join(notes)


@pytest.mark.parametrize(
    ("content_format", "name"),
    [
        (None, "no format told"),
        (0, "text/plain; charset=utf-8"),
        (23, "image/png"),
        (47, "application/exi"),
        (112, "application/senml+cbor"),
        (115, "application/sensml-exi"),
        (257, "application/concise-problem-details+cbor"),
        (11_060, "application/cbor, deflate"),
        (11_542, "application/vnd.oma.lwm2m+tlv"),
        (65_000, "format 65000, not known here"),
    ],
)
def test_formats_have_names_and_what_is_not_read_its_size(content_format, name):
    row = decode.describe("coap://x/y", Reply(0x45, content_format, b"\x89PNG\r\n\x1a\n" * 9))
    assert (row["format"], row["bytes"]) == (name, 72)
    assert row["content"].startswith("h'89504e47"), row["content"]


def test_parts_have_formats_of_their_own():
    parts = cbor2.dumps([0, b"hi", 60, b"\x01", 110, b'[{"n":"a","v":1}]', 50, b"{"])
    found, notes = seen(62, parts)
    assert [part["format"] for part in found[:2]] == [
        "text/plain; charset=utf-8",
        "application/cbor",
    ]
    assert [part["content"] for part in found[:2]] == ["hi", 1]
    assert found[2]["content"][0]["name"] == "a"
    assert notes == ["it is not application/json: malformed"]
    nested = b"\x01"
    for _ in range(20):
        nested = cbor2.dumps([62, nested])
    assert seen(62, nested)[1]


@pytest.mark.parametrize(
    ("text", "found", "odd"),
    [
        (
            '</a>;rt="x y";obs,</b,c>;title="1,2;3";ct=40',
            [
                {"href": "/a", "rt": "x y", "obs": True},
                {"href": "/b,c", "title": "1,2;3", "ct": "40"},
            ],
            0,
        ),
        # RFC 6690 s.5
        (
            '</sensors>;ct=40;title="Sensor Index",</sensors/temp>;rt="temperature-c";if="sensor",'
            '<http://www.example.com/sensors/t123>;anchor="/sensors/temp";rel="describedby",'
            '</t>;anchor="/sensors/temp";rel="alternate"',
            [
                {"href": "/sensors", "ct": "40", "title": "Sensor Index"},
                {"href": "/sensors/temp", "rt": "temperature-c", "if": "sensor"},
                {
                    "href": "http://www.example.com/sensors/t123",
                    "anchor": "/sensors/temp",
                    "rel": "describedby",
                },
                {"href": "/t", "anchor": "/sensors/temp", "rel": "alternate"},
            ],
            0,
        ),
        ('<a>;title="say \\"hi\\", \\\\"', [{"href": "a", "title": 'say "hi", \\'}], 0),
        ("<a>;rel=first;rel=second", [{"href": "a", "rel": "first"}], 0),
        ('<a>;hreflang=de;hreflang="en"', [{"href": "a", "hreflang": ["de", "en"]}], 0),
        (" <a> ;\r\n ct = 60 ;obs ,\n\n<b>,", [{"href": "a", "ct": "60", "obs": True},
                                              {"href": "b"}], 0),
        ("<a>;ct=0 50;sz=;;=x", [{"href": "a", "ct": "0 50", "sz": ""}], 0),
        ("<a>;href=x", [{"href": "a", "href*": "x"}], 0),
        ('<a>;title="never closed, <b>', [{"href": "a", "title": "never closed, <b>"}], 0),
        ("nonsense,<a>,<b", [{"href": "a"}], 2),
        ("<a> junk,<b>", [{"href": "a"}, {"href": "b"}], 1),
        ("", [], 0),
    ],
)  # fmt: skip
def test_links(text, found, odd):
    assert read_links(text) == (found, odd)
    if found:
        content, notes = seen(40, text.encode())
        assert content == found
        assert bool(notes) == bool(odd)


def test_a_refusal_is_a_failure_with_its_words():
    reply = Reply(0x84, 257, cbor2.dumps({-1: "not here", -2: "nothing of that name"}))
    with pytest.raises(Failure) as caught:
        decode.describe("coap://x/y", reply)
    assert caught.value.detail == "coap://x/y answered 4.04: nothing of that name"
    assert caught.value.exit_code == FAILED


@pytest.mark.parametrize(
    ("content_format", "payload", "words"),
    [
        (257, cbor2.dumps({-1: cbor2.CBORTag(38, ["de", "nicht da"])}), "4.04: nicht da"),
        (257, cbor2.dumps({-1: "bad option", -8: [8, 9]}), "bad option; options it could not"),
        (257, cbor2.dumps({-4: 0x84}), "{'response_code': '4.04'}"),
        (257, b"\xff", "4.04: h'ff'"),
        (50, b'{"title": "no", "detail": "not today"}', "4.04: not today"),
        (None, b"", "4.04: no reason given"),
        (0, b"no\x1b[2J", "4.04: no\\x1b[2J"),
        (0, b"x" * 1000, "(700 characters more)"),
    ],
)
def test_why_somebody_refuses(content_format, payload, words):
    with pytest.raises(Failure) as caught:
        decode.describe("coap://x/y", Reply(0x84, content_format, payload))
    assert words in caught.value.detail


def test_problem_details_have_names():
    """RFC 9290, with a key of an application and one that was never registered."""
    details = {
        -1: "t",
        -3: "/x",
        -4: 0x84,
        -5: "coap://h/",
        -6: "en",
        -7: False,
        -99: 1,
        7: {0: 1},
    }
    assert seen(257, cbor2.dumps(details))[0] == {
        "title": "t", "instance": "/x", "response_code": "4.04", "base_uri": "coap://h/",
        "base_lang": "en", "base_rtl": False, "-99": 1, "7": {"0": 1},
    }  # fmt: skip


def cose(protected, payload, unprotected=None, last=bytes(64)):
    header = cbor2.dumps(protected) if protected else b""
    return [header, unprotected or {}, payload, last]


def test_cose_of_others_is_shown_and_not_taken_for_true():
    """RFC 9052: signed, authenticated or encrypted in a way that nobody here can check."""
    sign1 = cose({1: -7, 3: 50}, b'{"t": 21}', {4: b"key 7"})
    for content_format, item in ((18, sign1), (18, cbor2.CBORTag(18, sign1)),
                                 (60, cbor2.CBORTag(18, sign1))):  # fmt: skip
        row = decode.describe("coap://x/y", Reply(0x45, content_format, cbor2.dumps(item)))
        assert (row["content"], row["signed_by"]) == ({"t": 21}, None)
        assert "COSE_Sign1 (ES256), key h'6b65792037'" in row["notes"][0]
        assert "signed in a way not known here" in row["notes"][0]
    for content_format, item, content, note in (
        (17, cose({1: 5}, b"hello", last=bytes(32)), "hello", "authenticated in a way"),
        (97, [*cose({1: 5}, b"hello"), []], "hello", "COSE_Mac (HMAC 256/256)"),
        (98, cose({}, cbor2.dumps({"a": 1}), last=[]), {"a": 1}, "COSE_Sign: signed in a way"),
        (18, cose({1: 99_999, 3: "application/cbor"}, b"\x07"), 7, "COSE_Sign1 (99999)"),
        (18, cose({1: -7}, None), None, "its content is not in it"),
        (16, [b"", {}, b"x" * 20], None, "COSE_Encrypt0: encrypted, 20 bytes"),
        (96, [b"", {}, None, []], None, "content elsewhere"),
        (18, cose({1: -7, 3: 50}, b"{"), "{", "it is not application/json"),
        (18, cose({1: -7, 3: 64_999}, b"x"), "x", "format 64999, not known here"),
        (18, [5, 6, b"x", 7], "x", "COSE_Sign1: signed in a way"),
    ):
        found, notes = seen(content_format, cbor2.dumps(item))
        assert note in " ".join(notes), notes
        assert content is None or found == content, found


def test_a_peers_signature_that_is_wrong_is_a_failure():
    identity = make_identity(new_secret(), iter(range(9)).__next__)
    sealed = seal_representation(KIT, identity, 60, b"\x01")
    row = decode.describe("coap://x/y", Reply(0x45, 18, sealed))
    assert row["content"] == 1
    assert row["signed_by"] is not None
    with pytest.raises(Failure, match="not validly signed"):
        decode.describe("coap://x/y", Reply(0x45, 18, sealed[:-1] + bytes((sealed[-1] ^ 1,))))
