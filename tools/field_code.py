"""The text of mesh/device/crypto/field25519: arithmetic mod P = 2^255 - 19 for boards, unrolled.

A number is 20 limbs of 13 bits, least first, each in a word of 32 bits. Limbs are never negative:
MicroPython fills the upper half of a 64-bit word with zeros when it loads 32 bits. 20 products of
two limbs stay below 2^31, so that a column of a product needs no carry until all of it is summed.

Products are Karatsuba's: halves of ten limbs, three products of halves instead of four. Such a
product of ten by ten is unrolled, and one loop does it three times. Sums in between may wrap at
32 bits; the columns at the end never do.

MicroPython keeps two locals of a function in registers, here `p` and `x`: what is done often is
done by way of them, in statements with nothing that would have to wait in memory. Other locals
are in memory at fixed places, which is as good as an array, and no address is to be computed.

Products and squares are functions of their own, as a function's code runs from flash only if it
fits into one block of 4 KiB (mesh/device/in_place). They take two arguments, as each costs time.
"""

HALF = 10
LIMBS = 2 * HALF
COLUMNS = range(2 * HALF - 1)
STEP = 10  # limbs done in one turn of a loop

HEAD = '''"""Made by tools/generate_crypto.py; tools/field_code.py explains it. Do not edit."""

import micropython


'''

RUN = '''

@micropython.viper
def run(p: ptr32, x: int, program: ptr8):
    """Run a program x times on the work space p, in slots of 80 bytes: a number mod P is 20 limbs.

    Four bytes are one step, a zero byte ends the program. r, a, b, m: numbers of slots.
    1 r a b: r = a + b    2 r a b: r = a - b    3 r a b: r = a b    4 r a n: r = a^(2^n)
    5 m a b: swap a and b where the first word of m has ones: it is 0 or 2^32 - 1
    The machine has the slots 0 to 2 for itself. A limb has 13 bits and little more, the last 8.
    """
    base = int(p)
    first = program
    columns = p
    times = x
    mask = 8191
    t = 0
    op = 0
    turn = 0
    count = 0
    slot = 0
    to = 0
    pair = 0
    a = p
    b = p
    q = p
    r = p
    while True:
        if count > 1:
            # the same step again, on what it gave
            count -= 1
            slot = to
        else:
            op = program[0]
            if op == 0:
                times -= 1
                if times < 1:
                    return
                program = first
                op = program[0]
            to = program[1]
            r = ptr32(to * 80 + base)
            slot = program[2]
            a = ptr32(slot * 80 + base)
            count = program[3]
            pair = slot << 8 | count
            b = ptr32(count * 80 + base)
            program = ptr8(int(program) + 4)
            if op != 4:
                count = 0
        if op == 3:
            product(base, pair)
        elif op == 4:
            square(base, slot)
'''

MULTIPLY = '''

@micropython.viper
def product(p: ptr32, x: int):
    """The columns of a product, in slots 0 and 1 of the work space p. Slot 2 is written to, too.

    x: the slots of the factors, a << 8 | b.
    """
    columns = p
    sums = ptr32(int(p) + 160)
    a = ptr32((x >> 8) * 80 + int(p))
    b = ptr32((x & 255) * 80 + int(p))
    q = p
    turn = 0
'''

SQUARE = '''

@micropython.viper
def square(p: ptr32, x: int):
    """The columns of the square of slot x, in slots 0 and 1 of the work space p."""
    columns = p
    p = ptr32(x * 80 + int(p))
'''


def lines(indent, *texts):
    return "".join(" " * indent + text + "\n" for text in texts)


def sums(op):
    """r = a + b or a - b + 2 P, with carries; x keeps all of the last limb."""
    text = lines(8, f"elif op == {op}:")
    # the limbs of 2 P, lent to each other until none is smaller than one of b: 16346, 18 times
    # 16382, and 510. The first one's difference comes in as a carry, the last one's at the end
    start = 0 if op == 1 else (16346 - 16382) << 13
    text += lines(12, "p = a", "q = r", f"x = {start}", "turn = 0", f"while turn < {LIMBS}:")
    for i in range(STEP):
        other = f"+ b[{i}]" if op == 1 else f"- b[{i}] + 16382"
        text += lines(16, f"x = (x >> 13) + p[{i}] {other}", f"q[{i}] = x & mask")
    text += lines(16, *advance("p", "b", "q"), f"turn += {STEP}")
    return text + ("" if op == 1 else lines(12, f"x -= {16382 - 510}"))


def advance(*pointers, step=STEP):
    return [f"{name} = ptr32(int({name}) + {4 * step})" for name in pointers]


def products():
    """c0 to c18 = the ten limbs at a times the ten limbs at b."""
    text = lines(8, "p = b")
    for i in range(HALF):
        text += lines(8, f"x = a[{i}]")
        for j in range(HALF):
            old = f" + c{i + j}" if i and j < HALF - 1 else ""
            text += lines(8, f"c{i + j} = p[{j}] * x{old}")
    return text


def squares():
    """c0 to c38 = a squared: what occurs twice is taken double. Faster than by halves."""
    text = ""
    started = set()
    for i in range(LIMBS):
        text += lines(4, f"x = p[{i}]")
        for j in range(i, LIMBS):
            if j == i + 1:
                text += lines(4, "x = x + x")
            old = f" + c{i + j}" if i + j in started else ""
            text += lines(4, f"c{i + j} = p[{j}] * x{old}")
            started.add(i + j)
    text += lines(4, "p = columns")
    text += lines(4, *(f"p[{i}] = c{i}" for i in range(LIMBS)))
    text += lines(4, "p = ptr32(int(p) + 80)")
    text += lines(4, *(f"p[{i}] = c{LIMBS + i}" for i in range(LIMBS - 1)))
    return text + lines(4, f"p[{LIMBS - 1}] = 0")


def products_of_halves():
    """The columns of a times b, by Karatsuba."""
    text = lines(4, "turn = 2", "p = a", "q = sums", "while turn:")
    for i in range(HALF):
        text += lines(8, f"x = p[{i}]", f"x = p[{i + HALF}] + x", f"q[{i}] = x")
    text += lines(8, "p = b", "q = ptr32(int(sums) + 40)", "turn -= 1")
    text += lines(4, "while turn < 3:") + products()
    text += lines(8, "turn += 1")
    text += lines(8, "if turn == 3:", "    break")
    text += lines(8, "p = columns", "if turn == 2:")
    text += lines(12, "p = ptr32(int(p) + 80)", "a = sums", "b = ptr32(int(sums) + 40)")
    text += lines(8, "else:")
    text += lines(12, *advance("a", "b"))
    for i in COLUMNS:
        text += lines(8, f"p[{i}] = c{i}")
    text += lines(8, f"p[{2 * HALF - 1}] = 0")
    # the third product, without the two others, is the middle
    text += lines(4, "p = columns", "q = ptr32(int(p) + 80)")
    for i in COLUMNS:
        high = f"p[{LIMBS + i}]" if LIMBS + i < 32 else f"q[{i}]"
        text += lines(4, f"c{i} = c{i} - p[{i}] - {high}")
    text += lines(4, *advance("p", step=HALF))
    for i in COLUMNS:
        text += lines(4, f"p[{i}] = c{i} + p[{i}]")
    return text


SWAP = """        else:
            t = r[0]
            p = a
            turn = 20
            while turn:
                x = p[0]
                x = (x ^ b[0]) & t
                p[0] = p[0] ^ x
                b[0] = b[0] ^ x
                p = ptr32(int(p) + 4)
                b = ptr32(int(b) + 4)
                turn -= 1
            continue
"""


def reduction():
    """2^260 is 608 mod P: the upper columns, made limbs, times 608 are added to the lower ones."""
    text = lines(8, "if op > 2:")
    text += lines(12, "p = columns", "q = r", "x = 0", "t = 0", "turn = 0")
    text += lines(12, f"while turn < {LIMBS}:")
    for i in range(STEP):
        text += lines(
            16,
            f"t = (t >> 13) + p[{LIMBS + i}]",
            f"x = (x >> 13) + p[{i}]",
            "x = (t & mask) * 608 + x",
            f"q[{i}] = x & mask",
        )
    return text + lines(16, *advance("p", "q"), f"turn += {STEP}")


def tail():
    """2^255 is 19: limb 19 keeps 8 bits. Then the carries, as far as they can go."""
    return lines(
        8,
        "r[19] = x & 255",
        "x = (x >> 8) * 19 + r[0]",
        "r[0] = x & mask",
        "x = (x >> 13) + r[1]",
        "r[1] = x & mask",
        "r[2] = (x >> 13) + r[2]",
    )


def field():
    """The text of mesh/device/crypto/field25519.py."""
    run = RUN + sums(1) + sums(2) + SWAP + reduction() + tail()
    return HEAD + (run + MULTIPLY + products_of_halves() + SQUARE + squares()).lstrip()
