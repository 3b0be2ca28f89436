"""SHA-512 (FIPS 180-4) in ordinary integers, with constants as they are defined."""

from array import array

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_ALL = 0xFFFFFFFFFFFFFFFF
_TWICE = 0x10000000000000001  # x * _TWICE is x beside itself, so a shift to the right rotates x


def _primes(count: int) -> list[int]:
    found: list[int] = []
    n = 2
    while len(found) < count:
        if all(n % p for p in found):
            found.append(n)
        n += 1
    return found


def _root_fraction(n: int, power: int) -> int:
    """The first 64 bits behind the point of a root of n, by Newton's method."""
    n <<= 64 * power
    root = 1 << 69  # more than any root here, so the steps only fall
    while True:
        step = ((power - 1) * root + n // root ** (power - 1)) // power
        if step >= root:
            return root & _ALL
        root = step


# so defined in FIPS 180-4 s.4.2.3 and s.5.3.5; arrays take a quarter of the memory of lists
_K = array("Q", [_root_fraction(p, 3) for p in _primes(80)])
_START = array("Q", [_root_fraction(p, 2) for p in _primes(8)])


def sha512(data: bytes) -> bytes:
    """The 64 bytes of SHA-512 over data."""
    size = len(data)
    data += b"\x80" + bytes(-(size + 17) % 128 + 8) + (8 * size).to_bytes(8, "big")
    state = list(_START)
    for at in range(0, len(data), 128):
        state = _block(state, _words(data, at))
    return b"".join([word.to_bytes(8, "big") for word in state])


def _words(data: bytes, at: int) -> "Iterator[int]":
    """The 80 words of one block (s.6.4.2 step 1). 16 are kept: 80 may not fit in one piece."""
    every = _ALL
    twice = _TWICE
    words = [int.from_bytes(data[i : i + 8], "big") for i in range(at, at + 128, 8)]
    yield from words
    for i in range(64):
        x = words[i + 1 & 15]
        y = words[i + 14 & 15]
        xx = x * twice
        yy = y * twice
        x = xx >> 1 ^ xx >> 8 ^ x >> 7
        y = yy >> 19 ^ yy >> 61 ^ y >> 6
        words[i & 15] = x = x + y + words[i + 9 & 15] + words[i & 15] & every
        yield x


def _block(state: list[int], words: "Iterator[int]") -> list[int]:
    """The state after one block (s.6.4.2 steps 2 to 4). Sums are cut to 64 bits at their end."""
    every = _ALL
    twice = _TWICE
    a, b, c, d, e, f, g, h = state
    last = b ^ c
    for k, word in zip(_K, words):  # noqa: B905 - MicroPython's zip
        x = e * twice
        h += (x >> 14 ^ x >> 18 ^ x >> 41) + (g ^ e & (f ^ g)) + k + word
        x = a * twice
        new = a ^ b
        # Maj(a, b, c) needs b ^ c, which is the a ^ b of the round before
        x = (x >> 28 ^ x >> 34 ^ x >> 39) + (b ^ new & last) + h & every
        last = new
        h += d
        # one by one, as a tuple of eight would be allocated
        d = c
        c = b
        b = a
        a = x
        x = h & every
        h = g
        g = f
        f = e
        e = x
    return [x + y & every for x, y in zip(state, (a, b, c, d, e, f, g, h))]  # noqa: B905
