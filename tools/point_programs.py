"""The programs that run on mesh/device/crypto/field25519: points of the curve, roots, quotients.

A point is X, Y, Z with x = X/Z and y = Y/Z, and E, H, whose product is T = XY/Z (RFC 8032 s.5.1.4,
Hisil and others 2008). The machine has slots 0 to 2 for itself.
"""

from crypto_tables import constant

# F, G, A, B: for a moment. MINUS = y - x, PLUS = y + x, T2 = 2dxy: what is added; MASK,
# for step 5: whether it is taken away. C: a constant. ODDS: four odd multiples of a key, in four
# slots each: Y - X, Y + X, 2dT, 2Z
SLOTS = (
    "X",
    "Y",
    "Z",
    "T",
    "E",
    "H",
    "F",
    "G",
    "A",
    "B",
    "MINUS",
    "PLUS",
    "T2",
    "MASK",
    "C",
    "ODDS",
)
X, Y, Z, T, E, H, F, G, A, B, MINUS, PLUS, T2, MASK, C, ODDS = range(3, 19)
END = 0

DOUBLE = bytes((
    1, T, X, Y,  4, E, T, 1,  4, A, X, 1,  4, B, Y, 1,  4, T, Z, 1,
    1, H, A, B,  2, E, H, E,  2, G, A, B,  1, T, T, T,  1, F, T, G,
    3, X, E, F,  3, Y, G, H,  3, Z, F, G,  END,
))  # fmt: skip
# the mask swaps what makes adding subtracting
ADD_BASE = bytes((
    3, T, E, H,  2, A, Y, X,  5, MASK, MINUS, PLUS,  3, A, A, MINUS,
    1, B, Y, X,  3, B, B, PLUS,  3, T, T, T2,  1, Z, Z, Z,
    2, E, B, A,  1, H, B, A,  2, F, Z, T,  1, G, Z, T,  5, MASK, F, G,
    3, X, E, F,  3, Y, G, H,  3, Z, F, G,  END,
))  # fmt: skip
# any odd multiple: what is 0 here is for ed25519.py to fill in
ADD = bytes((
    3, T, E, H,  2, A, Y, X,  3, A, A, 0,  1, B, Y, X,  3, B, B, 0,  3, T, T, 0,
    3, Z, Z, 0,  2, E, B, A,  1, H, B, A,  2, 0, Z, T,  1, 0, Z, T,
    3, X, E, F,  3, Y, G, H,  3, Z, F, G,  END,
))  # fmt: skip
# Z to the power of 2^252 - 3, in A
POWER = bytes((
    4, A, Z, 1,  3, A, A, Z,  4, B, A, 2,  3, B, B, A,  4, B, B, 1,  3, B, B, Z,
    4, A, B, 5,  3, A, A, B,  4, F, A, 10,  3, F, F, A,  4, G, F, 20,  3, G, G, F,
    4, G, G, 10,  3, G, G, A,  4, F, G, 50,  3, F, F, G,  4, A, F, 100,  3, A, A, F,
    4, A, A, 50,  3, A, A, G,  4, A, A, 2,  3, A, A, Z,
))  # fmt: skip
# and 1/Z, which is Z to the power of 8 (2^252 - 3) + 3, times X and Y in E and H
DIVIDE = POWER + bytes((
    4, A, A, 3,  4, B, Z, 1,  3, B, B, Z,  3, A, A, B,
    3, E, X, A,  3, H, Y, A,  END,
))  # fmt: skip
# of Y, with d in C, 1 in T and 0 in H: u / v = x^2, and its root or that of -u / v, which is
# u v^3 (u v^7)^((P - 5) / 8) (s.5.1.3). x in X, v x^2 in A, u and -u in the first odd multiple
U, V, V3, MINUS_U = ODDS, ODDS + 1, ODDS + 2, ODDS + 3
ROOT = bytes((
    4, A, Y, 1,  3, V, A, C,  1, V, V, T,  2, U, A, T,  2, MINUS_U, H, U,
    4, V3, V, 1,  3, V3, V3, V,  4, Z, V3, 1,  3, Z, Z, V,  3, Z, Z, U,
)) + POWER + bytes((3, A, A, V3,  3, X, A, U,  4, A, X, 1,  3, A, A, V,  END))  # fmt: skip
TIMES_C = bytes((3, X, X, C, END))
OPPOSITE = bytes((2, X, H, X, END))
# keep X and Y, with 0 in H; and take them again, with 0 in T
ASIDE = bytes((1, ODDS, X, H,  1, ODDS + 1, Y, H,  END))  # fmt: skip
BACK = bytes((
    1, X, ODDS, T,  1, Y, ODDS + 1, T,  1, E, X, T,  1, H, Y, T,  END,
))  # fmt: skip
# prepare the point to be added, with 2d in C: in the last odd multiple
KEEP = bytes((
    3, T, E, H,  2, ODDS, Y, X,  1, ODDS + 1, Y, X,  3, ODDS + 2, T, C,  1, ODDS + 3, Z, Z,  END,
))  # fmt: skip
NAMES = (
    "DOUBLE", "ADD_BASE", "ADD", "DIVIDE", "ROOT", "TIMES_C", "OPPOSITE", "ASIDE", "BACK", "KEEP",
)  # fmt: skip


def programs():
    """Statements that bind the slots' numbers and the programs."""
    text = "".join(f"{name} = {globals()[name]}\n" for name in SLOTS)
    return text + "".join(constant(name, globals()[name]) for name in NAMES)
