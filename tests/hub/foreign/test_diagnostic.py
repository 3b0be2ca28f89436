"""Any CBOR as JSON and in diagnostic notation (RFC 8949 section 8 and appendix A)."""

import json

import cbor2
import pytest

from mesh.core.errors import RemoteError
from mesh.hub.foreign import diagnostic


@pytest.mark.parametrize(
    ("data", "plain", "notation"),
    [
        # appendix A
        ("00", 0, "0"),
        ("1bffffffffffffffff", 2**64 - 1, "18446744073709551615"),
        ("c249010000000000000000", 2**64, "18446744073709551616"),
        ("3bffffffffffffffff", -(2**64), "-18446744073709551616"),
        ("c349010000000000000000", -(2**64) - 1, "-18446744073709551617"),
        ("fb3ff199999999999a", 1.1, "1.1"),
        ("f97c00", "Infinity", "Infinity"),
        ("f97e00", "NaN", "NaN"),
        ("fbfff0000000000000", "-Infinity", "-Infinity"),
        ("f4", False, "false"),
        ("f6", None, "null"),
        ("f7", None, "undefined"),
        ("f0", "simple(16)", "simple(16)"),
        ("f8ff", "simple(255)", "simple(255)"),
        ("c11a514b67b0", {"tag": 1, "value": 1363896240}, "1(1363896240)"),
        ("4401020304", "h'01020304'", "h'01020304'"),
        ("62225c", '"\\', '"\\"\\\\"'),
        ("8301820203820405", [1, [2, 3], [4, 5]], "[1, [2, 3], [4, 5]]"),
        ("a201020304", {"1": 2, "3": 4}, "{1: 2, 3: 4}"),
        ("5f42010243030405ff", "h'0102030405'", "h'0102030405'"),
        ("7f657374726561646d696e67ff", "streaming", '"streaming"'),
        ("9f018202039f0405ffff", [1, [2, 3], [4, 5]], "[1, [2, 3], [4, 5]]"),
        ("bf6346756ef563416d7421ff", {"Fun": True, "Amt": -2}, '{"Fun": true, "Amt": -2}'),
        # and what is odd
        ("a2016161016162", {"map": [["1", "a"], ["1", "b"]]}, '{1: "a", 1: "b"}'),
        ("a201616161316262", None, None),
        ("a201f46131f5", {"map": [["1", False], ["1", True]]}, '{1: false, "1": true}'),
        ("a141 01 8141 02".replace(" ", ""), {"h'01'": ["h'02'"]}, "{h'01': [h'02']}"),
        ("a1820102f5", {"[1, 2]": True}, "{[1, 2]: true}"),
        ("d9d9f701", 1, "55799(1)"),
        ("c48221196ab3", 273.15, "4([-2, 27315])"),
        ("c482391fff01", {"tag": 4, "value": [-8192, 1]}, "4([-8192, 1])"),
        ("c4820163616263", {"tag": 4, "value": [1, "abc"]}, '4([1, "abc"])'),
        ("61ff", "\\xff", '"\\\\xff"'),
        ("63eda080", "\\xed\\xa0\\x80", None),
        ("0102", [1, 2], None),
        ("80", [], "[]"),
    ],
)
def test_all_of_cbor_is_understood(data, plain, notation):
    data = bytes.fromhex(data)
    if plain is None and notation is None:
        with pytest.raises(RemoteError):
            diagnostic.look(data)
        return
    assert diagnostic.look(data) == plain
    json.dumps(diagnostic.look(data), allow_nan=False)
    items = diagnostic.items(data)
    assert notation is None or diagnostic.notation(items[0]) == notation


def test_a_number_too_long_to_be_written_stays_bytes():
    for size in (17, 100, 10_000):
        data = cbor2.dumps(cbor2.CBORTag(2, b"\x80" + bytes(size - 1)))
        assert diagnostic.look(data)["tag"] == 2
        assert diagnostic.notation(diagnostic.items(data)[0]).startswith("2(h'80")


def test_notation_in_lines():
    data = cbor2.dumps({"a": [1, {}], 2: []})
    assert diagnostic.notation(diagnostic.items(data)[0], 2) == (
        '{\n  "a": [\n    1,\n    {}\n  ],\n  2: []\n}'
    )


@pytest.mark.parametrize(
    "data",
    ["", "ff", "1c", "3f", "9f", "81" * 200, "5bffffffffffffffff00", "c1", "81ff", "a1ff",
     "bf01ff", "a101", "5f6161ff", "7f4161ff", "5f5f4101ffff", "5f01ff", "dfff", "f8", "fb00",
     "9bffffffffffffffff"],
)  # fmt: skip
def test_what_is_no_cbor_is_refused(data):
    with pytest.raises(RemoteError):
        diagnostic.look(bytes.fromhex(data))
