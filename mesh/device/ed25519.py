"""Ed25519 (RFC 8032) in machine code by MicroPython's own compiler: no C, any processor.

Signing takes the same steps and reads the same memory whatever the secret is. What does the work
is field25519.run, a machine for numbers mod P; the programs here are its steps of four bytes.
One signature at a time: all share one work space.
"""
# pyright: reportArgumentType=false
# (machine code takes a buffer for a pointer)

from mesh.device.base25519 import COMBS
from mesh.device.field25519 import run
from mesh.device.scalar25519 import L, digits, in_words, muladd, odd, pack, reduce, select, unpack
from mesh.device.sha512 import sha512

_SIZE = 32  # bytes of a key and of each half of a signature
_COLUMNS = 26  # of each comb
_PRIME = b"\xed" + b"\xff" * 30 + b"\x7f"
_ONE = b"\x01" + bytes(31)
_D = bytes.fromhex("a3785913ca4deb75abd841414d0a700098e879777940c78c73fe6f2bee6c0352")
_D2 = bytes.fromhex("59f1b226949bd6eb56b183829a14e00030d1f3eef2808e19e7fcdf56dcd90624")
_ROOT = bytes.fromhex("b0a00e4a271beec478e42fad0618432fa7d7fb3d99004d2b0bdfc14f8024832b")  # of -1

# A point is X, Y, Z with x = X/Z and y = Y/Z, and E, H, whose product is T = XY/Z (s.5.1.4).
# The slots of the work space; the machine has the first three for itself. After C, so far: what a
# point is added to, as Y - X, Y + X, 2dT; a mask for run's step 5; and for verify() a constant and
# odd multiples of a key, each of four slots: Y - X, Y + X, 2dT, 2Z.
_X, _Y, _Z, _T, _E, _H, _F, _G, _A, _B = 3, 4, 5, 6, 7, 8, 9, 10, 11, 12
_MINUS, _PLUS, _T2, _MASK, _C, _ODDS = 13, 14, 15, 16, 17, 18
_WORK = bytearray(80 * 34)
_TABLE = in_words(COMBS)

_DOUBLE = bytes((
    1, _T, _X, _Y,  4, _E, _T, 1,  4, _A, _X, 1,  4, _B, _Y, 1,  4, _T, _Z, 1,
    1, _H, _A, _B,  2, _E, _H, _E,  2, _G, _A, _B,  1, _T, _T, _T,  1, _F, _T, _G,
    3, _X, _E, _F,  3, _Y, _G, _H,  3, _Z, _F, _G,  0,
))  # fmt: skip
# the mask swaps what makes adding subtracting
_ADD_BASE = bytes((
    3, _T, _E, _H,  2, _A, _Y, _X,  5, _MASK, _MINUS, _PLUS,  3, _A, _A, _MINUS,
    1, _B, _Y, _X,  3, _B, _B, _PLUS,  3, _T, _T, _T2,  1, _Z, _Z, _Z,
    2, _E, _B, _A,  1, _H, _B, _A,  2, _F, _Z, _T,  1, _G, _Z, _T,  5, _MASK, _F, _G,
    3, _X, _E, _F,  3, _Y, _G, _H,  3, _Z, _F, _G,  0,
))  # fmt: skip
# what is 0 here is for _adding() to fill in
_ADD = bytearray((
    3, _T, _E, _H,  2, _A, _Y, _X,  3, _A, _A, 0,  1, _B, _Y, _X,  3, _B, _B, 0,  3, _T, _T, 0,
    3, _Z, _Z, 0,  2, _E, _B, _A,  1, _H, _B, _A,  2, 0, _Z, _T,  1, 0, _Z, _T,
    3, _X, _E, _F,  3, _Y, _G, _H,  3, _Z, _F, _G,  0,
))  # fmt: skip
# Z to the power of 2^252 - 3, in A
_POWER = bytes((
    4, _A, _Z, 1,  3, _A, _A, _Z,  4, _B, _A, 2,  3, _B, _B, _A,  4, _B, _B, 1,  3, _B, _B, _Z,
    4, _A, _B, 5,  3, _A, _A, _B,  4, _F, _A, 10,  3, _F, _F, _A,  4, _G, _F, 20,  3, _G, _G, _F,
    4, _G, _G, 10,  3, _G, _G, _A,  4, _F, _G, 50,  3, _F, _F, _G,  4, _A, _F, 100,  3, _A, _A, _F,
    4, _A, _A, 50,  3, _A, _A, _G,  4, _A, _A, 2,  3, _A, _A, _Z,
))  # fmt: skip
# and 1/Z, which is Z to the power of 8 (2^252 - 3) + 3, times X and Y in E and H
_DIVIDE = _POWER + bytes((
    4, _A, _A, 3,  4, _B, _Z, 1,  3, _B, _B, _Z,  3, _A, _A, _B,
    3, _E, _X, _A,  3, _H, _Y, _A,  0,
))  # fmt: skip


def public_key(secret: bytes) -> bytes:
    """The 32-byte public key of a 32-byte secret."""
    return _of_base(_scalar(sha512(secret)))


def sign(secret: bytes, public: bytes, data: bytes) -> bytes:
    """The 64-byte signature. `public` must be public_key(secret), or the secret leaks."""
    h = sha512(secret)
    r = bytearray(sha512(h[32:] + data))
    reduce(_WORK, r)
    point = _of_base(r[:32])
    muladd(_WORK, sha512(point + public + data), _scalar(h), r)
    return point + bytes(r[:32])


def verify(public: bytes, signature: bytes, data: bytes) -> bool:
    """Whether the signature is valid (RFC 8032 s.5.1.7, without cofactor). Never raises.

    Refuses low-order public keys, S >= L, and points that are not in their one encoding.
    """
    if len(public) != _SIZE or len(signature) != 2 * _SIZE:
        return False
    s = bytearray(signature[_SIZE:])
    if _less(s, L) and _decode(public):
        _multiples()
        k = bytearray(sha512(signature[:_SIZE] + public + data))
        reduce(_WORK, k)
        # an R that is not in its one encoding is never what _encode gives
        return _sum(s, k) == signature[:_SIZE]
    return False


def _scalar(h: bytes) -> bytearray:
    scalar = bytearray(h[:32])
    scalar[0] &= 248
    scalar[31] = scalar[31] & 63 | 64
    return scalar


def _less(a: "bytes | bytearray", b: bytes) -> bool:
    return int.from_bytes(a, "little") < int.from_bytes(b, "little")


def _number(slot: int) -> bytearray:
    data = bytearray(32)
    pack(_WORK, slot, data)
    return data


def _neutral() -> None:
    for slot, number in ((_X, bytes(32)), (_Y, _ONE), (_Z, _ONE), (_E, bytes(32)), (_H, _ONE)):
        unpack(_WORK, slot, number)


def _encode() -> bytes:
    run(_WORK, 1, _DIVIDE)
    y = _number(_H)
    y[31] |= (_number(_E)[0] & 1) << 7
    return bytes(y)


def _of_base(scalar: bytearray) -> bytes:
    """scalar times the base point, encoded.

    In digits of +1 and -1; five of them, from every other of ten rows, are one addition.
    """
    scalar += bytes(1)
    odd(scalar)
    _neutral()
    for i in range(_COLUMNS - 1, -1, -1):
        run(_WORK, 1, _DOUBLE)
        _add_column(scalar, i)
    return _encode()


def _add_column(scalar: bytearray, i: int) -> None:
    select(_WORK, i, _TABLE, scalar)
    run(_WORK, 1, _ADD_BASE)
    select(_WORK, i + _COLUMNS, _TABLE, scalar)
    run(_WORK, 1, _ADD_BASE)


def _sum(s: bytearray, k: bytearray) -> bytes:
    """s times the base point and k times the point of _multiples(), encoded.

    One chain of doublings serves both (Shamir's trick).
    """
    s += bytes(1)
    odd(s)
    steps = bytearray(512)
    _neutral()
    for at in range(digits(steps, k) - 2, -2, -2):
        run(_WORK, steps[at + 1], _DOUBLE)
        if steps[at]:
            run(_WORK, 1, _adding(steps[at]))
        if at < 2 * _COLUMNS:
            _add_column(s, at >> 1)
    return _encode()


def _adding(digit: int) -> bytearray:
    """The program that adds an odd multiple; the upper half of bytes are digits below zero."""
    below = digit >> 7
    multiple = _ODDS + 2 * (256 - digit if below else digit) - 2
    program = _ADD
    program[11] = multiple + below
    program[19] = multiple + 1 - below
    program[23] = multiple + 2
    program[27] = multiple + 3
    program[37] = _G if below else _F
    program[41] = _F if below else _G
    return program


def _keep(slot: int) -> None:
    """Prepare the point for _adding()."""
    run(_WORK, 1, bytes((
        3, _T, _E, _H,  2, slot, _Y, _X,  1, slot + 1, _Y, _X,  3, slot + 2, _T, _C,
        1, slot + 3, _Z, _Z,  0,
    )))  # fmt: skip


def _multiples() -> None:
    """The point times 1, 3, 5 and 7, where _adding() finds them."""
    unpack(_WORK, _C, _D2)
    _keep(_ODDS)
    run(_WORK, 1, _DOUBLE)
    # twice the point, in the place of the last
    _keep(_ODDS + 12)
    run(_WORK, 1, _adding(1))
    _keep(_ODDS + 4)
    run(_WORK, 1, _adding(7))
    _keep(_ODDS + 8)
    run(_WORK, 1, _adding(7))
    _keep(_ODDS + 12)


def _decode(data: bytes) -> bool:
    """Make the point the opposite of a public key's; False if there is none or its order is low.

    The root of u / v is u v^3 (u v^7)^((P - 5) / 8), or that times the root of -1 (s.5.1.3).
    """
    if not _less(data[:31] + bytes((data[31] & 127,)), _PRIME):
        return False
    u, v, v3, minus_u = _ODDS, _ODDS + 1, _ODDS + 2, _ODDS + 3
    unpack(_WORK, _Y, data)
    unpack(_WORK, _C, _D)
    unpack(_WORK, _T, _ONE)
    unpack(_WORK, _H, bytes(32))
    run(_WORK, 1, bytes((
        4, _A, _Y, 1,  3, v, _A, _C,  1, v, v, _T,  2, u, _A, _T,  2, minus_u, _H, u,
        4, v3, v, 1,  3, v3, v3, v,  4, _Z, v3, 1,  3, _Z, _Z, v,  3, _Z, _Z, u,
    )) + _POWER + bytes((
        3, _A, _A, v3,  3, _X, _A, u,  4, _A, _X, 1,  3, _A, _A, v,  0,
    )))  # fmt: skip
    square = _number(_A)
    if square != _number(u):
        if square != _number(minus_u):
            return False
        unpack(_WORK, _C, _ROOT)
        run(_WORK, 1, bytes((3, _X, _X, _C, 0)))
    if _number(_X)[0] & 1 == data[31] >> 7:
        run(_WORK, 1, bytes((2, _X, _H, _X, 0)))
    return _starts()


def _starts() -> bool:
    """Complete the point X, Y; False if its order is low."""
    zero = _number(_H)
    unpack(_WORK, _Z, _ONE)
    # points of low order, among them both with x = 0, times four are at x = 0; no others are
    run(_WORK, 1, bytes((1, _ODDS, _X, _H, 1, _ODDS + 1, _Y, _H, 0)))
    run(_WORK, 2, _DOUBLE)
    if _number(_X) == zero:
        return False
    unpack(_WORK, _H, _ONE)
    unpack(_WORK, _Z, _ONE)
    unpack(_WORK, _T, bytes(32))
    run(_WORK, 1, bytes((
        1, _X, _ODDS, _T, 1, _Y, _ODDS + 1, _T, 1, _E, _X, _T, 1, _H, _Y, _T, 0,
    )))  # fmt: skip
    return True
