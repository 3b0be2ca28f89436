"""One peer with whom a board forms agreements, and who says more than it should, leaves the board
room for those with others.
"""

from signers import make_hash_kit

from mesh.core.relations import pact as pacts
from mesh.core.relations.agreements import IN_FORCE, Agreements
from mesh.core.relations.facts import Caps
from mesh.core.relations.mark import YES, Mark
from mesh.core.relations.weighing import state_of

ME, LIAR, FRIEND = [bytes([n]) * 32 for n in range(1, 4)]


def ref(number):
    return bytes([1]) + bytes(27) + bytes([number // 256, number % 256, 0, 0])


def say(facts, of, *who):
    for one in who:
        facts.mark(one, Mark(of, YES, "", None))


def asked_in(facts, author, at, text):
    """A peer founds a circle and asks the board in."""
    kit = make_hash_kit()
    founding, change = ref(at), ref(at + 1)
    facts.pact(founding, author, pacts.check({5: 1, 6: text}))
    state = state_of(kit, founding, [author, ME], 2)
    body = pacts.make(within=founding, after=founding, add=[ME], need=2, state=state)
    facts.pact(change, author, pacts.check(body))
    say(facts, change, author)
    return founding, change


def own_circle(facts):
    """It puts ever more in force, alone, in a circle that the board has not joined."""
    founding, _ = asked_in(facts, LIAR, 1, "mine")
    for n in range(10, 100):
        facts.pact(ref(n), LIAR, pacts.check(pacts.make(within=founding, text="aim")))
        say(facts, ref(n), LIAR)


def strangers(facts):
    """It offers things to the board and to ever more peers whom nobody knows."""
    for n in range(10, 40):
        named = [ME]
        named += [bytes([9, n, k]) + bytes(29) for k in range(12)]
        facts.pact(ref(n), LIAR, pacts.check(pacts.make(text="so", parties=named)))


def offers(facts):
    """It offers things to the board alone."""
    for n in range(10, 100):
        facts.pact(ref(n), LIAR, pacts.check(pacts.make(text="so", parties=[ME])))


def other_circle_comes_about(flood):
    facts = Agreements(make_hash_kit(), ME, Caps())
    flood(facts)
    taken = len(facts.pacts)
    assert 0 < taken <= Caps.refs // 2 + 1
    founding, change = asked_in(facts, FRIEND, 500, "ours")
    say(facts, change, ME)
    assert facts.now(founding) == (change, [])
    agreed = ref(502)
    assert facts.pact(agreed, FRIEND, pacts.check(pacts.make(within=change, text="the fan")))
    say(facts, agreed, FRIEND, ME)
    assert facts.state(agreed) == IN_FORCE
    assert facts.pact(ref(503), ME, pacts.check(pacts.make(within=change, text="and the light")))


def test_who_puts_much_in_force_leaves_room():
    other_circle_comes_about(own_circle)


def test_who_names_many_leaves_room():
    other_circle_comes_about(strangers)


def test_who_offers_much_leaves_room():
    other_circle_comes_about(offers)
