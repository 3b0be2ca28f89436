"""Ed25519 (RFC 8032) in machine code by MicroPython's own compiler: no C, any processor.

Signing takes the same steps and reads the same memory whatever the secret is (constant time). The
arithmetic is done by field25519.run, a machine for numbers mod P; its programs here have steps of
four bytes. One signature at a time, as all share one work space.
"""
# pyright: reportArgumentType=false
# (machine code takes buffers as pointers)

from uctypes import addressof

from mesh.device.crypto import tables25519 as t
from mesh.device.crypto.field25519 import run
from mesh.device.crypto.scalar25519 import digits, odd, pack, reduce, select, unpack
from mesh.device.crypto.sha512 import sha512
from mesh.device.crypto.tables25519 import ODDS, A, C, E, F, G, H, T, X, Y, Z

_SIZE = 32  # bytes of a key, and of each half of a signature
_COLUMNS = 26  # columns of each comb
_ONE = b"\x01" + bytes(31)
_WORK = bytearray(80 * (ODDS + 16))
# read by words, and constants in flash may not be aligned
_TABLE = bytearray(t.COMBS) if addressof(t.COMBS) & 3 else t.COMBS
_ADD = bytearray(t.ADD)
_KEEP = bytearray(t.KEEP)


def public_key(secret: bytes) -> bytes:
    """The 32-byte public key of a 32-byte secret."""
    return _of_base(_scalar(sha512(secret)))


def sign(secret: bytes, public: bytes, data: bytes) -> bytes:
    """Sign data. Gives 64 bytes. `public` must be public_key(secret), or the secret leaks."""
    h = sha512(secret)
    r = bytearray(sha512(h[32:] + data))
    reduce(_WORK, r)
    point = _of_base(r[:32])
    reduce(_WORK, r, sha512(point + public + data), _scalar(h))
    return point + bytes(r[:32])


def verify(public: bytes, signature: bytes, data: bytes) -> bool:
    """Whether the signature is valid (RFC 8032 s.5.1.7, without cofactor). Never raises.

    Refuses low-order public keys, S >= L, and points in a non-canonical encoding.
    """
    if len(public) != _SIZE or len(signature) != 2 * _SIZE:
        return False
    s = bytearray(signature[_SIZE:])
    if _less(s, t.L) and _decode(public):
        _multiples()
        k = bytearray(sha512(signature[:_SIZE] + public + data))
        reduce(_WORK, k)
        # a non-canonical R never equals what _encode() gives
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
    """The scalar times the base point, encoded.

    In digits of +1 and -1; five of them, from every other one of ten rows, are one addition.
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
    """The program that adds an odd multiple. The upper half of bytes are negative digits."""
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
    """The point times 1, 3, 5 and 7, in the slots that _adding() uses."""
    unpack(_WORK, C, t.D2)
    _keep(ODDS)
    run(_WORK, 1, t.DOUBLE)
    # twice the point, in the slot of the last
    _keep(ODDS + 12)
    run(_WORK, 1, _adding(1))
    _keep(ODDS + 4)
    run(_WORK, 1, _adding(7))
    _keep(ODDS + 8)
    run(_WORK, 1, _adding(7))
    _keep(ODDS + 12)


def _decode(data: bytes) -> bool:
    """Decode a public key to the opposite of its point. False if it is invalid or of low order.

    The root of -1 makes a root of u / v of that of -u / v (s.5.1.3).
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
    """Complete the point X, Y. False if it is of low order."""
    zero = _number(H)
    unpack(_WORK, Z, _ONE)
    # four times a point has x = 0 exactly for points of low order
    run(_WORK, 1, t.ASIDE)
    run(_WORK, 2, t.DOUBLE)
    if _number(X) == zero:
        return False
    unpack(_WORK, H, _ONE)
    unpack(_WORK, Z, _ONE)
    unpack(_WORK, T, bytes(32))
    run(_WORK, 1, t.BACK)
    return True
