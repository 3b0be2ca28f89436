"""What a peer says by itself to what others propose, by the rows of its setting `consent`."""

from mesh.core.policy.consent_rows import AFTER, AT_ONCE, HOLDER, NEVER, Row
from mesh.core.relations import pact as pacts
from mesh.core.relations.consent import decide, offer
from mesh.core.relations.mark import NO, YES

ME, ANN, BEN = [bytes([n]) * 32 for n in (1, 2, 3)]
ACTUATORS = ("fan", "vent")


def row(term, answer=AT_ONCE, after_s=0, bounds=(None, None, None), on=None):
    return Row([ANN], term, on, *bounds, answer, after_s)


BOUNDS = (0, 10, 600)  # low, high, seconds
FAN = row("act", AT_ONCE, 0, BOUNDS, "fan")


def act(low, high, seconds, name="fan"):
    return ["act", name, low, high, seconds]


def request(*terms, **fields):
    return pacts.check(pacts.make(parties=[ME], terms=list(terms), **fields))


def said(rows, pact, alone=True, author=ANN, members=(ME, ANN)):
    return decide(rows, ME, author, list(members), pact, ACTUATORS, alone)


def test_a_request_within_the_bounds_gets_a_yes():
    assert said([FAN], request(act(5, 5, 600))) == (YES, "", 0, None)


def test_a_request_is_always_answered_where_nobody_is_there():
    for rows, pact, author in (
        ([FAN], request(act(5, 5, 60)), BEN),
        ([], request(act(5, 5, 60)), ANN),
        ([FAN], request(act(5, 5, 60, "fann")), ANN),
        ([FAN], request(["answer", 5]), ANN),
        ([FAN], request(["every", "bed", 5, 0]), ANN),
        ([FAN], request(act(5, 5, 60), act(0, 0, 60)), BEN),
        ([FAN], request(text="be kind"), ANN),
        ([FAN], request(["new", 1]), ANN),
        ([held()], ask(), ANN),
    ):
        word, reason, after_s, counter = said(rows, pact, author=author, members=(ME, author))
        assert (word, after_s, counter) == (NO, 0, None) and reason, pact
        # a person may be there, who answers
        assert said(rows, pact, False, author, (ME, author))[0] is None


def held():
    return row("act", HOLDER, 0, BOUNDS, "fan")


def ask():
    return request(act(5, 5, 60))


def test_one_counter_offer_lies_within_the_bounds():
    for low, high, seconds, end_s, best in (
        (12, 12, 60, 60, (10, 10, 60, 60)),
        (5, 12, 900, 900, (5, 10, 600, 600)),
        (-3, -2, 900, None, (0, 0, 600, 600)),
        (12, 12, 60, 30, (10, 10, 60, 30)),
    ):
        pact = request(act(low, high, seconds), span=[0, end_s] if end_s else None)
        word, reason, _, counter = said([FAN], pact)
        assert word == NO and "0 to 10" in reason and "600 s" in reason, reason
        assert counter == ([act(*best[:3])], best[3]), counter
        made = pacts.check(offer(ANN, b"r" * 32, counter))
        assert (made.parties, made.toward, made.end_s) == ([ANN], b"r" * 32, best[3])
        accepted = request(*made.terms, span=[0, made.end_s])
        assert said([FAN], accepted)[0] == YES, "what it offers it would accept itself"


def test_never_is_a_no_with_its_reason_wherever_it_stands():
    rows = [row("text", NEVER), FAN]
    pact = pacts.check(pacts.make(within=b"c" * 32, text="no fan at night"))
    word, reason, _, counter = said(rows, pact)
    assert word == NO and reason and counter is None
    members = pacts.check(pacts.make(within=b"c" * 32, text="as before", terms=[act(1, 1, 1)]))
    assert said([row("act", NEVER), row("text")], members)[0] == NO


def test_the_weakest_answer_counts():
    after = row("when", AFTER, after_s=60)
    rule = ["when", None, "bed", "above", 28, "fan", True, None]
    both = pacts.check(pacts.make(within=b"c" * 32, terms=[rule, act(1, 1, 60)]))
    assert said([FAN, after], both) == (YES, "", 60, None)
    longer = pacts.check(pacts.make(within=b"c" * 32, terms=[rule], span=[90, 900]))
    assert said([FAN, after], longer).after_s == 90, "who proposes may grant others more time"
    assert said([FAN], both)[0] is None
    assert said([FAN, row("when", HOLDER)], both)[0] is None
    assert said([FAN, row("when", NEVER)], both)[0] == NO


def test_who_may_set_it_by_that_has_to_be_trusted_and_who_proposes_a_rule():
    pact = pacts.check(pacts.make(within=b"c" * 32, terms=[act(1, 1, 60)]))
    assert said([FAN], pact, members=(ME, ANN))[0] == YES
    assert said([FAN], pact, members=(ME, ANN, BEN))[0] is None
    assert said([row("text")], pacts.check(pacts.make(within=b"c" * 32, text="x")))[0] == YES
    text = pacts.check(pacts.make(within=b"c" * 32, text="x"))
    assert said([row("text")], text, author=BEN, members=(ME, ANN, BEN))[0] is None


def test_a_change_of_members_needs_a_row_of_its_own():
    body = pacts.make(within=b"c" * 32, after=b"c" * 32, need=2, state=b"s" * 32, add=[BEN])
    change = pacts.check(body)
    assert said([row("text"), FAN], change)[0] is None
    assert said([row("members")], change)[0] == YES
    assert said([row("members", AFTER, after_s=5)], change).after_s == 5
