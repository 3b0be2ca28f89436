"""The rule of agreements with one part missing each: the random histories have to notice."""

import agreement_histories
from agreement_histories import check

from mesh.core.relations.agreements import Agreements
from mesh.core.relations.facts import votes
from mesh.core.relations.mark import NO, YES

MOST = 60  # histories that it may take to notice


class SilenceIsConsent(Agreements):
    """Who did not say no counts as yes."""

    def _for(self, ref):
        return ((1 << len(self._ids)) - 1) & ~self._said.get((ref, NO), 0)


class DoublesCountNothing(Agreements):
    """Who lied has no voice, instead of one that is always yes."""

    def _for(self, ref):
        return (self._said.get((ref, YES), 0) | self._let_go(ref)) & ~self.doubles()


class NeedOfWhoRemains(Agreements):
    """More than half of those who have not left are enough."""

    def _need(self, version):
        return (len(self.members(version)) - len(self.left(version))) // 2 + 1


class LeaversCountForAll(Agreements):
    """Who left counts as yes to every pact that drops leavers, not only to one that drops it."""

    def _let_go(self, ref):
        pact = self.pacts[ref]
        found = Agreements._let_go(self, ref)
        return self._leavers(pact.within) if found else 0


class OldRuleAlone(Agreements):
    """Who changes members or rule has to ask the old members alone."""

    def _accepted(self, ref, pact):
        old = self._seats(pact.within) if pact.within else None
        if old is None:
            return Agreements._accepted(self, ref, pact)
        enough = votes(self._for(ref), old) >= self._need(pact.within)
        return self._holding[pact.within] and enough and self._seats(ref) is not None


def noticed(mutant=Agreements, first=0, **how):
    """What the histories say against it, without asking the oracle. `first`: a seed near to that
    which notices, as some interpreters are slow.
    """
    agreement_histories.Agreements = mutant
    try:
        for seed in range(first, first + MOST):
            for liars in (7, 1, 0):
                try:
                    check(seed, liars, oracle=False, **how)
                except AssertionError as error:
                    return str(error)
    finally:
        agreement_histories.Agreements = Agreements
    raise AssertionError("not noticed")


def test_who_is_silent_does_not_consent():
    noticed(SilenceIsConsent)


def test_a_double_counts_as_yes():
    noticed(DoublesCountNothing)


def test_the_need_is_a_number_that_is_written():
    noticed(NeedOfWhoRemains)


def test_the_honest_keep_their_word():
    assert noticed(lock=False) == "an honest peer is named"


def test_leavers_count_for_what_drops_them():
    noticed(LeaversCountForAll)


def test_the_new_rule_is_asked_as_well_as_the_old_one():
    assert noticed(OldRuleAlone, 537) == "rivals, and nobody named"
