"""RFC 8949 appendix A through both of our decoders and cbor2; and what cbor2 must not get."""

import cbor2
import pytest
from cbor_values import meant, same
from helpers import vectors

from mesh.core.codec import cbor
from mesh.core.errors import RemoteError
from mesh.hub import fast_cbor as hub_cbor

OUTSIDE = object()
# every row of the table, in its order: (bytes, the value, or OUTSIDE the subset)
APPENDIX_A = [
    ("00", 0),
    ("01", 1),
    ("0a", 10),
    ("17", 23),
    ("1818", 24),
    ("1819", 25),
    ("1864", 100),
    ("1903e8", 1000),
    ("1a000f4240", 1000000),
    ("1b000000e8d4a51000", 1000000000000),
    ("1bffffffffffffffff", 18446744073709551615),
    ("c249010000000000000000", OUTSIDE),
    ("3bffffffffffffffff", -18446744073709551616),
    ("c349010000000000000000", OUTSIDE),
    ("20", -1),
    ("29", -10),
    ("3863", -100),
    ("3903e7", -1000),
    ("f90000", 0.0),
    ("f98000", -0.0),
    ("f93c00", 1.0),
    ("fb3ff199999999999a", OUTSIDE),
    ("f93e00", 1.5),
    ("f97bff", 65504.0),
    ("fa47c35000", 100000.0),
    ("fa7f7fffff", 3.4028234663852886e38),
    ("fb7e37e43c8800759c", OUTSIDE),
    ("f90001", 5.960464477539063e-8),
    ("f90400", 0.00006103515625),
    ("f9c400", -4.0),
    ("fbc010666666666666", OUTSIDE),
    ("f97c00", OUTSIDE),
    ("f97e00", OUTSIDE),
    ("f9fc00", OUTSIDE),
    ("fa7f800000", OUTSIDE),
    ("fa7fc00000", OUTSIDE),
    ("faff800000", OUTSIDE),
    ("fb7ff0000000000000", OUTSIDE),
    ("fb7ff8000000000000", OUTSIDE),
    ("fbfff0000000000000", OUTSIDE),
    ("f4", False),
    ("f5", True),
    ("f6", None),
    ("f7", OUTSIDE),
    ("f0", OUTSIDE),
    ("f8ff", OUTSIDE),
    ("c074323031332d30332d32315432303a30343a30305a", OUTSIDE),
    ("c11a514b67b0", OUTSIDE),
    ("c1fb41d452d9ec200000", OUTSIDE),
    ("d74401020304", OUTSIDE),
    ("d818456449455446", OUTSIDE),
    ("d82076687474703a2f2f7777772e6578616d706c652e636f6d", OUTSIDE),
    ("40", b""),
    ("4401020304", b"\1\2\3\4"),
    ("60", ""),
    ("6161", "a"),
    ("6449455446", "IETF"),
    ("62225c", '"\\'),
    ("62c3bc", "\u00fc"),
    ("63e6b0b4", "\u6c34"),
    ("64f0908591", "\U00010151"),
    ("80", []),
    ("83010203", [1, 2, 3]),
    ("8301820203820405", [1, [2, 3], [4, 5]]),
    ("98190102030405060708090a0b0c0d0e0f101112131415161718181819", list(range(1, 26))),
    ("a0", {}),
    ("a201020304", {1: 2, 3: 4}),
    ("a26161016162820203", {"a": 1, "b": [2, 3]}),
    ("826161a161626163", ["a", {"b": "c"}]),
    (
        "a56161614161626142616361436164614461656145",
        {"a": "A", "b": "B", "c": "C", "d": "D", "e": "E"},
    ),
    ("5f42010243030405ff", OUTSIDE),
    ("7f657374726561646d696e67ff", OUTSIDE),
    ("9fff", OUTSIDE),
    ("9f018202039f0405ffff", OUTSIDE),
    ("9f01820203820405ff", OUTSIDE),
    ("83018202039f0405ff", OUTSIDE),
    ("83019f0203ff820405", OUTSIDE),
    ("9f0102030405060708090a0b0c0d0e0f101112131415161718181819ff", OUTSIDE),
    ("bf61610161629f0203ffff", OUTSIDE),
    ("826161bf61626163ff", OUTSIDE),
    ("bf6346756ef563416d7421ff", OUTSIDE),
]
# tags that make cbor2 work hard, or hand out one value twice
BOMBS = {
    "a pattern": "d8237828283f69295b002df48fbfbf5d" + "78" * 24,
    "a value shared with itself": "d81c81d81d00",
    "shared values that double": "d81c82f6" + "82d81d00d81d00" * 3,
    "a large number": "c25a00010000" + "ff" * 65536,
    "a decimal fraction of a large number": "c48220c25a00010000" + "ff" * 65536,
    "a large binary exponent": "c5821a3b9aca0001",
    "a fraction of large numbers": "d81e82c2581f" + "ff" * 31 + "c2581f" + "ff" * 31,
    "a string to be repeated": "d901008243616161d81900",
    "a mail": "d8247818" + "41" * 24,
    "a set": "d9010283010203",
    "a claim of 2**40 items": "9b0000010000000000",
    "a claim of 2**40 entries": "bb0000010000000000",
    "a claim of 2**40 bytes": "5b0000010000000000",
    "claims inside each other": "9a7fffffff" * 100,
}


@pytest.mark.parametrize(("data", "value"), APPENDIX_A)
def test_appendix_a(data, value):
    data = bytes.fromhex(data)
    if value is OUTSIDE:
        for decode in (cbor.decode, hub_cbor.decode):
            with pytest.raises(RemoteError):
                decode(data)
        return
    for decode in (cbor.decode, hub_cbor.decode, cbor2.loads):
        assert same(decode(data), value)
    for encode in (cbor.encode, hub_cbor.encode):
        assert encode(value) == data


def test_all_vectors_on_cbor2():
    for case in vectors("cbor"):
        data = bytes.fromhex(case["hex"])
        if "refused" in case:
            with pytest.raises(RemoteError):
                hub_cbor.decode(data)
        else:
            assert same(hub_cbor.decode(data), meant(case["value"])), case


@pytest.mark.parametrize("what", BOMBS)
def test_bombs_do_not_reach_cbor2(what, monkeypatch):
    def loads(*args, **named):
        raise AssertionError("cbor2 got it")

    data = bytes.fromhex(BOMBS[what])
    monkeypatch.setattr(cbor2, "loads", loads)
    for decode in (cbor.decode, hub_cbor.decode):
        with pytest.raises(RemoteError):
            decode(data)


def test_depth_of_a_datagram():
    for opening in (b"\x81", b"\xa1\0", b"\xc4", b"\xd8\x1c"):
        with pytest.raises(RemoteError):
            hub_cbor.decode(opening * 30_000)


def test_any_buffer():
    data = cbor.encode([b"ab", {1: cbor.Decimal(1, -1)}])
    for buffer in (bytearray(data), memoryview(data)):
        assert same(hub_cbor.decode(buffer), [b"ab", {1: cbor.Decimal(1, -1)}])
