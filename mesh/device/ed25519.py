"""Ed25519 (RFC 8032) in machine code by MicroPython's own compiler: no C, any processor.

Signing takes the same steps and reads the same memory whatever the secret is. What does the work
is field25519.run, a machine for numbers mod P; the programs here are its steps of four bytes.
One signature at a time: all share one work space.
"""
# pyright: reportArgumentType=false
# (machine code takes a buffer for a pointer)

from uctypes import addressof

from mesh.device import tables25519 as t
from mesh.device.field25519 import run
from mesh.device.scalar25519 import digits, odd, pack, reduce, select, unpack
from mesh.device.sha512 import sha512
from mesh.device.tables25519 import ODDS, A, C, E, F, G, H, T, X, Y, Z

_SIZE = 32  # bytes of a key and of each half of a signature
_COLUMNS = 26  # of each comb
_ONE = b"\x01" + bytes(31)
_WORK = bytearray(80 * (ODDS + 16))
# it is read by words; what is used from flash may be at any address
_TABLE = bytearray(t.COMBS) if addressof(t.COMBS) & 3 else t.COMBS
_ADD = bytearray(t.ADD)
_KEEP = bytearray(t.KEEP)


def public_key(secret: bytes) -> bytes:
    """The 32-byte public key of a 32-byte secret."""
    return _of_base(_scalar(sha512(secret)))


def sign(secret: bytes, public: bytes, data: bytes) -> bytes:
    """The 64-byte signature. `public` must be public_key(secret), or the secret leaks."""
    h = sha512(secret)
    r = bytearray(sha512(h[32:] + data))
    reduce(_WORK, r)
    point = _of_base(r[:32])
    reduce(_WORK, r, sha512(point + public + data), _scalar(h))
    return point + bytes(r[:32])


def verify(public: bytes, signature: bytes, data: bytes) -> bool:
    """Whether the signature is valid (RFC 8032 s.5.1.7, without cofactor). Never raises.

    Refuses low-order public keys, S >= L, and points that are not in their one encoding.
    """
    if len(public) != _SIZE or len(signature) != 2 * _SIZE:
        return False
    s = bytearray(signature[_SIZE:])
    if _less(s, t.L) and _decode(public):
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
    for slot, number in ((X, bytes(32)), (Y, _ONE), (Z, _ONE), (E, bytes(32)), (H, _ONE)):
        unpack(_WORK, slot, number)


def _encode() -> bytes:
    run(_WORK, 1, t.DIVIDE)
    y = _number(H)
    y[31] |= (_number(E)[0] & 1) << 7
    return bytes(y)


def _of_base(scalar: bytearray) -> bytes:
    """scalar times the base point, encoded.

    In digits of +1 and -1; five of them, from every other of ten rows, are one addition.
    """
    scalar += bytes(1)
    odd(scalar)
    _neutral()
    for i in range(_COLUMNS - 1, -1, -1):
        run(_WORK, 1, t.DOUBLE)
        _add_column(scalar, i)
    return _encode()


def _add_column(scalar: bytearray, i: int) -> None:
    select(_WORK, i, _TABLE, scalar)
    run(_WORK, 1, t.ADD_BASE)
    select(_WORK, i + _COLUMNS, _TABLE, scalar)
    run(_WORK, 1, t.ADD_BASE)


def _sum(s: bytearray, k: bytearray) -> bytes:
    """s times the base point and k times the point of _multiples(), encoded.

    One chain of doublings serves both (Shamir's trick).
    """
    s += bytes(1)
    odd(s)
    steps = bytearray(512)
    _neutral()
    for at in range(digits(steps, k) - 2, -2, -2):
        run(_WORK, steps[at + 1], t.DOUBLE)
        if steps[at]:
            run(_WORK, 1, _adding(steps[at]))
        if at < 2 * _COLUMNS:
            _add_column(s, at >> 1)
    return _encode()


def _adding(digit: int) -> bytearray:
    """The program that adds an odd multiple; the upper half of bytes are digits below zero."""
    below = digit >> 7
    multiple = ODDS + 2 * (256 - digit if below else digit) - 2
    program = _ADD
    program[11] = multiple + below
    program[19] = multiple + 1 - below
    program[23] = multiple + 2
    program[27] = multiple + 3
    program[37] = G if below else F
    program[41] = F if below else G
    return program


def _keep(slot: int) -> None:
    """Prepare the point for _adding()."""
    program = _KEEP
    for n in range(4):
        program[5 + 4 * n] = slot + n
    run(_WORK, 1, program)


def _multiples() -> None:
    """The point times 1, 3, 5 and 7, where _adding() finds them."""
    unpack(_WORK, C, t.D2)
    _keep(ODDS)
    run(_WORK, 1, t.DOUBLE)
    # twice the point, in the place of the last
    _keep(ODDS + 12)
    run(_WORK, 1, _adding(1))
    _keep(ODDS + 4)
    run(_WORK, 1, _adding(7))
    _keep(ODDS + 8)
    run(_WORK, 1, _adding(7))
    _keep(ODDS + 12)


def _decode(data: bytes) -> bool:
    """Make the point the opposite of a public key's; False if there is none or its order is low.

    The root of -1 makes one of u / v of that of -u / v (s.5.1.3).
    """
    if not _less(data[:31] + bytes((data[31] & 127,)), t.PRIME):
        return False
    unpack(_WORK, Y, data)
    unpack(_WORK, C, t.D)
    unpack(_WORK, T, _ONE)
    unpack(_WORK, H, bytes(32))
    run(_WORK, 1, t.ROOT)
    square = _number(A)
    if square != _number(ODDS):
        if square != _number(ODDS + 3):
            return False
        unpack(_WORK, C, t.ROOT_OF_MINUS_1)
        run(_WORK, 1, t.TIMES_C)
    if _number(X)[0] & 1 == data[31] >> 7:
        run(_WORK, 1, t.OPPOSITE)
    return _starts()


def _starts() -> bool:
    """Complete the point X, Y; False if its order is low."""
    zero = _number(H)
    unpack(_WORK, Z, _ONE)
    # points of low order, among them both with x = 0, times four are at x = 0; no others are
    run(_WORK, 1, t.ASIDE)
    run(_WORK, 2, t.DOUBLE)
    if _number(X) == zero:
        return False
    unpack(_WORK, H, _ONE)
    unpack(_WORK, Z, _ONE)
    unpack(_WORK, T, bytes(32))
    run(_WORK, 1, t.BACK)
    return True
