"""Who may set an actuator by an agreement, for how long, and what is put back."""

from affected import ACT, ANN, FIRST, NEXT, Object, act

from mesh.core import codes
from mesh.core.codec import cbor
from mesh.core.errors import LocalError
from mesh.core.events import Actuated
from mesh.core.relations import mark as marks
from mesh.core.relations.mark import LEAVE


def test_nobody_sets_it_without_an_agreement_and_a_row():
    one = Object(ACT)
    assert one.put(5)[0] == codes.FORBIDDEN
    one.agree(FIRST, act(0, 10, 60))
    assert one.put(5)[0] == codes.CHANGED
    one.end(FIRST)
    assert one.put(6)[0] == codes.FORBIDDEN
    other = Object()
    other.agree(FIRST, act(0, 10, 60))
    assert other.put(5)[0] == codes.FORBIDDEN, "no row"
    more = Object(dict(ACT, who=["eve"]))
    more.agree(FIRST, act(0, 10, 60))
    assert more.put(5)[0] == codes.FORBIDDEN, "a row about somebody else"
    never = Object(dict(ACT, answer="never"), ACT)
    never.agree(FIRST, act(0, 10, 60))
    assert never.put(5)[0] == codes.FORBIDDEN
    wide = Object(ACT)
    wide.agree(FIRST, act(0, 11, 60))
    assert wide.put(5)[0] == codes.FORBIDDEN, "accepted by hand, and out of the row's bounds"


def test_only_values_within_the_bounds_and_what_it_is_about():
    one = Object(ACT)
    one.agree(FIRST, act(2, 5, 60))
    code, why = one.put(6)
    assert code == codes.FORBIDDEN and "2 to 5" in why
    for bad in (1, -7, "on", None, [3], b"3"):
        assert one.put(bad)[0] != codes.CHANGED, bad
    assert one.put(3, "led")[0] == codes.FORBIDDEN
    assert one.set == []
    assert one.put(2)[0] == codes.CHANGED
    assert one.put(cbor.Decimal(45, -1))[0] == codes.CHANGED
    assert one.set == [2, cbor.Decimal(45, -1)]
    assert [e.by for e in one.world.of(one.at, Actuated)] == [ANN, ANN]


def test_it_is_put_back_when_the_time_is_over_and_the_longest_counts():
    one = Object(ACT)
    one.agree(FIRST, act(0, 10, 60))
    one.agree(NEXT, act(0, 5, 300))
    one.put(7)
    one.run(50_000)
    assert one.fan == 7
    one.run(11_000)
    assert one.fan == 0
    one.put(4)
    one.run(200_000)
    one.put(5)
    one.run(280_000)
    assert one.fan == 5, "each time anew"
    one.run(21_000)
    assert one.fan == 0, "what was there before all of it"


def test_it_is_put_back_at_once_when_the_agreement_ends():
    one = Object(ACT)
    one.agree(FIRST, act(0, 10, 600))
    one.put(7)
    one.end(FIRST)
    assert one.fan == 0
    assert one.effects.wake_at() is None


def test_whom_the_settings_allow_sets_it_for_good_and_whoever_sets_it_last_has_it():
    one = Object(ACT, actuators={"fan": {"allow": ["ann"]}, "led": {}})
    one.agree(FIRST, act(0, 10, 60))
    one.put(70)
    one.run(100_000)
    assert one.fan == 70
    two = Object(ACT)
    two.agree(FIRST, act(0, 10, 60))
    two.put(7)
    two.me.peer.actuate(two.world.now, "fan", 3, None)
    two.run(100_000)
    assert two.fan == 3, "an own rule, or its holder, set it meanwhile"


def test_what_cannot_be_put_back_is_not_lent():
    one = Object(dict(ACT, on="led"))
    one.agree(FIRST, act(0, 10, 60, "led"))
    code, why = one.put(5, "led")
    assert code == codes.UNAVAILABLE and "present value" in why
    assert one.set == []


def test_a_value_that_it_refuses_changes_nothing():
    def refuse(value):
        if value == 3:
            raise LocalError("it takes no 3")

    one = Object(ACT)
    one.me.add_actuator("fan", refuse, 1)
    one.agree(FIRST, act(0, 10, 60))
    assert one.put(3)[0] == codes.BAD_REQUEST
    assert one.effects.wake_at() is None
    one.put(5)
    one.put(3)
    one.run(61_000)
    assert one.fan == 1


def test_what_stays_undone_is_tried_again():
    broken = []

    def apply(value):
        if broken:
            raise LocalError("broken")

    one = Object(ACT)
    one.me.add_actuator("fan", apply, 1)
    one.agree(FIRST, act(0, 10, 60))
    one.put(5)
    broken.append(1)
    one.end(FIRST)
    assert one.fan == 5
    one.run(15_000)
    broken.clear()
    one.run(15_000)
    assert one.fan == 1
    assert one.effects.wake_at() is None


def test_a_restart_puts_back_what_was_remembered():
    one = Object(ACT)
    one.agree(FIRST, act(0, 10, 60))
    one.put(5)
    assert one.kept == [["fan", 0]]
    other = Object(ACT, kept=[["fan", 4], ["gone", 1]])
    other.run(0)
    assert other.fan == 4 and other.kept == []


def test_who_left_sets_nothing_any_more():
    one = Object(ACT)
    one.agree(FIRST, act(0, 10, 60))
    one.facts.mark(ANN, marks.check(marks.make(FIRST, LEAVE)))
    one.look()
    assert one.put(5)[0] == codes.FORBIDDEN
