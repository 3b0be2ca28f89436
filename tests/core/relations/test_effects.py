"""What agreements change at a peer: who may set an actuator, rules, and how often it measures."""

from two_nodes import ask, two
from world import make_identity

from mesh.core import codes
from mesh.core.coap import message as coap
from mesh.core.codec import cbor
from mesh.core.errors import LocalError
from mesh.core.events import Actuated
from mesh.core.peer_id import to_text
from mesh.core.relations import mark as marks
from mesh.core.relations import pact as pacts
from mesh.core.relations.agreements import Agreements
from mesh.core.relations.effects import Effects
from mesh.core.relations.mark import LEAVE, YES
from mesh.core.resources.granted import granted
from mesh.core.security.signed_client import request_for

ME, ANN, EVE = [make_identity(n).public for n in (1, 2, 3)]
FIRST, NEXT = b"f" * 32, b"n" * 32
NAMES = {"ann": to_text(ANN), "eve": to_text(EVE)}
ACT = {"who": ["ann"], "term": "act", "on": "fan", "low": 0, "high": 10, "seconds": 600}
WHEN = {"who": ["ann"], "term": "when", "on": "fan", "low": 20, "high": 35}
EVERY = {"who": "*", "term": "every", "low": 5}
OWN = {"when": "self/temp", "above": 40, "set": "fan", "to": 9, "else": 0}


class Object:
    """A peer with a fan and a thermometer, another one, and agreements between them."""

    def __init__(self, *rows, rules=(), kept=(), **more):
        settings = {
            "names": NAMES,
            "sensors": {"temp": {}},
            "actuators": {"fan": {}, "led": {}},
            "consent": list(rows),
            "rules": list(rules),
        }
        self.world, self.me, self.at, self.ann, self.at_ann = two(dict(settings, **more))
        assert (self.me.peer.id, self.ann.peer.id) == (ME, ANN)
        self.set = []
        self.me.add_actuator("fan", self.set.append, 0)
        self.me.add_actuator("led", self.set.append, None)
        self.paces = []
        self.facts = Agreements(self.me.peer.kit, ME)
        rows = self.me.profile.consent
        pace = lambda _, paces: self.paces.append(paces)  # noqa: E731
        self.effects = Effects(self.me, self.facts, rows, pace)
        self.effects.lent.remembered_by(self.remember)
        self.kept = []
        self.me.add(self.effects)
        self.me.peer.provide(resources=(granted(self.effects),))
        self.effects.lent.restore(self.world.now, kept)
        self.now = {}
        self.world.run(5000)

    def remember(self, kept):
        self.kept = kept

    def agree(self, ref, *terms, author=ANN, span=None, parties=None):
        """Have an agreement with these terms run."""
        parties = parties or [ANN if author == ME else ME]
        body = pacts.make(parties=parties, terms=list(terms), span=span)
        self.now[ref] = pacts.check(body)
        self.facts.pact(ref, author, self.now[ref])
        self.facts.mark(parties[0], marks.check(marks.make(ref, YES)))
        self.look()

    def end(self, ref):
        self.now.pop(ref)
        self.look()

    def look(self):
        self.effects.changed(self.world.now, sorted(self.now.items()))
        self.run(0)

    def run(self, ms):
        self.world.drain()
        self.world.now += ms  # World.run() would jump beyond that, to what happens next
        self.me.tick(self.world.now)
        self.world.drain()

    def measure(self, value):
        self.me.reading(self.world.now, "temp", value)
        self.run(0)

    def put(self, value, name="fan"):
        """Have the other one set an actuator. Gives the code and the text of the answer."""
        request = request_for(coap.PUT, ["actuators", name])
        body = cbor.encode(value)
        answer = ask(self.world, self.ann, self.at_ann, ME, request, body)
        return answer.code, answer.error or ""

    @property
    def fan(self):
        return self.me.peer.actuators["fan"][1]


def act(low, high, seconds, name="fan"):
    return ["act", name, low, high, seconds]


def when(number, value, other=None, side="above", peer=None):
    return ["when", peer, "temp", side, number, "fan", value, other]


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


def test_a_rule_runs_as_long_as_its_agreement():
    one = Object(WHEN)
    one.measure(31)
    one.agree(FIRST, when(28, True))
    assert one.fan is True, "what is measured already counts"
    one.end(FIRST)
    assert one.fan == 0, "put back"
    one.measure(32)
    assert one.fan == 0
    assert one.set == [True, 0]


def test_a_threshold_that_is_changed_by_agreement_acts():
    one = Object(WHEN)
    one.agree(FIRST, when(28, True, False))
    one.measure(27)
    assert one.fan is False
    one.now.pop(FIRST)
    one.agree(NEXT, when(26, True, False))
    assert one.fan is True
    one.measure(25)
    assert one.fan is False
    one.end(NEXT)
    assert one.fan == 0 and one.set == [False, True, False, 0]


def test_a_rule_out_of_bounds_or_about_what_is_not_here_does_nothing():
    one = Object(WHEN)
    one.measure(60)
    for n, term in enumerate(
        (
            when(36, True),
            when(25, 5),
            when(25, "on"),
            ["when", None, "temp", "above", 25, "pump", True, None],
        )
    ):
        one.agree(bytes([n]) * 32, term)
        assert one.set == []


def test_a_rule_by_another_peers_reading():
    one = Object(WHEN)
    one.agree(FIRST, when(28, True, peer=ANN))
    one.measure(35)
    assert one.set == []
    one.me.acting.judge(ANN, "temp", 29)
    one.run(0)
    assert one.fan is True


def test_the_own_rules_decide_where_both_want_something_and_afterwards():
    one = Object(WHEN, rules=[OWN])
    one.agree(FIRST, when(28, True))
    one.measure(45)
    assert one.fan == 9, "the holder's own rule counts after one reading"
    one.end(FIRST)
    assert one.fan == 9, "it is not put back to what was before"
    two = Object(WHEN, rules=[OWN])
    two.measure(41)
    two.agree(FIRST, when(28, True, False))
    assert two.fan is True
    two.end(FIRST)
    assert two.fan == 9
    two.measure(39)
    assert two.fan == 0


def test_a_loan_and_a_rule_of_agreements_go_together():
    one = Object(ACT, WHEN)
    one.agree(FIRST, when(28, True, False))
    one.measure(29)
    one.agree(NEXT, act(0, 10, 60))
    one.put(7)
    one.measure(27)
    assert one.fan == 7, "the rule waits until the loan is over"
    one.run(61_000)
    assert one.fan is False
    one.put(7)
    one.end(FIRST)
    assert one.fan == 7
    one.run(61_000)
    assert one.fan == 0, "what was there before both"


def test_how_often_it_measures_follows_the_shortest_and_goes_back():
    one = Object(EVERY)
    one.agree(FIRST, ["every", "temp", 10, 5])
    one.agree(NEXT, ["every", "temp", 6, 5])
    one.end(NEXT)
    one.agree(b"x" * 32, ["every", "temp", 4, 5], ["every", "damp", 9, 5])
    one.end(FIRST)
    assert one.paces == [{"temp": 10_000}, {"temp": 6000}, {"temp": 10_000}, {}]


def test_what_runs_is_told_at_peer():
    one = Object(ACT, EVERY, WHEN, share={"/actuators/led": "nobody"})
    assert "agreed" not in one.me.peer.more
    one.agree(FIRST, act(0, 10, 60), ["every", "temp", 10, 5], when(50, True))
    assert one.me.peer.more["agreed"] == [
        [FIRST, act(0, 10, 60), None],
        [FIRST, ["every", "temp", 10, 5], None],
    ]
    one.put(5)
    by, value, until = one.me.peer.more["agreed"][0][2]
    assert (by, value, until) == (ANN, 5, (one.world.now + 60_000) // 1000)
    one.run(61_000)
    assert one.me.peer.more["agreed"][0][2] is None
    one.end(FIRST)
    assert "agreed" not in one.me.peer.more


def test_what_is_told_has_a_bound_and_hides_what_is_not_shared():
    hidden = {"/actuators/fan": "nobody"}
    one = Object(ACT, dict(EVERY, who=["ann"]), share=hidden)
    one.agree(FIRST, act(0, 10, 60), ["every", "temp", 10, 5])
    assert [entry[1][0] for entry in one.me.peer.more["agreed"]] == ["every"]
    for n in range(30):
        one.agree(bytes([n]) * 32, ["every", "temp", 10, 5])
    told = one.me.peer.more["agreed"]
    assert len(cbor.encode(told)) <= 1030
    assert len(told) > 10
