"""IEEE 754 floats as bits (binary16 and binary32); exact also on boards with 32-bit floats."""

from math import copysign, frexp, ldexp

from mesh.core.errors import LocalError, RemoteError


def from_bits(n: int, width: int, digits: int) -> float:
    """The float with the bits of n: sign, `width` bits of exponent, `digits` bits of fraction."""
    top = (1 << width) - 1
    exponent = n >> digits & top
    fraction = n & (1 << digits) - 1
    if exponent == top:
        raise RemoteError("CBOR float not finite")
    if exponent:
        fraction += 1 << digits
    else:
        exponent = 1
    value = ldexp(fraction, exponent - digits - (top >> 1))
    return -value if n >> width + digits else value


def half_of(n: int) -> int:
    """The binary16 bits of the same float as the binary32 bits of n; -1 if there are none."""
    sign = n >> 16 & 0x8000
    if not n & 0x7FFFFFFF:
        return sign
    exponent = (n >> 23 & 255) - 112
    if not -10 < exponent < 31:
        return -1
    fraction = n & 0x7FFFFF
    shift = 13
    if exponent < 1:
        fraction += 1 << 23
        shift = 14 - exponent
        exponent = 0
    if fraction & (1 << shift) - 1:
        return -1
    return sign | exponent << 10 | fraction >> shift


def to_bits(value: float) -> int:
    """The binary32 bits of a float. LocalError if it is not finite or needs more bits."""
    if value - value != 0:
        raise LocalError("no CBOR for an infinite float")
    # the 24 bits of the significand as an integer; fewer below 2**-126
    exponent = max(frexp(value)[1] + 125, 0)
    whole = ldexp(abs(value), 149 - exponent)
    n = int(whole)
    if n != whole or exponent > 253:
        raise LocalError("float needs more than 32 bits")
    if n:
        n += exponent << 23
    if copysign(1, value) < 0:
        n += 1 << 31
    return n
