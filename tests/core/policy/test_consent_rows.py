"""The setting `consent`: what is refused in it, and which terms its rows allow."""

from helpers import raises

from mesh.core.errors import LocalError
from mesh.core.peer_id import to_text
from mesh.core.policy.consent_rows import (
    AFTER,
    AT_ONCE,
    HOLDER,
    NEVER,
    Row,
    allowing,
    number,
)
from mesh.core.policy.settings import lessen, parse

ANN, BEN, EVE = [bytes([n]) * 32 for n in (1, 2, 3)]
NAMES = {"ann": to_text(ANN), "ben": to_text(BEN)}
WORKING = {
    "names": NAMES,
    "sensors": {"bed": {}, "air": {"kind": "bme280"}},
    "actuators": {"fan": {"kind": "switch"}, "vent": {"kind": "servo"}},
}
FAN = {"who": ["ann"], "term": "act", "on": "fan", "low": 0, "high": 1, "seconds": 600}


def rows(*given, **more):
    return parse(dict(WORKING, consent=list(given), **more)).consent


def complaint(**row):
    return raises(LocalError, rows, FAN, row).detail


def test_rows_are_read_and_names_resolved():
    assert rows() == []
    (row,) = rows(dict(FAN, answer="yes"))
    assert row == Row([ANN], "act", "fan", 0, 1, 600, AT_ONCE, 0)
    assert rows(FAN)[0].answer == HOLDER
    text = {"who": "*", "term": "text", "answer": "after", "after_s": 60}
    assert rows(text)[0] == Row(None, "text", None, None, None, None, AFTER, 60)
    of_chip = {"who": "*", "term": "every", "on": "air.humidity", "low": 10}
    assert rows(of_chip)[0].on == "air.humidity"


def test_safe_mode_has_none():
    profile = parse(dict(WORKING, consent=[FAN]))
    lessen(profile)
    assert profile.consent == []


def test_mistakes_are_told_with_their_path():
    wrong = (
        ({"term": "act"}, "consent[1]: "),
        ({"who": "*"}, "consent[1]: "),
        (dict(FAN, who=["cat"]), "consent[1].who: 'cat'"),
        (dict(FAN, term="do"), "consent[1].term: 'do'"),
        (dict(FAN, on="fann"), "consent[1].on: 'fann'"),
        (dict(FAN, term="every", on="fan"), "consent[1].on: 'fan'"),
        (dict(FAN, term="text"), "consent[1].on: 'fan' is not for text"),
        (dict(FAN, low=2), "consent[1].low: 2 is not at most high, which is 1"),
        (dict(FAN, low="x"), "consent[1].low: 'x'"),
        (dict(FAN, seconds=0), "consent[1].seconds: 0"),
        (dict(FAN, answer="maybe"), "consent[1].answer: 'maybe'"),
        (dict(FAN, answer="after"), "consent[1]: "),
        (dict(FAN, answer="yes", after_s=5), "consent[1]: "),
        ({"who": "*", "term": "act", "low": 0}, "consent[1]: "),
        ({"who": "*", "term": "every", "answer": "yes"}, "consent[1]: "),
        (dict(FAN, hi=3), "consent[1]: 'hi'"),
    )
    for row, start in wrong:
        told = complaint(**row)
        assert told.startswith(start), (told, start)


def act(low, high, seconds=60, name="fan"):
    return ["act", name, low, high, seconds]


def allowed(row, *given):
    """The answer of the rows to a term: of the first that allows it."""
    found = allowing(row, *given)
    return None if found is None else found.answer


def test_a_value_a_span_and_a_peer_have_to_be_within_the_bounds():
    there = rows(dict(FAN, answer="yes"))
    assert allowed(there, [ANN], act(0, 1), None) == AT_ONCE
    assert allowed(there, [ANN], act(1, 1, 600), None) == AT_ONCE
    for peers, term in (
        ([EVE], act(0, 1)),
        ([ANN, EVE], act(0, 1)),
        ([ANN], act(0, 1, 601)),
        ([ANN], act(-1, 1)),
        ([ANN], act(0, 1.5)),
        ([ANN], act(0, float("inf"))),
        ([ANN], act(0, 1, 60, "vent")),
        ([ANN], ["every", "bed", 60, 10]),
        ([ANN], ["strange"]),
        ([ANN], ["members"]),
    ):
        assert allowing(there, peers, term, None) is None, term


def test_the_first_row_counts_and_never_needs_no_bounds():
    never = {"who": ["ben"], "term": "act", "answer": "never"}
    there = rows(never, dict(FAN, who="*", answer="yes"))
    assert allowed(there, [BEN], act(7, 9), None) == NEVER
    assert allowed(there, [ANN, BEN], act(0, 1), None) == AT_ONCE  # never is about Ben alone
    assert allowed(there, [EVE], act(0, 1), None) == AT_ONCE


def test_what_lasts_has_to_end_in_time():
    there = rows({"who": "*", "term": "every", "low": 5, "high": 60, "seconds": 3600})
    assert allowed(there, [ANN], ["every", "bed", 5, 0], 3600) == HOLDER
    for term, end_s in (
        (["every", "bed", 5, 0], None),
        (["every", "bed", 5, 0], 3601),
        (["every", "bed", 4, 0], 60),
        (["every", "bed", 61, 0], 60),
    ):
        assert allowing(there, [ANN], term, end_s) is None, term


def when(number, value, other=None, name="fan"):
    return ["when", None, "bed", "above", number, name, value, other]


def test_a_rule_is_bounded_by_its_number_and_by_what_it_may_set():
    rule = {"who": "*", "term": "when", "on": "fan", "low": 20, "high": 30, "answer": "yes"}
    there = rows(rule, FAN)
    assert allowed(there, [ANN], when(25, True, False), None) == AT_ONCE
    assert allowed(there, [EVE], when(25, True), None) == AT_ONCE
    assert allowed(there, [ANN], when(25, 1, 0), None) == AT_ONCE
    for peers, term in (
        ([ANN], when(31, True)),
        ([ANN], when(float("nan"), True)),
        ([ANN], when(25, 2)),
        ([ANN], when(25, True, 2)),
        ([EVE], when(25, 1)),
        ([ANN], when(25, "on")),
        ([ANN], when(25, True, None, "vent")),
    ):
        assert allowing(there, peers, term, None) is None, term


def test_a_value_is_compared_as_a_number():
    assert [number(value) for value in (True, False, 3, 0.5)] == [1, 0, 3, 0.5]
    assert [number(value) for value in (None, "1", b"1", [1], {})] == [None] * 5
