"""SHA-512 (FIPS 180-4) in machine code, as MicroPython has none.

64-bit words are halves of 32 bits. Sums are made of quarters, whose carries fit in 32 bits.
"""

import micropython

from mesh.device.crypto.tables25519 import ROUNDS, START


@micropython.viper
def _blocks(p: ptr32, x: uint, data: ptr8, rounds: ptr8):
    """Hash x blocks of data. p: the state in 16 words, upper halves first; then 32 words of
    scratch space.
    """
    count = int(x)
    state = p
    words = ptr32(int(p) + 64)
    low = uint(65535)
    full = uint(low << 16 | low)
    while count:
        ah = uint(state[0])
        al = uint(state[1])
        bh = uint(state[2])
        bl = uint(state[3])
        ch = uint(state[4])
        cl = uint(state[5])
        dh = uint(state[6])
        dl = uint(state[7])
        eh = uint(state[8])
        el = uint(state[9])
        fh = uint(state[10])
        fl = uint(state[11])
        gh = uint(state[12])
        gl = uint(state[13])
        hh = uint(state[14])
        hl = uint(state[15])
        k = rounds
        i = 0
        while i < 80:
            p = ptr32(int(words) + ((i & 15) << 3))
            if i < 16:
                wh = uint(data[0] << 24 | data[1] << 16 | data[2] << 8 | data[3])
                wl = uint(data[4] << 24 | data[5] << 16 | data[6] << 8 | data[7])
                data = ptr8(int(data) + 8)
            else:
                q = ptr32(int(words) + ((i + 1 & 15) << 3))
                wh = uint(q[0])
                wl = uint(q[1])
                x = (wl >> 1 | wh << 31) ^ (wl >> 8 | wh << 24) ^ (wl >> 7 | wh << 25)
                s = (x & low) + uint(p[1] & 65535)
                t = (x >> 16 & low) + uint(p[1] >> 16 & 65535)
                th = (wh >> 1 | wl << 31) ^ (wh >> 8 | wl << 24) ^ (wh >> 7)
                th = th + uint(p[0])
                q = ptr32(int(words) + ((i + 14 & 15) << 3))
                wh = uint(q[0])
                wl = uint(q[1])
                x = (wl >> 19 | wh << 13) ^ (wh >> 29 | wl << 3) ^ (wl >> 6 | wh << 26)
                s = s + (x & low)
                t = t + (x >> 16 & low)
                th = th + ((wh >> 19 | wl << 13) ^ (wl >> 29 | wh << 3) ^ (wh >> 6))
                q = ptr32(int(words) + ((i + 9 & 15) << 3))
                x = uint(q[1])
                s = s + (x & low)
                t = t + (x >> 16 & low) + (s >> 16)
                wl = (t << 16 | s & low) & full
                wh = (th + uint(q[0]) + (t >> 16)) & full
            p[0] = int(wh)
            p[1] = int(wl)
            x = (el >> 14 | eh << 18) ^ (el >> 18 | eh << 14) ^ (eh >> 9 | el << 23)
            s = (x & low) + (wl & low) + (hl & low)
            t = (x >> 16 & low) + (wl >> 16) + (hl >> 16)
            th = (eh >> 14 | el << 18) ^ (eh >> 18 | el << 14) ^ (el >> 9 | eh << 23)
            th = th + wh + hh
            x = gl ^ el & (fl ^ gl)
            s = s + (x & low) + uint(k[7] | k[6] << 8)
            t = t + (x >> 16) + uint(k[5] | k[4] << 8)
            th = th + (gh ^ eh & (fh ^ gh))
            th = th + uint(k[3] | k[2] << 8 | k[1] << 16 | k[0] << 24)
            k = ptr8(int(k) + 8)
            hh = gh
            hl = gl
            gh = fh
            gl = fl
            fh = eh
            fl = el
            # the sum so far, used for both e and a
            t = t + (s >> 16)
            s = s & low
            th = th + (t >> 16)
            t = t & low
            x = (dl & low) + s
            wl = (dl >> 16) + t + (x >> 16)
            el = (wl << 16 | x & low) & full
            eh = (dh + th + (wl >> 16)) & full
            dh = ch
            dl = cl
            x = (al >> 28 | ah << 4) ^ (ah >> 2 | al << 30) ^ (ah >> 7 | al << 25)
            s = s + (x & low)
            t = t + (x >> 16 & low)
            th = th + ((ah >> 28 | al << 4) ^ (al >> 2 | ah << 30) ^ (al >> 7 | ah << 25))
            x = al & bl | cl & (al | bl)
            s = s + (x & low)
            t = t + (x >> 16) + (s >> 16)
            th = th + (ah & bh | ch & (ah | bh)) + (t >> 16)
            ch = bh
            cl = bl
            bh = ah
            bl = al
            al = (t << 16 | s & low) & full
            ah = th & full
            i += 1
        i = 0
        p = state
        p = ptr32(int(state) + 56)
        while i < 8:
            # pairs of words, the last first
            wh = hh
            wl = hl
            hh = gh
            hl = gl
            gh = fh
            gl = fl
            fh = eh
            fl = el
            eh = dh
            el = dl
            dh = ch
            dl = cl
            ch = bh
            cl = bl
            bh = ah
            bl = al
            x = uint(p[1])
            s = (x & low) + (wl & low)
            t = (x >> 16) + (wl >> 16) + (s >> 16)
            p[1] = int(t << 16 | s & low)
            p[0] = int(uint(p[0]) + wh + (t >> 16))
            p = ptr32(int(p) - 8)
            i += 1
        count -= 1


@micropython.viper
def _big_endian(p: ptr32, out: ptr8, count: int):
    """Words to bytes."""
    i = 0
    while i < count:
        x = p[i]
        out[0] = x >> 24
        out[1] = x >> 16
        out[2] = x >> 8
        out[3] = x
        out = ptr8(int(out) + 4)
        i += 1


@micropython.viper
def _words(p: ptr32, data: ptr8, count: int):
    """Bytes to words, big-endian."""
    i = 0
    while i < count:
        p[i] = data[0] << 24 | data[1] << 16 | data[2] << 8 | data[3]
        data = ptr8(int(data) + 4)
        i += 1


def sha512(data: bytes) -> bytes:
    """The SHA-512 of data, 64 bytes."""
    size = len(data)
    work = bytearray(192)
    _words(work, START, 16)
    whole = size // 128
    _blocks(work, whole, data, ROUNDS)
    rest = data[128 * whole :] + b"\x80" + bytes(-(size + 17) % 128 + 8)
    rest += (8 * size).to_bytes(8, "big")
    _blocks(work, len(rest) // 128, rest, ROUNDS)
    digest = bytearray(64)
    _big_endian(work, digest, 16)
    return bytes(digest)
