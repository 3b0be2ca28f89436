"""Targets of fuzzing: bodies of agreements and marks, and what follows from any of them."""

import hashlib

import near_bodies
import signers
from agreement_histories import Chance

from mesh.core.codec import cbor
from mesh.core.errors import RemoteError
from mesh.core.relations import mark, pact
from mesh.core.relations.facts import Caps

KIT = signers.make_hash_kit()
CIRCLE = {1: bytes(32), 2: bytes(32), 3: [b"a" * 32], 4: [0, 1], 5: 2, 6: "an aim", 9: bytes(32)}
BODIES = [
    CIRCLE,
    {
        1: bytes(32),
        6: "the lamp is on",
        7: [["act", "lamp", 0, 1.5, 60]],
        8: [5, 60],
        12: bytes(32),
    },
    {
        7: [["every", "temperature", 60, 10], ["keep", bytes(32), 30]],
        10: [bytes(32)],
        11: [],
        13: True,
    },
    {1: bytes(32), 2: 3, 3: "it is loud at night", 4: bytes(32)},
]
# what the two start from
ONE = [cbor.encode(body) for body in BODIES]
MANY = [hashlib.shake_128(b"%d" % n).digest(480) for n in range(4)]


def any_statement(data):
    """A body as an agreement and as a mark: what is taken is written, and taken, again."""
    try:
        body = cbor.decode(data)
    except RemoteError:
        return
    near_bodies.checked(pact, KIT, body)
    near_bodies.checked(mark, KIT, body)


class ByBytes(Chance):
    """Choices that follow from bytes, so that a fuzzer has a say in each; 0 when they end."""

    def __init__(self, data):
        self._data = iter(data)

    def below(self, n):
        return next(self._data, 0) % n


def any_statements(data):
    """Agreements and marks as the bytes choose them, evaluated, with and without caps."""
    for caps in (None, Caps()):
        near_bodies.play(ByBytes(data), KIT, min(len(data) // 8, 60), caps)
