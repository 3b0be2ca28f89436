"""The tables of Ed25519 and SHA-512 that boards have, computed from what defines them."""

import math

P = 2**255 - 19
D = -121665 * pow(121666, -1, P) % P
BASE_Y = 4 * pow(5, -1, P) % P  # RFC 8032 s.5.1
TEETH, COLUMNS, COMBS = 5, 26, 2  # 260 digits
BYTES = 16  # on a line


def combs():
    """For every other of ten rows of 26 bits: all sums of the first four teeth and the last.

    A tooth is the base point times two to the power of its row's first bit. The last one is added,
    bit n of the index says whether tooth n is added or taken away. An entry is Y - X, Y + X, 2dXY.
    """
    teeth = [power(base(), COLUMNS * row) for row in range(TEETH * COMBS)]
    entries = []
    for comb in range(COMBS):
        *rest, last = teeth[comb::COMBS]
        for index in range(1 << len(rest)):
            total = last
            for n, (x, y) in enumerate(rest):
                total = add(total, (x, y) if index >> n & 1 else (P - x, y))
            x, y = total
            entries += [(y - x) % P, (y + x) % P, 2 * D * x * y % P]
    return b"".join(entry.to_bytes(32, "little") for entry in entries)


def base():
    """The base point: the even root."""
    xx = (BASE_Y**2 - 1) * pow(D * BASE_Y**2 + 1, -1, P) % P
    x = pow(xx, (P + 3) // 8, P)
    if x * x % P != xx:
        x = x * pow(2, (P - 1) // 4, P) % P
    return (P - x if x & 1 else x), BASE_Y


def add(a, b):
    """The sum of two points."""
    (x1, y1), (x2, y2) = a, b
    t = D * x1 * x2 * y1 * y2
    x = (x1 * y2 + x2 * y1) * pow(1 + t, -1, P)
    return x % P, (y1 * y2 + x1 * x2) * pow(1 - t, -1, P) % P


def power(point, doublings):
    """A point times two to this power."""
    for _ in range(doublings):
        point = add(point, point)
    return point


def primes(count):
    found = []
    n = 2
    while len(found) < count:
        if all(n % p for p in found):
            found.append(n)
        n += 1
    return found


def cube_root(n):
    low, high = 0, 1 << 80
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if middle**3 <= n else (low, middle)
    return low


def rounds():
    """The first 64 bits behind the point of cube roots (FIPS 180-4 s.4.2.3)."""
    return words(cube_root(p << 192) for p in primes(80))


def start():
    """And of square roots (s.5.3.5)."""
    return words(math.isqrt(p << 128) for p in primes(8))


def words(numbers):
    return b"".join((n & (1 << 64) - 1).to_bytes(8, "big") for n in numbers)


def constant(name, data):
    """A statement that binds bytes to a name."""
    rows = [data[i : i + BYTES] for i in range(0, len(data), BYTES)]
    lines = ["".join(f"\\x{byte:02x}" for byte in row) for row in rows]
    return f"{name} = (\n" + "".join(f'    b"{line}"\n' for line in lines) + ")\n"


def base_file():
    """The text of mesh/device/base25519.py."""
    return HEAD.format("Sums of multiples of Ed25519's base point") + constant("COMBS", combs())


def sha512_file():
    """The text of mesh/device/sha512_words.py."""
    text = HEAD.format("The constants of SHA-512") + constant("ROUNDS", rounds())
    return text + constant("START", start())


HEAD = '''"""{}. Made by tools/generate_crypto.py. Do not edit."""

'''
