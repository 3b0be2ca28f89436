"""SenML of strangers, resolved: the examples of RFC 8428, and what devices write instead."""

import json

import cbor2
import pytest

from mesh.hub.foreign import lenient

NOW = 1_500_000_000.0
JSON, CBOR = 110, 112
LABELS = {
    "bver": -1, "bn": -2, "bt": -3, "bu": -4, "bv": -5, "bs": -6,
    "n": 0, "u": 1, "v": 2, "vs": 3, "vb": 4, "s": 5, "t": 6, "ut": 7, "vd": 8,
}  # fmt: skip


def read(content_format, payload):
    found = lenient.looked_at(content_format, payload, NOW)
    json.dumps(found.content, allow_nan=False)
    return found.content, list(found.notes)


def rows(pack):
    """[(name, value, unit, time)] and the notes: the same from JSON and from CBOR."""
    content, notes = read(JSON, json.dumps(pack).encode())
    binary = [{LABELS.get(k, k): v for k, v in record.items()} for record in pack]
    assert read(CBOR, cbor2.dumps(binary)) == (content, notes)
    assert read(113, b"\x9f" + b"".join(map(cbor2.dumps, binary)) + b"\xff") == (content, notes)
    return [(r["name"], r["value"], r["unit"], r["time"]) for r in content], notes


DEV = "urn:dev:ow:10e2073a0108006"


@pytest.mark.parametrize(
    ("pack", "resolved"),
    [
        # s.5.1.1 to s.5.1.7
        ([{"n": DEV, "u": "Cel", "v": 23.1}], [(DEV, 23.1, "Cel", None)]),
        (
            [
                {"bn": DEV + ":", "bt": 1.276020076001e9, "bu": "A", "bver": 5,
                 "n": "voltage", "u": "V", "v": 120.1},
                {"n": "current", "t": -5, "v": 1.2},
                {"n": "current", "v": 1.7},
            ],
            [
                (DEV + ":voltage", 120.1, "V", 1276020076.001),
                (DEV + ":current", 1.2, "A", 1276020071.001),
                (DEV + ":current", 1.7, "A", 1276020076.001),
            ],
        ),
        (
            [{"bn": DEV, "bt": 1.320067464e9, "bu": "%RH", "v": 20}, {"u": "lon", "v": 24.30621},
             {"t": 60, "v": 20.3}],
            [(DEV, 20, "%RH", 1320067464.0), (DEV, 24.30621, "lon", 1320067464.0),
             (DEV, 20.3, "%RH", 1320067524.0)],
        ),
        (
            [{"bn": "2001:db8::2/", "n": "t", "v": 25.2},
             {"bn": "2001:db8::1/", "n": "t", "v": 1}],
            [("2001:db8::2/t", 25.2, None, None), ("2001:db8::1/t", 1, None, None)],
        ),
        (
            [{"bn": DEV + ":"}, {"n": "label", "vs": "Machine Room"}, {"n": "open", "vb": False}],
            [(DEV + ":label", "Machine Room", None, None), (DEV + ":open", False, None, None)],
        ),
        # times relative to now (s.4.5.3)
        ([{"n": "a", "v": 1, "t": -60}], [("a", 1, None, NOW - 60)]),
        ([{"n": "a", "v": 1, "t": 0}], [("a", 1, None, NOW)]),
        ([{"bt": -10, "n": "a", "v": 1, "t": -0.5}], [("a", 1, None, NOW - 10.5)]),
        ([{"bt": 2**28, "n": "a", "v": 1}], [("a", 1, None, 2**28)]),
        # base values; the sum of decimals is a decimal
        (
            [{"bn": "a", "bv": 20.1, "v": 0.2}, {"v": 3}, {"t": -1}, {"vs": "text"}],
            [("a", 20.3, None, None), ("a", 23.1, None, None), ("a", 20.1, None, NOW - 1),
             ("a", "text", None, None)],
        ),
        # 64 bits, and what no number is meant to be
        ([{"n": "a", "v": 1e300}], [("a", 1e300, None, None)]),
        ([{"n": "a", "v": 5e-324}], [("a", 5e-324, None, None)]),
        ([{"n": "a", "v": 2**63}], [("a", 2**63, None, None)]),
        ([{"n": "a", "v": "21.5"}], [("a", "21.5", None, None)]),
        ([{"n": "a", "v": True}], [("a", True, None, None)]),
        ([{"n": "\u00e4 b/", "v": 1}], [("\u00e4 b/", 1, None, None)]),  # a name that is barred
        ([{"n": 3303, "v": 1}], [("3303", 1, None, None)]),
        # unknown fields are ignored (s.4.4)
        ([{"n": "a", "v": 1, "foo": {"x": [1]}, "blabel": 2}], [("a", 1, None, None)]),
        ([], []),
    ],
)  # fmt: skip
def test_records_are_resolved(pack, resolved):
    assert rows(pack) == (resolved, [])


def test_more_records_than_a_peer_takes():
    pack = [{"bn": "a", "v": 0}, *({"v": n, "t": -n} for n in range(1, 1000))]
    found, notes = rows(pack)
    assert [row[1] for row in found] == list(range(1000))
    assert not notes


def test_sums_and_data():
    pack = [
        {"bn": "m:", "bs": 100, "n": "a", "v": 1, "s": 20},
        {"n": "b", "s": 5},
        {"n": "c", "v": 2},
    ]
    content, _ = read(JSON, json.dumps(pack).encode())
    assert [(r["name"], r["value"], r["sum"]) for r in content] == [
        ("m:a", 1, 120), ("m:b", None, 105), ("m:c", 2, 100),
    ]  # fmt: skip
    for text in ("aGkgCg", "aGkgCg=="):
        content, _ = read(JSON, json.dumps([{"n": "nfv-reader", "vd": text, "ut": 60}]).encode())
        assert content[0]["value"] == "h'6869200a'"
        assert content[0]["update_s"] == 60
    content, _ = read(CBOR, cbor2.dumps([{0: "a", 8: b"\x01"}]))
    assert content[0]["value"] == "h'01'"
    content, _ = read(JSON, b'[{"n": "a", "vd": "not base64!"}]')
    assert content[0]["value"] == "not base64!"


@pytest.mark.parametrize(
    ("pack", "note"),
    [
        ([{"n": "a", "v": 1}, 5], "1 record is left out: a record that is no map"),
        ([{"n": "a", "v": 1}, {"n": "b"}], "1 record is left out: a record without a value"),
        ([{"n": "a", "v": 1}, {"n": "b", "v": 1, "vs": "x"}, {}, {"n": "c", "v": 2, "t": "noon"}],
         "3 records are left out: a record with two values; a record without a value; a time"),
        ([{"n": "a", "v": 1}, {"n": "b", "v": 1, "must_": 1}], "must_ has to be understood"),
        ([{"n": "a", "v": 1}, {"bv": "x", "n": "b", "v": 1}], "a number that is none"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_left_out_and_told(pack, note):
    content, notes = read(JSON, json.dumps(pack).encode())
    assert [row["name"] for row in content] == ["a"]
    assert note in notes[0]


@pytest.mark.parametrize("version", [11, 99, 10.5, "5", None])
def test_a_later_version_must_not_be_used(version):
    payload = json.dumps([{"n": "a", "v": 1}, {"bver": version, "n": "b", "v": 1}]).encode()
    content, notes = read(JSON, payload)
    assert content == payload.decode()
    assert "version" in notes[0]


def test_decimals_and_big_numbers_of_cbor():
    tag = cbor2.CBORTag
    pack = [{0: "a", 2: tag(4, [-2, 2140])}, {0: "b", 2: tag(4, [-1, tag(2, b"\x01\x00")])},
            {0: "c", 2: tag(2, b"\xff" * 9)}, {0: "d", 2: tag(5, [1, 3])},
            {0: "e", 2: 1.5, -3: 1e9}, {0: "f", 2: float("nan")},
            {0: "g", 2: float("inf"), 6: 1}]  # fmt: skip
    content, _ = read(CBOR, cbor2.dumps(pack))
    assert [row["value"] for row in content] == [
        21.4, 25.6, 2**72 - 1, {"tag": 5, "value": [1, 3]}, 1.5, "NaN", "Infinity",
    ]  # fmt: skip


def test_streams_that_go_on():
    """RFC 8428 s.4.8: what has come of SensML is read, whatever comes later."""
    for payload in (b'[{"n":"a","v":1},{"n":"b","v":2}', b'[{"n":"a","v":1},{"n":"b","v":2},{"n"'):
        content, notes = read(111, payload)
        assert [row["name"] for row in content] == ["a", "b"]
        assert "breaks off" in notes[-1]
    whole = b"\x9f" + cbor2.dumps({0: "a", 2: 1}) + cbor2.dumps({0: "b", 2: 2})
    for payload in (whole, whole + b"\xa2\x00"):
        content, notes = read(113, payload)
        assert [row["name"] for row in content] == ["a", "b"]
        assert "breaks off" in notes[-1]


def test_former_drafts():
    """LwM2M 1.0 (Content-Format 11543) and early devices: "e", "sv", and one record alone."""
    payload = b'{"bn":"/3/0/","bt":25462634,"e":[{"n":"0","sv":"Open"},{"n":"9","v":95}]}'
    for content_format in (JSON, 11_543):
        content, notes = read(content_format, payload)
        assert [(row["name"], row["value"]) for row in content] == [
            ("/3/0/0", "Open"),
            ("/3/0/9", 95),
        ]
        assert not notes
    assert read(JSON, b'{"n":"a","v":1}')[0][0]["name"] == "a"
    assert read(JSON, b'[{"n":"a","n":"b","v":1}]')[0][0]["name"] == "a"


def test_cbor_with_labels_in_words():
    content, _ = read(CBOR, cbor2.dumps([{"bn": "x:", "n": "a", "v": 1}]))
    assert content[0]["name"] == "x:a"
