"""Keys and signatures at the edges of Ed25519, by the textbook: affine points, always divided."""

import hashlib

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
ROOT = pow(2, (P - 1) // 4, P)
BASE = (
    15112221349535400772501151409588531511454012693041857206046113283949847762202,
    46316835694926478169428394003475163141307993866256225615783033603165251855960,
)
NEUTRAL = (0, 1)


def add(a, b):
    (x1, y1), (x2, y2) = a, b
    t = D * x1 * x2 * y1 * y2
    x = (x1 * y2 + x2 * y1) * pow(1 + t, -1, P) % P
    return x, (y1 * y2 + x1 * x2) * pow(1 - t, -1, P) % P


def times(n, point):
    total = NEUTRAL
    while n:
        if n & 1:
            total = add(total, point)
        point = add(point, point)
        n >>= 1
    return total


def pack(y, odd=0):
    return (y | odd << 255).to_bytes(32, "little")


def encode(point):
    return pack(point[1], point[0] & 1)


def from_y(y):
    """The point with this y and an even x, or None."""
    xx = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(xx, (P + 3) // 8, P)
    if x * x % P != xx:
        x = x * ROOT % P
    if x * x % P != xx:
        return None
    return (P - x if x & 1 else x), y


def of_order_8():
    """A point of order 8."""
    for y in range(2, 100):
        point = from_y(y)
        if point is not None and times(4 * L, point) != NEUTRAL:
            return times(L, point)
    raise AssertionError("no such point")


def hashed(*parts):
    return int.from_bytes(hashlib.sha512(b"".join(parts)).digest(), "little")


def expand(secret):
    h = hashlib.sha512(secret).digest()
    return int.from_bytes(h[:32], "little") & (1 << 254) - 8 | 1 << 254, h[32:]


def sign(secret, data):
    scalar, prefix = expand(secret)
    public = encode(times(scalar, BASE))
    r = hashed(prefix, data) % L
    point = encode(times(r, BASE))
    s = (r + hashed(point, public, data) * scalar) % L
    return public, point + s.to_bytes(32, "little")


def case(meaning, valid, public, signature, data):
    return {
        "what": "edge",
        "meaning": meaning,
        "valid": valid,
        "public": public.hex(),
        "signature": signature.hex(),
        "data": data.hex(),
    }


def data_for(public, r_point, wanted):
    """Data for which this holds of k, the hash mod L."""
    for n in range(10_000):
        data = b"%d" % n
        if wanted(hashed(r_point, public, data)):
            return data
    raise AssertionError("no such data")


def low_keys():
    """Public keys of low order, each encoding, with what would be a signature by anybody."""
    eighth = of_order_8()
    points = [times(n, eighth) for n in range(8)]
    keys = [(encode(point), "in its one encoding") for point in points]
    keys += [(pack(1, 1), "x = 0 as negative"), (pack(P - 1, 1), "x = 0 as negative")]
    for y in (0, 1):
        for odd in (0, 1):
            keys.append((pack(P + y, odd), "y not reduced"))
    s = 5
    point = encode(times(s, BASE))
    for public, how in sorted(keys):
        data = data_for(public, point, lambda k: k % L % 8 == 0)
        yield case(f"a public key of low order, {how}", False, public, point + pack(s), data)


def other_keys():
    """Public keys that are no points, or in another encoding."""
    public, signature = sign(bytes(32), b"")
    y = next(y for y in range(2, 100) if from_y(y) is None)
    yield case("a public key that is no point", False, pack(y), signature, b"")
    for y in range(2, 19):
        if from_y(y) is not None:
            yield case("a public key whose y is not reduced", False, pack(P + y), signature, b"")
    yield case("a public key of 31 bytes", False, public[:31], signature, b"")
    yield case("a public key of 33 bytes", False, public + b"\x00", signature, b"")
    yield case("a public key of no bytes", False, b"", signature, b"")


def scalars():
    """S out of its range."""
    data = b"S"
    public, signature = sign(bytes(32), data)
    point, s = signature[:32], int.from_bytes(signature[32:], "little")
    yield case("S + L", False, public, point + pack(s + L), data)
    yield case("S + 8 L", False, public, point + pack(s + 8 * L), data)
    yield case("S of 256 bits", False, public, point + pack(s + 15 * L), data)
    yield case("S = 2^256 - 1", False, public, point + b"\xff" * 32, data)
    yield case("S = -S", False, public, point + pack(L - s), data)
    yield case("a signature of 63 bytes", False, public, signature[:63], data)
    yield case("a signature of 65 bytes", False, public, signature + b"\x00", data)
    yield case("no signature", False, public, b"", data)


def points_r():
    """R of low order, or in another encoding: S = k a, as r = 0."""
    scalar, _ = expand(bytes(32))
    public = encode(times(scalar, BASE))
    data = b"R"
    for meaning, valid, point in (
        ("R is the neutral element: allowed", True, encode(NEUTRAL)),
        ("R is the neutral element, x = 0 as negative", False, pack(1, 1)),
        ("R is the neutral element, y not reduced", False, pack(P + 1)),
        ("R is the neutral element, both", False, pack(P + 1, 1)),
    ):
        s = hashed(point, public, data) * scalar % L
        yield case(meaning, valid, public, point + pack(s), data)


def mixed():
    """Keys and R of mixed order: the equation must hold as it stands, not only times eight."""
    eighth = of_order_8()
    scalar, _ = expand(bytes(32))
    r = 7
    point = encode(times(r, BASE))
    public = encode(add(times(scalar, BASE), eighth))
    for meaning, valid, wanted in (
        ("a key of mixed order, k a multiple of 8", True, lambda k: k % L % 8 == 0 == k % 8),
        ("a key of mixed order, k no multiple of 8", False, lambda k: k % L % 8 != 0 != k % 8),
        (
            "a key of mixed order, k a multiple of 8 only mod L",
            True,
            lambda k: k % L % 8 == 0 != k % 8,
        ),
        (
            "a key of mixed order, k a multiple of 8 only not mod L",
            False,
            lambda k: k % L % 8 != 0 == k % 8,
        ),
    ):
        data = data_for(public, point, wanted)
        s = (r + hashed(point, public, data) % L * scalar) % L
        yield case(meaning, valid, public, point + pack(s), data)
    public = encode(times(scalar, BASE))
    shifted = encode(add(times(r, BASE), eighth))
    s = (r + hashed(shifted, public, b"") * scalar) % L
    yield case("R of mixed order", False, public, shifted + pack(s), b"")


def keys():
    """The cases of keys.json."""
    cases = []
    for n in (0, 32, 64):
        secret = bytes(range(n, n + 32))
        data = b"othermesh"
        public, signature = sign(secret, data)
        cases.append(
            {
                "what": "key",
                "secret": secret.hex(),
                "public": public.hex(),
                "data": data.hex(),
                "signature": signature.hex(),
            }
        )
    for group in (low_keys, other_keys, scalars, points_r, mixed):
        cases += group()
    return cases
