"""A peer that is asked answers by itself, and does what was agreed, over the pretend network."""

from forming import Forming, write
from two_nodes import ask

from mesh.core import codes
from mesh.core.coap import message as coap
from mesh.core.codec import cbor
from mesh.core.relations import mark as marks
from mesh.core.relations import pact as pacts
from mesh.core.relations.agreements import IN_FORCE, OPEN, REFUSED
from mesh.core.relations.mark import LEAVE, NO, OBJECT, YES
from mesh.core.resources.granted import apply
from mesh.core.security.signed_client import request_for

ACT = {"who": "*", "term": "act", "on": "fan", "low": 0, "high": 10, "seconds": 600}
AT_ONCE = dict(ACT, answer="yes")


class Asked(Forming):
    """Forming whose first peer has a fan and rows of `consent`."""

    rows = ()

    def __init__(self, count, *rows, **limits):
        self.rows = rows
        super().__init__(count, **limits)

    def settings(self, n):
        settings = super().settings(n)
        if n == 0:
            more = {"actuators": {"fan": {}}, "sensors": {"temp": {}}, "consent": list(self.rows)}
            settings.update(more)
        return settings

    def begun(self, n, node, part):
        if n == 0:
            node.add_actuator("fan", lambda value: None, 0)
            node.add_sensor("temp", "Cel")
            apply(node, part)

    def request(self, n, low, high, seconds, name="fan"):
        """Have a peer ask for it. Gives the ref."""
        terms = [["act", name, low, high, seconds]]
        ref = self.offer(n, terms=terms, parties=[self.ids[0]], span=[0, seconds])
        self.run()
        return ref

    def put(self, n, value):
        node, address = self.nodes[n], self.addresses[n]
        request = request_for(coap.PUT, ["actuators", "fan"])
        return ask(self.world, node, address, self.ids[0], request, cbor.encode(value)).code

    @property
    def fan(self):
        return self.nodes[0].peer.actuators["fan"][1]

    def said(self, ref, word):
        """Who said a word, as the second peer sees it."""
        return self.parts[1].agreements.said(ref, word)


def test_asked_set_and_put_back_when_its_time_is_over():
    there = Asked(2, AT_ONCE)
    there.run()
    assert "agreements" in there.nodes[0].peer.more["features"]
    assert there.put(1, 5) == codes.FORBIDDEN
    ref = there.request(1, 5, 5, 60)
    assert there.state(1, ref) == IN_FORCE and there.state(0, ref) == IN_FORCE
    assert there.put(1, 6) == codes.FORBIDDEN
    assert there.put(1, 5) == codes.CHANGED
    assert there.fan == 5
    there.run(70_000)
    assert there.fan == 0
    assert there.put(1, 5) == codes.FORBIDDEN, "a request is for once"


def test_refused_after_leaving_and_put_back_at_once():
    there = Asked(2, AT_ONCE)
    there.run()
    ref = there.request(1, 0, 10, 600)
    assert there.put(1, 5) == codes.CHANGED
    there.say(1, ref, LEAVE)
    there.run()
    assert there.fan == 0
    assert there.put(1, 5) == codes.FORBIDDEN
    other = there.request(1, 1, 9, 600)
    assert there.put(1, 5) == codes.CHANGED
    there.say(0, other, LEAVE)
    there.run(1000)
    assert there.fan == 0, "the object itself may leave, too"
    assert there.put(1, 5) == codes.FORBIDDEN


def test_a_counter_offer_holds_by_the_yes_of_who_asked():
    there = Asked(2, AT_ONCE)
    there.run()
    ref = there.request(1, 20, 20, 3600)
    assert there.state(1, ref) == REFUSED
    agreements = there.parts[1].agreements
    (mine,) = [one for one in agreements.pacts if agreements.authors[one] == there.ids[0]]
    pact = agreements.pacts[mine]
    assert (pact.toward, pact.parties) == (ref, [there.ids[1]])
    assert (pact.terms, pact.end_s) == ([["act", "fan", 10, 10, 600]], 600)
    assert there.put(1, 10) == codes.FORBIDDEN
    there.say(1, mine)
    there.run()
    assert there.put(1, 10) == codes.CHANGED


def test_what_it_may_not_agree_to_is_answered_with_a_no():
    there = Asked(2)
    there.run()
    for name in ("fan", "pump"):
        ref = there.request(1, 1, 1, 60, name)
        assert there.said(ref, NO) == [there.ids[0]], name


def test_it_says_yes_after_a_while_unless_somebody_objects():
    rows = {"who": "*", "term": "text", "answer": "after", "after_s": 60}
    there = Asked(3, rows)
    there.run()
    _, version = there.circle([0, 1, 2])
    quiet = there.offer(1, within=version, text="no fan at night")
    loud = there.offer(1, within=version, text="the fan runs all day")
    there.run(20_000)
    write(there, 2, marks.NAME, marks.make(loud, OBJECT, "it is loud"))
    assert there.ids[0] not in there.said(quiet, YES), "it waits"
    there.run(80_000)
    assert there.ids[0] in there.said(quiet, YES)
    assert there.ids[0] not in there.said(loud, YES) + there.said(loud, NO)
    there.say(2, loud)
    there.run(20_000)
    assert there.ids[0] in there.said(loud, YES), "who objected said yes"


def test_who_asks_without_end_gets_few_answers_and_others_get_theirs():
    there = Asked(3, AT_ONCE)
    there.run()
    feed = there.nodes[0].peer.feeds.own
    before = feed.next_seq
    for n in range(60):
        body = pacts.make(terms=[["act", "fan", 20, 20, 60 + n]], parties=[there.ids[0]])
        write(there, 1, pacts.NAME, body)
        there.run(500)
    assert feed.next_seq - before <= 20, "answers are bounded, as each is in the own feed"
    agreements = there.parts[0].agreements
    mine = [ref for ref in agreements.pacts if agreements.authors[ref] == there.ids[0]]
    assert len(mine) == 1, "one counter-offer at a time to one peer"
    ref = there.request(2, 5, 5, 600)
    there.run(120_000)
    assert there.parts[2].agreements.said(ref, YES) == [there.ids[0]]
    assert there.put(2, 5) == codes.CHANGED


def test_an_open_one_is_no_permission():
    there = Asked(2, ACT)
    there.run()
    ref = there.request(1, 5, 5, 60)
    assert there.state(0, ref) == REFUSED, "no row answers it, so it says no"
    assert there.put(1, 5) == codes.FORBIDDEN
    _, version = there.circle([0, 1])
    ref = there.offer(1, within=version, terms=[["act", "fan", 5, 5, 60]])
    there.run()
    assert there.state(0, ref) == OPEN, "its holder may answer that"
    assert there.put(1, 5) == codes.FORBIDDEN
    there.say(1, ref)
    there.say(0, ref)
    there.run()
    assert there.put(1, 5) == codes.CHANGED, "the row bounds what its holder accepted"


def test_what_others_put_in_force_binds_only_who_said_yes_itself():
    there = Asked(3, ACT)
    there.run()
    _, version = there.circle([0, 1, 2])
    ref = there.offer(1, within=version, terms=[["act", "fan", 0, 5, 60]])
    there.run()
    for n in (1, 2):
        there.say(n, ref)
    there.run()
    assert there.state(0, ref) == IN_FORCE
    assert there.put(1, 5) == codes.FORBIDDEN, "the object itself did not accept it"
    there.say(0, ref)
    there.run()
    assert there.put(2, 5) == codes.CHANGED, "all other members may"
    there.say(2, version, LEAVE)
    there.run()
    assert there.put(2, 4) == codes.FORBIDDEN, "who left the circle is out"
    assert there.put(1, 4) == codes.CHANGED
    there.say(0, ref, LEAVE)
    there.run(1000)
    assert there.put(1, 5) == codes.FORBIDDEN
    assert there.fan == 0
