"""Offers, promises, and what stands on them: what simulated peers ran into."""

from agreement_oracle import Oracle
from signers import make_hash_kit

from mesh.core.relations import pact as pacts
from mesh.core.relations.agreements import DISPUTED, IN_FORCE, MISFIT, Agreements
from mesh.core.relations.facts import Caps
from mesh.core.relations.mark import LEAVE, NO, YES, Mark

A, B, C = [bytes([n]) * 32 for n in range(1, 4)]
BEFORE, ONE, OTHER = [bytes([n]) * 32 for n in range(10, 13)]
TERMS = [["act", "lamp", 0, 1, 60]]


def say(facts, ref, word, *who):
    return [facts.mark(one, Mark(ref, word, "", None)) for one in who]


def between_two(me=A):
    """An agreement of A with B, and an offer of each in its place."""
    facts = Agreements(make_hash_kit(), me)
    facts.pact(BEFORE, A, pacts.check(pacts.make(terms=TERMS, parties=[B])))
    say(facts, BEFORE, YES, B)
    for ref, author, other in ((ONE, A, B), (OTHER, B, A)):
        body = pacts.make(after=BEFORE, terms=TERMS, parties=[other])
        facts.pact(ref, author, pacts.check(body))
    return facts


def test_who_offers_something_accepts_no_rival_of_it():
    """Two offers that cross would else both hold, and nobody had lied."""
    facts = between_two()
    assert facts.accepted_rivals(OTHER, A) == [ONE]
    assert facts.accepted_rivals(ONE, B) == [OTHER]
    assert facts.bars(facts.pacts[ONE], A) == [ONE], "nor does it offer a third one"
    assert facts.bars(facts.pacts[BEFORE], A) == [], "what takes no place has no rivals"
    say(facts, ONE, NO, B)
    assert facts.accepted_rivals(OTHER, A) == [], "it was refused"
    say(facts, OTHER, YES, A)
    assert facts.state(OTHER) == IN_FORCE


def test_who_accepts_a_rival_of_its_own_offer_is_named():
    facts = between_two(C)
    say(facts, OTHER, YES, A)
    assert facts.liars(ONE, OTHER) == [A]
    say(facts, ONE, YES, B)
    assert facts.state(ONE) == DISPUTED
    assert sorted(facts.liars(ONE, OTHER)) == [A, B]


def test_who_promises_two_things_in_one_place_is_named():
    facts = Agreements(make_hash_kit())
    facts.pact(BEFORE, A, pacts.check(pacts.make(terms=TERMS)))
    for ref in (ONE, OTHER):
        facts.pact(ref, A, pacts.check(pacts.make(after=BEFORE, terms=TERMS)))
    assert facts.state(ONE) == DISPUTED
    assert facts.liars(ONE, OTHER) == [A]


def test_what_stands_on_a_promise_does_not_fit_and_harms_nobody():
    """One entry and one word of a stranger ended whoever evaluated them."""
    facts, oracle = Agreements(make_hash_kit(), A), Oracle()
    for ref, body in ((BEFORE, {7: TERMS}), (ONE, {1: BEFORE, 6: "an aim"})):
        facts.pact(ref, C, pacts.check(body))
        oracle.take(("pact", C, ref, pacts.check(body)))
    say(facts, ONE, NO, C, B)
    oracle.take((NO, C, ONE))
    assert facts.state(ONE) == MISFIT
    assert not facts.holds(ONE) and not facts.dead(ONE) and not oracle.dead(ONE)
    assert facts.members(ONE) is None


def test_a_word_about_what_is_held_has_room():
    """Else who floods words would keep a board from noting its own, and so from keeping it."""
    facts = Agreements(make_hash_kit(), A, Caps(refs=4))
    facts.pact(ONE, A, pacts.check(pacts.make(terms=TERMS, parties=[B])))
    facts.pact(OTHER, B, pacts.check(pacts.make(terms=TERMS, parties=[A])))
    for n in range(9):
        assert say(facts, n.to_bytes(32, "big"), YES, C) == [n < 4]
    assert say(facts, OTHER, YES, A, C) == [True, True]
    assert say(facts, OTHER, NO, B) == say(facts, OTHER, LEAVE, B) == [True]
    assert facts.state(OTHER) == IN_FORCE
