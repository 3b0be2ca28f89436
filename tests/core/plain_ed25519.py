"""Ed25519 (RFC 8032) in ordinary integers: for tests on CPython, and to measure a board's by.

Not constant in time.

Numbers mod P are kept a little longer than P: the upper part of a product, times 19, is added
to the lower one; once before a product that is itself shortened, twice otherwise.
"""

from array import array

from plain_sha512 import sha512

TYPE_CHECKING = False
if TYPE_CHECKING:
    Point = tuple[int, int, int, int]  # extended coordinates X, Y, Z, T = XY/Z (s.5.1.4)
    Ready = tuple[int, int, int, int]  # a point as _add takes it: Y + X, Y - X, 2dT, 2Z

P = (1 << 255) - 19
L = (1 << 252) + 27742317777372353535851937790883648493  # the order of the base point (s.5.1)
_BASE_X = 0x216936D3CD6E53FEC0A4E231FDD6DC5C692CC7609525A7B2C9562D608F25D51A
_BASE_Y = 0x6666666666666666666666666666666666666666666666666666666666666658
_SIZE = 32  # bytes of a key and of each half of a signature
_LOW = (1 << 255) - 1
_ROWS = 10  # the base point's scalar is cut into so many rows
_ROW = 26  # of so many bits, which is a small integer on every board


def public_key(secret: bytes) -> bytes:
    """The 32-byte public key of a 32-byte secret."""
    return _encode(_multiple(_expand(secret)[0], [0] * _ROW, []))


def sign(secret: bytes, public: bytes, data: bytes) -> bytes:
    """The 64-byte signature. `public` must be public_key(secret), or the secret leaks."""
    scalar, prefix = _expand(secret)
    r = int.from_bytes(sha512(prefix + data), "little") % L
    point = _encode(_multiple(r, [0] * _ROW, []))
    k = int.from_bytes(sha512(point + public + data), "little")
    return point + ((r + k * scalar) % L).to_bytes(32, "little")


def verify(public: bytes, signature: bytes, data: bytes) -> bool:
    """Whether the signature is valid (RFC 8032 s.5.1.7, without cofactor). Never raises.

    Refuses low-order public keys, S >= L, and points that are not in their one encoding.
    """
    if len(public) != _SIZE or len(signature) != 2 * _SIZE:
        return False
    s = int.from_bytes(signature[_SIZE:], "little")
    key = _decode(public)
    if s >= L or key is None:
        return False
    k = int.from_bytes(sha512(signature[:_SIZE] + public + data), "little") % L
    minus = _affine(P - key[0], key[1])
    # an R that is not in its one encoding is never what _encode gives
    return _encode(_multiple(s, _digits(k), _odds(minus))) == signature[:_SIZE]


def _expand(secret: bytes) -> tuple[int, bytes]:
    h = sha512(secret)
    scalar = int.from_bytes(h[:32], "little") & (1 << 254) - 8 | 1 << 254
    return scalar, h[32:]


def _inverse(n: int) -> int:
    """1 / n mod P, by Euclid; 0 for 0."""
    low, high = n % P, P
    x, y = 1, 0
    while low > 1:
        q = high // low
        low, high = high - q * low, low
        x, y = y - q * x, x
    return x % P if low else 0


def _short(x: int) -> int:
    x = (x & _LOW) + 19 * (x >> 255)
    return (x & _LOW) + 19 * (x >> 255)


def _squares(x: int, count: int) -> int:
    for _ in range(count):
        x = _short(x * x)
    return x


def _root_power(x: int) -> int:
    """x to the power of (P - 5) / 8 = 2^252 - 3, mod P."""
    x2 = _squares(x, 1) * x % P  # x to the power of 2^2 - 1
    x5 = _squares(_squares(x2, 2) * x2 % P, 1) * x % P  # 2^5 - 1, and so on
    x10 = _squares(x5, 5) * x5 % P
    x20 = _squares(x10, 10) * x10 % P
    x40 = _squares(x20, 20) * x20 % P
    x50 = _squares(x40, 10) * x10 % P
    x100 = _squares(x50, 50) * x50 % P
    x200 = _squares(x100, 100) * x100 % P
    x250 = _squares(x200, 50) * x50 % P
    return _squares(x250, 2) * x % P


_D = -121665 * _inverse(121666) % P
_D2 = 2 * _D % P
_ROOT = _root_power(2) ** 2 * 2 % P  # of -1


def _decode(data: bytes) -> "Point | None":
    """The point of a public key; None if there is none or its order is low (s.5.1.3)."""
    y = int.from_bytes(data, "little")
    odd = y >> 255
    y &= _LOW
    if y >= P:
        return None
    yy = y * y % P
    u = yy - 1
    v = _D * yy + 1
    v3 = v * v % P * v % P
    x = _root_power(v3 * v3 % P * v * u % P) * v3 % P * u % P  # root of u / v
    vxx = v * x % P * x % P
    if vxx != u % P:
        x = x * _ROOT % P
        if vxx != -u % P:
            return None
    if x & 1 != odd:
        x = P - x
    # points of low order, among them both with x = 0, times four are at x = 0; no others are
    point = _affine(x, y)
    return None if _doubles(point, 2)[0] % P == 0 else point


def _odds(point: "Point") -> "list[Ready]":
    """The point times 1, 3, 5 to 15, prepared."""
    twice = _ready(_doubles(point, 1))
    odds = []
    for _ in range(8):
        odds.append(_ready(point))
        point = _add(point, twice)
    return odds


def _encode(point: "Point") -> bytes:
    z = _inverse(point[2])
    return (point[1] * z % P | (point[0] * z % P & 1) << 255).to_bytes(32, "little")


def _doubles(point: "Point", count: int) -> "Point":
    """The point doubled so many times, at least once (s.5.1.4)."""
    x, y, z, _ = point
    low = _LOW
    while True:
        h = x + y
        e = h * h
        a = x * x
        b = y * y
        h = a + b
        e = h - e
        g = a - b
        f = 2 * z * z + g
        e = (e & low) + 19 * (e >> 255)
        f = (f & low) + 19 * (f >> 255)
        g = (g & low) + 19 * (g >> 255)
        h = (h & low) + 19 * (h >> 255)
        # here most of the time is spent: no calls
        x = e * f
        y = g * h
        z = f * g
        x = (x & low) + 19 * (x >> 255)
        y = (y & low) + 19 * (y >> 255)
        z = (z & low) + 19 * (z >> 255)
        x = (x & low) + 19 * (x >> 255)
        y = (y & low) + 19 * (y >> 255)
        z = (z & low) + 19 * (z >> 255)
        count -= 1
        if not count:
            return x, y, z, _short(e * h)


def _add(point: "Point", ready: "Ready") -> "Point":
    """The sum of two points, the second one prepared by _ready."""
    x, y, z, t = point
    plus, minus, t2, z2 = ready
    low = _LOW
    a = (y - x) * minus
    b = (y + x) * plus
    c = t * t2
    d = z * z2
    e = b - a
    f = d - c
    g = d + c
    h = b + a
    e = (e & low) + 19 * (e >> 255)
    f = (f & low) + 19 * (f >> 255)
    g = (g & low) + 19 * (g >> 255)
    h = (h & low) + 19 * (h >> 255)
    return _short(e * f), _short(g * h), _short(f * g), _short(e * h)


def _ready(point: "Point") -> "Ready":
    """The point as _add takes it: Y + X, Y - X, 2dT, 2Z."""
    x, y, z, t = point
    return y + x, y - x, t * _D2 % P, 2 * z


def _opposite(ready: "Ready") -> "Ready":
    plus, minus, t2, z2 = ready
    return minus, plus, -t2, z2


def _affine(x: int, y: int) -> "Point":
    return x, y, 1, x * y % P


def _tables() -> list[bytes]:
    """Two combs, one for the even rows and one for the odd: the sums of each row's base point.

    The last row's is added, the others' are added or subtracted as the bits of the index say.
    """
    base = _affine(_BASE_X, _BASE_Y)
    ones = []
    for _ in range(_ROWS):
        ones.append(base)
        base = _doubles(base, _ROW)
    tables = []
    for v in (0, 1):
        sums = [ones[8 + v]]
        for one in ones[v:8:2]:
            sums[0] = _add(sums[0], _opposite(_ready(one)))
        for one in ones[v:8:2]:
            twice = _ready(_doubles(one, 1))
            sums += [_add(point, twice) for point in sums]
        tables.append(_normal(sums))
    return tables


def _normal(points: "list[Point]") -> bytes:
    """The points prepared with Z = 1, which makes _add faster; one inversion for all.

    Three numbers of 32 bytes for each: as objects they take four times the heap."""
    products = [1]
    for point in points:
        products.append(products[-1] * point[2] % P)
    inverse = _inverse(products.pop())
    ready = []
    for x, y, z, _ in points[::-1]:
        one = inverse * products.pop() % P
        inverse = inverse * z % P
        plus, minus, t2, _ = _ready(_affine(x * one % P, y * one % P))
        ready.append(b"".join([(n % P).to_bytes(32, "big") for n in (plus, minus, t2)]))
    return b"".join(ready[::-1])


_TABLES = _tables()


def _multiple(s: int, digits: "list[int] | array[int]", odds: "list[Ready]") -> "Point":
    """s times the base point, plus sum(digits[i] * 2^i) times the point of these odd multiples.

    One chain of doublings serves both (Shamir's trick). s is made odd by adding L, so that it can
    be written in bits that mean +1 and -1; five of them, from every other row, are one addition.
    """
    s = (s if s & 1 else s + L) + (1 << _ROW * _ROWS) - 1 >> 1
    rows = [s >> _ROW * i & (1 << _ROW) - 1 for i in range(_ROWS)]
    point = (0, 1, 1, 0)
    doubles = 0
    for i in range(len(digits) - 1, -1, -1):
        doubles += 1
        digit = digits[i]
        if digit or i < _ROW:
            point = _doubles(point, doubles)
            doubles = 0
        if digit > 0:
            point = _add(point, odds[digit >> 1])
        elif digit:
            point = _add(point, _opposite(odds[-digit >> 1]))
        if i < _ROW:
            point = _add(point, _column(rows, 0, i))
            point = _add(point, _column(rows, 1, i))
    return point


def _column(rows: list[int], v: int, i: int) -> "Ready":
    n = sum([(rows[v + 2 * j] >> i & 1) << j for j in range(4)])
    up = rows[v + 8] >> i & 1
    at = 3 * _SIZE * (n if up else 15 - n)
    table = _TABLES[v]
    plus, minus, t2 = [int.from_bytes(table[j : j + 32], "big") for j in (at, at + 32, at + 64)]
    return (plus, minus, t2, 2) if up else (minus, plus, -t2, 2)


def _digits(k: int) -> "array[int]":
    """k as digits of 2^i: 0 mostly, else odd from -15 to 15 (a windowed non-adjacent form)."""
    digits = array("b", bytes(_ROW * _ROWS))  # a list takes more than a full heap has in one piece
    at = 0
    while k:
        if k & 1:
            digit = (k & 31) - 2 * (k & 16)
            k -= digit
            digits[at] = digit
        k >>= 1
        at += 1
    return digits
