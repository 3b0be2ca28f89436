"""The rule of successions on random histories, and with one part missing each. RELATIONS=20000
asks for so many.
"""

import sys

from key_histories import KIT, check

from mesh.core.relations.mark import NO
from mesh.core.relations.succession import Successions

if sys.implementation.name == "cpython":
    import os

    COUNT = int(os.environ.get("RELATIONS", "900"))
else:
    COUNT = 25
MOST = 150  # histories that it may take to notice a mutant
THEFT = ("a thief rotated", "an owner cannot go on")


def test_random_histories():
    found = disputed = 0
    for seed in range(COUNT):
        try:
            went_on, rivals = check(seed)
        except AssertionError as error:
            raise AssertionError(f"seed {seed}: {error}") from None
        found += went_on
        disputed += rivals
    assert found > COUNT // 2, found
    assert sys.implementation.name != "cpython" or disputed > COUNT // 100, disputed


class AnyCommitment(Successions):
    """Whatever was committed to counts, though something else was, too."""

    def is_next(self, claim):
        found = [said[0] for said in self.commitments(claim.old, claim.seq)]
        return self._kit.sha256(claim.new) in found


class WithoutPlaces(Successions):
    """What is said behind the end that a successor names takes its commitment away."""

    def commitments(self, peer, until=None):
        return Successions.commitments(self, peer)


class ForksCount(Successions):
    """What stands at a fork, or behind it, counts as all else."""

    def forked(self, author, at):
        return True


class OneIsEnough(Successions):
    """One guardian decides, however many are needed."""

    def _voices(self, claim, standing):
        spoke, need = Successions._voices(self, claim, standing)
        return spoke, min(need, 1)


class NoIsNothing(Successions):
    """The old key's no asks for no more guardians."""

    def mark(self, author, ref, word):
        return word == NO or Successions.mark(self, author, ref, word)


class FirstCome(Successions):
    """Of two that claim a place, the one that was heard of first has it."""

    def _single(self, old):
        return ([one for one in self._claims_in_order() if one.old == old] + [None])[0]

    def _claims_in_order(self):
        standing = [one.ref for found in self._stand().values() for one in found]
        heard = [claim for there in self._claims.values() for claim in there.values()]
        return [one for one in heard if one.ref in standing]


def noticed(mutant):
    for seed in range(MOST):
        try:
            check(seed, lambda: mutant(KIT), oracle=False)
        except AssertionError as error:
            return str(error)
    raise AssertionError("not noticed")


def test_two_commitments_are_none():
    assert noticed(AnyCommitment)


def test_what_is_said_behind_the_end_counts_for_nothing():
    assert noticed(WithoutPlaces) == "an owner cannot go on"


def test_what_stands_behind_a_fork_counts_for_nothing():
    assert noticed(ForksCount)


def test_as_many_guardians_as_were_asked_for():
    assert noticed(OneIsEnough) in THEFT


def test_the_old_keys_no_asks_for_all_guardians():
    assert noticed(NoIsNothing) in ("in spite of a no",) + THEFT  # noqa: RUF005


def test_nobody_is_first():
    assert noticed(FirstCome)
