"""Numbers beside Ed25519's arithmetic mod P, for boards: mod L, in digits, and as bytes.

L = 2^252 + C is the order of the base point. Numbers are little-endian bytes. Everything here
does the same steps for any number, except digits(), which is for what everybody may know.
"""

import micropython

L = b"\xed\xd3\xf5\x5c\x1a\x63\x12\x58\xd6\x9c\xf7\xa2\xde\xf9\xde\x14" + bytes(15) + b"\x10"


@micropython.viper
def muladd(x: ptr32, k: ptr8, a: ptr8, r: ptr8):
    """r = (k a + r) mod L: k and r have 64 bytes, a 32. x: work space of 98 words."""
    c = ptr8(L)
    i = 0
    while i < 64:
        x[i] = r[i]
        i += 1
    while i < 98:
        x[i] = 0
        i += 1
    i = 0
    while i < 32:
        n = a[i]
        t = 0
        j = 0
        while j < 66:
            t = (t >> 8) + x[i + j]
            if j < 64:
                t += k[j] * n
            x[i + j] = t & 255
            j += 1
        i += 1
    # 2^256 is -16 C: each byte above is taken away so. The last turn does 2^252, which is -C
    i = 96
    while i > 30:
        at = i - 32
        shift = 4
        n = x[i] | x[i + 1] << 8
        if i == 31:
            at = 0
            shift = 0
            n = x[31] >> 4 | x[32] << 4
            x[31] = x[31] & 15
        else:
            x[i + 1] = 0
        x[at + 32] = 0
        t = 0
        j = 0
        while j < 32:
            t = (t >> 8) + x[at + j]
            if j < 16:
                t -= c[j] * n << shift
            x[at + j] = t & 255
            j += 1
        # -1 if that fell below zero: then 16 L, or at last L, comes on top
        n = t >> 8
        t = 0
        j = 0
        while j < 32:
            t = (t >> 8) + x[at + j]
            if j < 16:
                t += (c[j] & n) << shift
            x[at + j] = t & 255
            j += 1
        # 2^256 went away with the sign; at last, 2^252 comes with L
        x[at + 32] = t >> 8
        if i == 31:
            x[31] = (x[31] + (n & 16)) & 255
        i -= 1
    i = 0
    while i < 32:
        r[i] = x[i]
        i += 1
    while i < 64:
        r[i] = 0
        i += 1


@micropython.viper
def odd(s: ptr8):
    """s + L where s is even, and then bit 260: s has 33 bytes, and more than 31 of them are 0.

    Its bits 1 to 260 are then the signs of 260 powers of two that add up to s, 1 for +.
    """
    order = ptr8(L)
    m = (s[0] & 1) - 1
    t = 0
    i = 0
    while i < 32:
        t = (t >> 8) + s[i] + (order[i] & m)
        s[i] = t & 255
        i += 1
    s[32] = 16


@micropython.viper
def digits(d: ptr8, s: ptr8):
    """s, below 2^253, as 256 digits of powers of two, a byte each: 0, or odd from -7 to 7.

    Of four neighbours at most one is not 0. This takes longer for some numbers than for others.
    """
    i = 0
    while i < 256:
        d[i] = 0
        i += 1
    i = 0
    carry = 0
    while i < 256:
        t = s[i >> 3]
        if i < 248:
            t |= s[(i >> 3) + 1] << 8
        t = (t >> (i & 7) & 15) + carry
        if t & 1:
            carry = t >> 3
            d[i] = t - 16 * carry
            i += 4
        else:
            # no carry and 0 here, or a carry and 1, which is a carry again
            i += 1


@micropython.viper
def select(p: ptr32, x: int, table: ptr32, s: ptr8):
    """The entry of a comb for column x of the digits of s, into slots 13 to 15 of p.

    All entries of the comb are read, and no address tells which one was meant. Slot 16 becomes
    0, or ones if it is to be taken away.
    """
    work = p
    one = 0
    if x > 25:
        x -= 26
        one = 26
        table = ptr32(int(table) + 1536)
    n = 0
    i = 0
    while i < 5:
        t = x + one + 52 * i + 1
        n |= (s[t >> 3] >> (t & 7) & 1) << i
        i += 1
    minus = (n >> 4) - 1
    n = (n ^ minus) & 15
    work[320] = minus
    i = 0
    while i < 25:
        work[i] = 0
        i += 1
    p = table
    i = 0
    while i < 16:
        x = ((i ^ n) - 1) >> 31
        q = work
        j = 0
        while j < 2:
            q[0] = p[0] & x | q[0]
            q[1] = p[1] & x | q[1]
            q[2] = p[2] & x | q[2]
            q[3] = p[3] & x | q[3]
            q[4] = p[4] & x | q[4]
            q[5] = p[5] & x | q[5]
            q[6] = p[6] & x | q[6]
            q[7] = p[7] & x | q[7]
            q[8] = p[8] & x | q[8]
            q[9] = p[9] & x | q[9]
            q[10] = p[10] & x | q[10]
            q[11] = p[11] & x | q[11]
            p = ptr32(int(p) + 48)
            q = ptr32(int(q) + 48)
            j += 1
        i += 1
    number = ptr8(work)
    p = ptr32(int(work) + 1040)
    i = 0
    while i < 3:
        j = 0
        while j < 20:
            x = 13 * j
            t = x >> 3
            n = number[t] | number[t + 1] << 8
            if j < 19:
                n |= number[t + 2] << 16
            p[j] = n >> (x & 7) & 8191
            j += 1
        p[19] = p[19] & 255
        p = ptr32(int(p) + 80)
        number = ptr8(int(number) + 32)
        i += 1


@micropython.viper
def unpack(p: ptr32, slot: int, data: ptr8):
    """32 bytes, without their uppermost bit, into a slot of p."""
    p = ptr32(int(p) + 80 * slot)
    j = 0
    while j < 20:
        x = 13 * j
        t = x >> 3
        n = data[t] | data[t + 1] << 8
        if j < 19:
            n |= data[t + 2] << 16
        p[j] = n >> (x & 7) & 8191
        j += 1
    p[19] = p[19] & 255


@micropython.viper
def pack(p: ptr32, slot: int, data: ptr8):
    """What a slot of p holds, mod P, as 32 bytes."""
    p = ptr32(int(p) + 80 * slot)
    # 1 in bit 255 of the number + 19 if it is P or more
    t = 19 << 13
    j = 0
    while j < 20:
        t = (t >> 13) + p[j]
        j += 1
    t = (t >> 8) * 19 << 13
    n = 0
    bits = 0
    i = 0
    j = 0
    while j < 20:
        t = (t >> 13) + p[j]
        n |= (t & 8191) << bits
        bits += 13
        while bits > 7:
            if i < 32:
                data[i] = n & 255
            n = n >> 8
            bits -= 8
            i += 1
        j += 1
    data[31] = data[31] & 127


@micropython.viper
def _address(data: ptr8) -> int:
    return int(data) & 3


def in_words(data: bytes) -> "bytes | bytearray":
    """The same, where words can be read: what is used from flash may be at any address."""
    return bytearray(data) if _address(data) else data
