"""Ed25519 as short as it can be in whole numbers: extended coordinates, one bit at a time.

What somebody writes who follows RFC 8032; to be measured beside. It refuses nothing.
"""

from plain_sha512 import sha512

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493


def power(n, exponent):
    """n to the power of exponent mod P."""
    result = 1
    while exponent:
        if exponent & 1:
            result = result * n % P
        n = n * n % P
        exponent >>= 1
    return result


D = -121665 * power(121666, P - 2) % P
ROOT = power(2, (P - 1) // 4)


def add(a, b):
    """The sum of two points X, Y, Z, T (RFC 8032 s.5.1.4)."""
    x = (a[1] - a[0]) * (b[1] - b[0]) % P
    y = (a[1] + a[0]) * (b[1] + b[0]) % P
    t = 2 * a[3] * b[3] * D % P
    z = 2 * a[2] * b[2] % P
    e, f, g, h = y - x, z - t, z + t, y + x
    return e * f % P, g * h % P, f * g % P, e * h % P


def times(n, point):
    """The point n times."""
    total = (0, 1, 1, 0)
    while n:
        if n & 1:
            total = add(total, point)
        point = add(point, point)
        n >>= 1
    return total


def encode(point):
    """The point as 32 bytes."""
    z = power(point[2], P - 2)
    return (point[1] * z % P | (point[0] * z % P & 1) << 255).to_bytes(32, "little")


def decode(data):
    """The point of 32 bytes, which must be right."""
    y = int.from_bytes(data, "little")
    odd, y = y >> 255, y & (1 << 255) - 1
    xx = (y * y - 1) * power(D * y * y + 1, P - 2) % P
    x = power(xx, (P + 3) // 8)
    if x * x % P != xx:
        x = x * ROOT % P
    if x & 1 != odd:
        x = P - x
    return x, y, 1, x * y % P


BASE = decode(b"\x58" + b"\x66" * 31)


def hashed(data):
    """SHA-512 as a number."""
    return int.from_bytes(sha512(data), "little")


def sign(secret, public, data):
    """The signature."""
    h = sha512(secret)
    scalar = int.from_bytes(h[:32], "little") & (1 << 254) - 8 | 1 << 254
    r = hashed(h[32:] + data) % L
    point = encode(times(r, BASE))
    return point + ((r + hashed(point + public + data) * scalar) % L).to_bytes(32, "little")


def verify(public, signature, data):
    """Whether it is right."""
    s = int.from_bytes(signature[32:], "little")
    k = hashed(signature[:32] + public + data) % L
    sum_of = add(decode(signature[:32]), times(k, decode(public)))
    return encode(times(s, BASE)) == encode(sum_of)
