"""The CBOR subset: what is in it goes there and back, and every other byte string is refused."""

from cbor_values import meant, same
from helpers import raises, vectors

from mesh.core.codec.cbor import DEPTH, Decimal, decode, encode
from mesh.core.errors import LocalError, RemoteError


def accepted():
    return [case for case in vectors("cbor") if "value" in case]


def test_accepted():
    for case in accepted():
        data = bytes.fromhex(case["hex"])
        value = meant(case["value"])
        assert same(decode(data), value), (case, decode(data))
        assert encode(value) == data, (case, encode(value).hex())


def test_refused():
    for case in vectors("cbor"):
        if "refused" in case:
            raises(RemoteError, decode, bytes.fromhex(case["hex"]))


def test_cut_off_and_gone_on():
    for case in accepted():
        data = bytes.fromhex(case["hex"])
        for size in range(len(data)):
            raises(RemoteError, decode, data[:size])
        for more in (b"\0", b"\xf6", b"\xff"):
            raises(RemoteError, decode, data + more)


def test_any_buffer():
    data = encode([b"ab", "cd", {1: b"ef"}])
    for buffer in (bytearray(data), memoryview(data), memoryview(b"x" + data)[1:]):
        value = decode(buffer)
        assert same(value, [b"ab", "cd", {1: b"ef"}]), value


def test_floats_of_16_bits():
    for bits in range(0, 65536, 7):
        data = b"\xf9" + bits.to_bytes(2, "big")
        if bits & 0x7C00 == 0x7C00:
            raises(RemoteError, decode, data)
        else:
            assert encode(decode(data)) == data, data.hex()


def test_floats_of_32_bits():
    found = 0
    for exponent in range(256):
        for fraction in (0, 1, 0x1000, 0x2000, 0x200000, 0x400000, 0x7FE000, 0x7FFFFF):
            for sign in (0, 1 << 31):
                data = b"\xfa" + (sign | exponent << 23 | fraction).to_bytes(4, "big")
                try:
                    value = decode(data)
                except RemoteError:
                    found += 1
                else:
                    assert encode(value) == data, (data.hex(), value)
    # 16 not finite; what 16 bits hold: 2 zeros, 2 * 30 * 5 normal, and the subnormal ones
    assert found == 16 + 2 + 300 + 2 * (10 + 9 + 8), found


def test_a_float_must_fit():
    for value in (1.1, 0.1, 3.4028236e38, 1e300, 2.0**-150, 1 + 2.0**-24):
        raises(LocalError, encode, value)
    infinite = float("inf")
    for value in (infinite, -infinite, infinite - infinite):
        raises(LocalError, encode, value)


def test_what_cannot_be_written():
    for value in (1 << 64, -1 - (1 << 64), 1 << 200, object(), {1, 2}, bytearray(b"a"), 1j, len):
        raises(LocalError, encode, value)
        raises(LocalError, encode, [value])
        raises(LocalError, encode, {1: value})


def test_keys_that_cannot_be_written():
    for key in (True, None, 1.5, (1,), Decimal(1, -1), 1 << 64):
        raises(LocalError, encode, {key: 1})
    for pair in ((-1, 24), (b"", 24), ("", -25), ("", b"a"), (b"", 1000)):
        raises(LocalError, encode, {pair[0]: 1, pair[1]: 2})
        raises(LocalError, encode, {pair[1]: 1, pair[0]: 2})


def test_text_is_strict():
    raises(LocalError, encode, "\ud800")
    raises(LocalError, encode, "a\udfff")
    raises(LocalError, encode, {"\ud800": 1})


def test_maps_are_sorted():
    keys = [300, "b", 5, -1, "a", b"z", -25, b"", 23]
    ordered = encode({5: 0, 23: 0, -1: 0, b"": 0})
    for turn in range(4):
        four = [5, 23, -1, b""]
        turned = four[turn:] + four[:turn]
        assert encode(dict.fromkeys(turned, 0)) == ordered, turned
    raises(LocalError, encode, dict.fromkeys(keys, 0))


def test_tuples_are_arrays():
    assert encode((1, ("a",))) == encode([1, ["a"]]), encode((1, ("a",)))


def test_depth():
    value = 1
    for _ in range(DEPTH):
        value = [value]
    assert decode(encode(value)) == value
    raises(LocalError, encode, [value])
    raises(RemoteError, decode, b"\x81" + encode(value))
    raises(RemoteError, decode, b"\x80", 0)
    raises(RemoteError, decode, b"\x81\x80", 1)
    raises(RemoteError, decode, encode(Decimal(1, -1)), 1)
    assert decode(b"\x81\x80", 2) == [[]]
    assert decode(encode(Decimal(1, -1)), 2) == Decimal(1, -1)
    assert decode(b"\x01", 0) == 1


def test_a_loop_ends():
    loop = []
    loop.append(loop)
    raises(LocalError, encode, loop)
    ring = {}
    ring[1] = ring
    raises(LocalError, encode, ring)


def test_depth_costs_nothing():
    for opening in (b"\x81", b"\xa1\0", b"\xc4", b"\x82\0"):
        raises(RemoteError, decode, opening * 50_000)


def test_decimal_text_and_float():
    for mantissa, exponent, text in (
        (2135, -2, "21.35"),
        (-2135, -2, "-21.35"),
        (5, -1, "0.5"),
        (-5, -3, "-0.005"),
        (0, -2, "0.00"),
        (100, -2, "1.00"),
        (1, -9, "0.000000001"),
        (-(1 << 63), -9, "-9223372036.854775808"),
    ):
        number = Decimal(mantissa, exponent)
        assert str(number) == text, str(number)
        assert abs(float(number) - float(text)) <= abs(float(text)) / 1e6, float(number)


def test_decimals_are_values():
    assert Decimal(1, -1) == Decimal(1, -1)
    assert Decimal(1, -1) != Decimal(10, -2)
    assert Decimal(10, -1) != 1
    assert {Decimal(1, -1): "x"}[Decimal(1, -1)] == "x"


def test_decimals_have_a_range():
    for mantissa, exponent in ((1, 0), (1, 1), (1, -10), (1 << 63, -1), (-1 - (1 << 63), -1)):
        raises(LocalError, Decimal, mantissa, exponent)
