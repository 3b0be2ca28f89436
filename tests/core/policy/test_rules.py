from mesh.core.codec.cbor import Decimal
from mesh.core.policy.rules import Rule, Rules

PEER = bytes(32)


def rules(operator, number, hysteresis=0, other=None, peer=PEER):
    return Rules([Rule(peer, "temp", operator, number, hysteresis, "fan", True, other)])


def run(judge, *values):
    """What each value makes the rule set: True, False, or - for nothing."""
    told = [judge.judge(PEER, "temp", value) for value in values]
    return "".join(["-" if not acts else "T" if acts == [("fan", True)] else "F" for acts in told])


def test_it_acts_when_the_line_is_crossed_and_not_again():
    assert run(rules("above", 30), 29, 30, 31, 35, 31, 30, 31) == "--T---T"


def test_else_is_set_when_it_no_longer_holds_and_at_the_first_reading():
    assert run(rules("above", 30, 0, False), 29, 31, 32, 30, 29, 31) == "FT-F-T"


def test_hysteresis_keeps_it_from_flapping():
    assert run(rules("above", 30, 2, False), 31, 29, 30, 28.5, 28, 29, 30, 30.5) == "T---F--T"
    assert run(rules("below", 10, 2, False), 11, 9, 11, 11.9, 12, 11, 9.9) == "FT--F-T"


def test_equals_for_numbers_texts_and_truth():
    assert run(rules("equals", 3, 0, False), 2, 3, 3, 4) == "FT-F"
    assert run(rules("equals", 3, 1, False), 3, 4, 4.5) == "T-F"
    assert run(rules("equals", "open", 0, False), "shut", "open", "open", "shut") == "FT-F"
    assert run(rules("equals", True, 0, False), False, True, False) == "FTF"


def test_decimals_are_compared_exactly():
    exact = rules("above", 21.35, 0, False)
    assert run(exact, Decimal(2135, -2), Decimal(21351, -3), Decimal(2135, -2)) == "FTF"
    assert run(rules("equals", 0.1, 0, False), Decimal(1, -1), Decimal(100, -3)) == "T-"


def test_what_cannot_be_compared_changes_nothing():
    assert run(rules("above", 30, 0, False), 31, "broken", 32, "broken", 29) == "T---F"


def test_a_rule_hears_its_own_peer_and_sensor_only():
    judge = rules("above", 30)
    assert judge.judge(None, "temp", 99) == []
    assert judge.judge(bytes([1] * 32), "temp", 99) == []
    assert judge.judge(PEER, "damp", 99) == []
    assert judge.judge(PEER, "temp", 99) == [("fan", True)]
    assert rules("above", 30, peer=None).judge(None, "temp", 31) == [("fan", True)]


def test_every_rule_about_a_reading_is_judged_in_order():
    judge = Rules(
        [
            Rule(None, "temp", "above", 30, 0, "fan", True, False),
            Rule(None, "temp", "below", 5, 0, "heater", 3, None),
        ]
    )
    assert judge.judge(None, "temp", 2) == [("fan", False), ("heater", 3)]
    assert judge.judge(None, "temp", 31) == [("fan", True)]
