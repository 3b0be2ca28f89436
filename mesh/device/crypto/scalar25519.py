"""Ed25519's arithmetic besides that mod P, for boards: mod L, digits, and bytes.

L = 2^252 + C is the order of the base point. Numbers are little-endian bytes. All but digits(),
which is for public numbers, takes the same steps for any number (constant time).
"""

import micropython

from mesh.device.crypto.tables25519 import L


def reduce(work: bytearray, r: bytearray, k: bytes = b"", a: bytes = b"") -> None:
    """r mod L in place of r, or (k a + r) mod L: k and r have 64 bytes, a 32. work: 140 words."""
    limbs(work, 0, r, 64)
    limbs(work, 120, L, 31)
    if k:
        limbs(work, 60, k, 64)
        limbs(work, 100, a, 32)
        multiply(work, 0)
    fold(work, 56 if k else 36)
    out(work, r)


@micropython.viper
def limbs(p: ptr32, x: int, data: ptr8, size: int):
    """Bytes as limbs of 14 bits, from word x on, and 0 in the words up to the next number."""
    p = ptr32(int(p) + 4 * x)
    n = 0
    bits = 0
    i = 0
    while i < size:
        n |= data[i] << bits
        bits += 8
        if bits > 13:
            p[0] = n & 16383
            p = ptr32(int(p) + 4)
            n = n >> 14
            bits -= 14
        i += 1
    p[0] = n
    i = 21 if x == 0 else 1
    while i:
        p = ptr32(int(p) + 4)
        p[0] = 0
        i -= 1


@micropython.viper
def multiply(p: ptr32, x: int):
    """37 limbs from word 60 times 19 from word 100, added to what is from word x = 0 on."""
    to = ptr32(int(p) + 4 * x)
    k = ptr32(int(p) + 240)
    a = ptr32(int(p) + 400)
    i = 19
    while i:
        p = to
        x = a[0]
        q = k
        t = 0
        j = 37
        while j:
            t = q[0] * x + p[0] + (t >> 14)
            p[0] = t & 16383
            p = ptr32(int(p) + 4)
            q = ptr32(int(q) + 4)
            j -= 1
        p[0] = t >> 14
        to = ptr32(int(to) + 4)
        a = ptr32(int(a) + 4)
        i -= 1


@micropython.viper
def fold(p: ptr32, x: int):
    """Make the limbs up to word x less than L: as 2^252 is -C, which is from word 120 on."""
    c = ptr32(int(p) + 480)
    count = x - 17
    top = ptr32(int(p) + 4 * x)
    while count:
        p = ptr32(int(top) - 72)
        x = top[0] + (top[1] << 14)
        top[1] = 0
        q = c
        t = 0
        j = 18
        while j:
            t = p[0] - q[0] * x + (t >> 14)
            p[0] = t & 16383
            p = ptr32(int(p) + 4)
            q = ptr32(int(q) + 4)
            j -= 1
        # -1 if the result is negative: then L is added
        x = t >> 14
        p = ptr32(int(top) - 72)
        q = c
        t = 0
        j = 18
        while j:
            t = (q[0] & x) + p[0] + (t >> 14)
            p[0] = t & 16383
            p = ptr32(int(p) + 4)
            q = ptr32(int(q) + 4)
            j -= 1
        # its 2^252 was removed with the sign, unless adding C restored it
        top[0] = t >> 14
        top = ptr32(int(top) - 4)
        count -= 1


@micropython.viper
def out(p: ptr32, r: ptr8):
    """19 limbs from word 0 on as 64 bytes."""
    n = 0
    bits = 0
    i = 0
    while i < 64:
        if bits < 8 and i < 32:
            n |= p[0] << bits
            p = ptr32(int(p) + 4)
            bits += 14
        r[i] = n & 255
        n = n >> 8
        bits -= 8
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
def digits(steps: ptr8, s: ptr8) -> int:
    """Recode s, below 2^253, as steps of two bytes: how often to double, which digit to add.

    Digits are 0, or odd from -7 to 7; the last 26 doublings are one step each. The last step comes
    first. Gives the number of bytes, at most 512. Its time depends on the number.
    """
    i = 0
    n = 0
    carry = 0
    last = 0
    while i < 256:
        t = s[i >> 3]
        if i < 248:
            t |= s[(i >> 3) + 1] << 8
        t = (t >> (i & 7) & 15) + carry
        digit = 0
        if t & 1:
            carry = t >> 3
            digit = t - 16 * carry
        # no carry and bit 0, or a carry and bit 1, which carries again
        at = i
        while at < i + 4:
            if at < 26 or digit:
                steps[n] = digit
                if n:
                    steps[n - 1] = at - last
                last = at
                n += 2
            digit = 0
            at += 1
            if t & 1 == 0:
                break
        i = at
    steps[n - 1] = 256 - last
    return n


@micropython.viper
def select(p: ptr32, x: int, table: ptr32, s: ptr8):
    """Read the entry of a comb for column x of the digits of s into slots 13 to 15 of p.

    All entries are read, so that no address depends on s. Slot 16 becomes 0, or all ones if the
    entry is to be subtracted.
    """
    work = p
    column = x + 1
    if column > 26:
        table = ptr32(int(table) + 1536)
    n = 0
    i = 0
    while i < 5:
        t = column + 52 * i
        n |= (s[t >> 3] >> (t & 7) & 1) << i
        i += 1
    minus = (n >> 4) - 1
    n = (n ^ minus) & 15
    work[320] = minus
    i = 0
    while i < 24:
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
    p = work
    q = ptr32(int(work) + 1040)
    i = 0
    while i < 3:
        q[0] = p[0] & 8191
        q[1] = int(uint(p[0]) >> 13) & 8191
        q[2] = int(uint(p[0]) >> 26 | uint(p[1]) << 6) & 8191
        q[3] = int(uint(p[1]) >> 7) & 8191
        q[4] = int(uint(p[1]) >> 20 | uint(p[2]) << 12) & 8191
        q[5] = int(uint(p[2]) >> 1) & 8191
        q[6] = int(uint(p[2]) >> 14) & 8191
        q[7] = int(uint(p[2]) >> 27 | uint(p[3]) << 5) & 8191
        q[8] = int(uint(p[3]) >> 8) & 8191
        q[9] = int(uint(p[3]) >> 21 | uint(p[4]) << 11) & 8191
        q[10] = int(uint(p[4]) >> 2) & 8191
        q[11] = int(uint(p[4]) >> 15) & 8191
        q[12] = int(uint(p[4]) >> 28 | uint(p[5]) << 4) & 8191
        q[13] = int(uint(p[5]) >> 9) & 8191
        q[14] = int(uint(p[5]) >> 22 | uint(p[6]) << 10) & 8191
        q[15] = int(uint(p[6]) >> 3) & 8191
        q[16] = int(uint(p[6]) >> 16) & 8191
        q[17] = int(uint(p[6]) >> 29 | uint(p[7]) << 3) & 8191
        q[18] = int(uint(p[7]) >> 10) & 8191
        q[19] = int(uint(p[7]) >> 23) & 255
        p = ptr32(int(p) + 32)
        q = ptr32(int(q) + 80)
        i += 1


@micropython.viper
def unpack(p: ptr32, slot: int, data: ptr8):
    """Unpack 32 bytes, without their uppermost bit, into a slot of p."""
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
    """Pack a slot of p, mod P, into 32 bytes."""
    p = ptr32(int(p) + 80 * slot)
    # bit 255 of the number + 19 is 1 if it is P or more
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
