"""Whatever stands in a pact or a mark: it is refused with RemoteError, or taken, written and taken
again; and nothing that was taken ends who evaluates it.
"""

import sys

import signers
from agreement_histories import Chance
from near_bodies import any_mark, any_pact, checked, play

from mesh.core.codec import cbor
from mesh.core.kit import Kit
from mesh.core.relations import mark, pact
from mesh.core.relations.facts import Caps

HASHED = signers.make_hash_kit()
KIT = Kit(HASHED.sha256, HASHED.verify, cbor.encode, cbor.decode, HASHED.random)
FAST = sys.implementation.name == "cpython"
REFS = [bytes([n]) * 32 for n in range(50, 54)]


def taken(of, make, count):
    chance = Chance(7)
    return sum([checked(of, KIT, make(chance, REFS)) is not None for _ in range(count)])


def test_any_pact_is_refused_or_taken_again():
    count = 20_000 if FAST else 800
    assert count // 20 < taken(pact, any_pact, count) < count


def test_any_mark_is_refused_or_taken_again():
    count = 20_000 if FAST else 800
    assert count // 5 < taken(mark, any_mark, count) < count


def test_whatever_was_taken_is_evaluated():
    for seed in range(150 if FAST else 6):
        assert play(Chance(seed), KIT, 60) > 5
        play(Chance(seed), KIT, 60, Caps())
