"""SenML packs: resolved as RFC 8428 says, written exactly, and refused if they are none."""

import json

from cbor_values import meant, same
from helpers import raises, vectors

from mesh.core.codec.cbor import Decimal, decode, encode
from mesh.core.codec.senml import RECORDS, Record, number, pack, to_json
from mesh.core.codec.senml_reading import unpack
from mesh.core.errors import LocalError, RemoteError


def records_of(notes):
    return [Record(name, unit, meant(value), time) for name, unit, value, time in notes]


def cases(kind):
    return [case for case in vectors("senml") if kind in case]


def test_unpacked():
    for case in cases("records"):
        found = unpack(decode(bytes.fromhex(case["hex"])))
        wanted = records_of(case["records"])
        assert len(found) == len(wanted), (case, found)
        for i in range(len(found)):
            assert same(list(found[i]), list(wanted[i])), (case, found[i])


def test_refused():
    for case in cases("refused"):
        raises(RemoteError, unpack, decode(bytes.fromhex(case["hex"])))


def test_written():
    for case in cases("written"):
        records = records_of(case["written"])
        data = encode(pack(records, case["base"]))
        assert data.hex() == case["hex"], (case, data.hex())
        assert to_json(records, case["base"]) == case["json"], (
            case,
            to_json(records, case["base"]),
        )
        json.loads(case["json"])


def test_there_and_back():
    records = [
        Record("temperature", "Cel", Decimal(2135, -2), None),
        Record("door", None, True, 1732226400),
    ]
    found = unpack(decode(encode(pack(records, "urn:othermesh:abc:"))))
    assert found == [
        Record("urn:othermesh:abc:" + r.name, r.unit, r.value, r.time) for r in records
    ], found


def test_what_cannot_be_packed():
    for record in (
        Record("", "m", 1, None),
        Record("a b", "m", 1, None),
        Record("-a", "m", 1, None),
        Record("n" * 256, "m", 1, None),
        Record("a", "m", None, None),
        Record("a", "m", b"data", None),
        Record("a", "m", [1], None),
        Record("a", "m", float("nan"), None),
        Record("a", "m", float("inf"), None),
    ):
        raises(LocalError, pack, [record])
        raises(LocalError, to_json, [record])
    raises(LocalError, pack, [Record("a", None, 1, None)], "-")
    raises(LocalError, pack, [Record("a", None, 1, None)], "b" * 255)
    raises(LocalError, pack, [Record("a", None, 1, None)] * (RECORDS + 1))


def test_json_of_other_alphabets():
    for text in ("°C", "水", "a\x00\x1f", '\\"'):
        written = to_json([Record("a", None, text, None)])
        assert json.loads(written) == [{"n": "a", "vs": text}], written


def test_what_only_json_can_hold():
    for value in (float("nan"), float("inf"), 10**400, -(10**400)):
        raises(RemoteError, unpack, [{0: "a", 2: value}])
        raises(RemoteError, unpack, [{0: "a", 2: 1, 6: value}])


def test_numbers():
    for value, digits, wanted in (
        (21.35, 2, Decimal(2135, -2)),
        (21.35, 1, Decimal(214, -1)),
        (21.0, 2, 21),
        (21.5, 3, Decimal(215, -1)),
        (-0.25, 2, Decimal(-25, -2)),
        (0.0, 3, 0),
        (-0.001, 1, 0),
        (99.999, 1, 100),
        (1013.25, 0, 1013),
        (7, 2, 7),
        (1.5, 9, Decimal(15, -1)),
    ):
        assert same(number(value, digits), wanted), (value, digits, number(value, digits))


def test_what_is_no_number():
    for value in (float("inf"), -float("inf"), float("nan")):
        raises(LocalError, number, value, 2)
    raises(LocalError, number, 1e30 / 7, 2)
    raises(LocalError, encode, number(1e30, 0))
