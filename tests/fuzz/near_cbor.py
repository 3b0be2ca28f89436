"""CBOR that is nearly in the subset: the interesting side of every border, from a seed."""

from random import Random

BORDERS = [0, 1, 22, 23, 24, 25, 255, 256, 65535, 65536, (1 << 32) - 1, 1 << 32]
BORDERS += [(1 << 63) - 1, 1 << 63, (1 << 64) - 1]
STRINGS = [b"", b"a", b"b", b"aa", b"x" * 23, b"x" * 24, b"y" * 24, b"z" * 256, "ä€😀".encode()]
NOT_TEXT = [b"\xff", b"\xc0\x80", b"\xe0\x80\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80"]
HALVES = ["0000", "8000", "3c00", "7bff", "0001", "0400", "83ff", "7c00", "fc00", "7e00"]
TAGS = [
    0,
    1,
    2,
    3,
    5,
    6,
    24,
    25,
    28,
    29,
    30,
    35,
    36,
    37,
    100,
    256,
    258,
    260,
    261,
    1004,
    43000,
    55799,
]


class NearCbor:
    """cases() draws from `seed` alone, so a failing one comes again."""

    def __init__(self, seed: int):
        self.random = Random(seed)

    def cases(self, count):
        """That many byte strings; about half of them are in the subset."""
        for _ in range(count):
            data = self.item(self.random.randint(1, 4))
            if self.chance(0.1):
                opening = self.random.choice([b"\x81", b"\xa1\0", b"\x81\xa1\0"])
                data = opening * (self.random.randint(9, 18) // len(opening)) + data
            yield data if self.chance(0.6) else self.broken(data)

    def chance(self, share):
        return self.random.random() < share

    def head(self, major, n):
        """An initial byte and its argument, now and then in a longer form than needed."""
        forms = [24, 1 << 8, 1 << 16, 1 << 32, 1 << 64]
        form = next(i for i, end in enumerate(forms) if n < end)
        if self.chance(0.03):
            form = self.random.randint(form, 4)
        if form == 0:
            return bytes((major << 5 | n,))
        return bytes((major << 5 | 23 + form,)) + n.to_bytes(1 << form - 1, "big")

    def integer(self):
        n = self.random.choice(BORDERS) if self.chance(0.4) else self.random.randrange(3000)
        return self.head(self.random.randrange(2), n)

    def string(self):
        major = self.random.choice([2, 3])
        data = self.random.choice(STRINGS if self.chance(0.95) else NOT_TEXT)
        return self.head(major, len(data)) + data

    def simple(self):
        if self.chance(0.05):
            return b"\xf8" + self.random.randbytes(1)
        return bytes((self.random.choice([0xF4, 0xF5, 0xF6, 0xF6, 0xF7, 0xF0]),))

    def floating(self):
        kind = self.random.random()
        if kind < 0.4:
            return b"\xf9" + bytes.fromhex(self.random.choice(HALVES))
        if kind < 0.45:
            return b"\xfb" + self.random.randbytes(8)
        exponent = self.random.choice([0, 1, 101, 102, 103, 112, 113, 127, 142, 143, 254, 255])
        low = self.random.randrange(24)
        fraction = self.random.choice([0, 1 << low, (1 << 23) - (1 << low)]) & 0x7FFFFF
        bits = self.random.randrange(2) << 31 | exponent << 23 | fraction
        return b"\xfa" + bits.to_bytes(4, "big")

    def tag(self, depth):
        tag = self.head(6, 4 if self.chance(0.9) else self.random.choice(TAGS))
        if self.chance(0.15):
            return tag + self.item(depth)
        exponent = self.random.randrange(9 if self.chance(0.9) else 30)
        return tag + self.head(4, 2) + self.head(1, exponent) + self.integer()

    def array(self, depth):
        items = [self.item(depth) for _ in range(self.random.randrange(4))]
        return self.counted(4, len(items)) + b"".join(items)

    def map(self, depth):
        keys = [self.key(depth) for _ in range(self.random.randrange(5))]
        if self.chance(0.9):
            keys = sorted(
                set(keys), key=(lambda key: (len(key), key)) if self.chance(0.5) else None
            )
        return self.counted(5, len(keys)) + b"".join(key + self.item(depth) for key in keys)

    def counted(self, major, count):
        return self.head(major, count if self.chance(0.98) else self.random.choice(BORDERS))

    def key(self, depth):
        if self.chance(0.03):
            return self.item(depth)
        return self.head(0, self.random.randrange(30)) if self.chance(0.4) else self.scalar()

    def scalar(self):
        return self.integer() if self.chance(0.5) else self.string()

    def item(self, depth):
        kind = self.random.random()
        if kind < 0.4 or depth < 1:
            return self.scalar()
        if kind < 0.5:
            return self.simple()
        if kind < 0.6:
            return self.floating()
        nested = self.random.choice([self.tag, self.array, self.array, self.map, self.map])
        return nested(depth - 1)

    def broken(self, data):
        """The bytes after one or two small accidents."""
        data = bytearray(data)
        for _ in range(self.random.randint(1, 2)):
            at = self.random.randrange(len(data) + 1)
            kind = self.random.randrange(5)
            if kind == 0:
                data[at : at + 1] = self.random.randbytes(1)
            elif kind == 1:
                del data[at : at + 1]
            elif kind == 2:
                data[at:at] = self.random.randbytes(1)
            elif kind == 3 and at < len(data):
                data[at] ^= 1 << self.random.randrange(8)
            else:
                del data[at:]
        return bytes(data)
