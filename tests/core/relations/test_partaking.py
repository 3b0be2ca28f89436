"""The part of a node that takes part in agreements: what it takes, says, and lets run."""

from forming import Forming, Noted, lie, write
from helpers import raises
from world import make_identity

from mesh.core.errors import LocalError
from mesh.core.feed.chain import genesis, make_entry, next_link, seal_head
from mesh.core.feed.feed import Fork
from mesh.core.relations import mark as marks
from mesh.core.relations.agreements import IN_FORCE, OPEN
from mesh.core.relations.mark import LEAVE, NO, OBJECT, YES
from mesh.core.replication.resume import leap


def test_a_circle_forms_and_an_agreement_runs_at_those_who_accepted_it():
    forming = Forming(3)
    noted = Noted()
    forming.parts[1].serve(effects=noted)
    _, version = forming.circle([0, 1, 2])
    for n in range(3):
        assert forming.state(n, version) == IN_FORCE, n
    aim = forming.offer(0, within=version, text="the fan runs from 28 degrees")
    forming.run()
    assert [forming.state(n, aim) for n in range(3)] == [OPEN] * 3
    forming.say(1, aim)
    forming.say(0, aim)
    forming.run()
    assert [forming.state(n, aim) for n in range(3)] == [IN_FORCE] * 3
    assert [aim in forming.running(n) for n in range(3)] == [True, True, False]
    assert aim in noted.told[-1]
    forming.say(1, version, LEAVE)
    forming.run()
    assert aim not in forming.running(1), "who leaves is bound by nothing"
    assert aim not in noted.told[-1]
    assert aim in forming.running(0)


def test_what_has_an_end_ends_by_each_ones_own_clock():
    forming = Forming(2)
    noted = Noted()
    forming.parts[1].serve(effects=noted)
    aim = forming.offer(0, text="a fan", parties=[forming.ids[1]], span=[0, 60])
    forming.run()
    forming.say(1, aim)
    forming.run(1000)
    assert noted.told[-1] == [aim]
    forming.run(58_000)
    assert noted.told[-1] == [aim]
    forming.run(3000)
    assert noted.told[-1] == []
    assert forming.state(1, aim) == IN_FORCE, "that is a matter of facts alone"
    assert forming.running(0) == []


def test_nothing_is_said_that_would_be_a_lie():
    forming = Forming(3)
    _, version = forming.circle([0, 1, 2])
    one = forming.offer(0, within=version, text="from 28 degrees")
    forming.run()
    forming.say(1, one)
    raises(LocalError, forming.say, 1, one, NO)
    forming.run()
    raises(LocalError, forming.say, 1, one, YES)
    raises(LocalError, forming.say, 1, bytes(32), YES)
    rivals = [forming.offer(n, within=version, after=one, text=f"{n}") for n in (0, 2)]
    forming.run()
    forming.say(1, rivals[0])
    forming.run()
    raises(LocalError, forming.say, 1, rivals[1], YES)
    forming.say(1, rivals[1], NO)
    forming.run()
    assert forming.parts[0].agreements.doubles() == 0


class Consent:
    """Says yes to all, after a time, and counts how often it is asked."""

    def __init__(self, wait_s=0, answer=YES):
        self.wait_s, self.answer = wait_s, answer
        self.asked = []

    def decide(self, agreements, ref, waited_s):
        self.asked.append(ref)
        if agreements.said(ref, OBJECT):
            return None
        return (self.answer, "", None) if waited_s >= self.wait_s else self.wait_s - waited_s


def test_who_was_given_consent_answers_by_itself_after_its_time():
    forming = Forming(2)
    forming.parts[1].serve(consents=Consent(30))
    aim = forming.offer(0, text="a fan", parties=[forming.ids[1]])
    forming.run(25_000)
    assert forming.state(0, aim) == OPEN
    forming.run(15_000)
    assert forming.state(0, aim) == IN_FORCE
    other = forming.offer(0, text="another", parties=[forming.ids[1]])
    forming.run(5000)
    write(forming, 0, marks.NAME, marks.make(other, OBJECT, "it is loud"))
    forming.run(60_000)
    assert forming.state(0, other) == OPEN, "somebody objects"


def test_who_cannot_write_yet_answers_once_it_can():
    forming = Forming(2)
    forming.parts[1].serve(consents=Consent())
    own = forming.nodes[1].peer.feeds.own
    own.hush(True)
    aim = forming.offer(0, text="a fan", parties=[forming.ids[1]])
    forming.run(5000)
    assert forming.state(0, aim) == OPEN
    own.hush(False)
    forming.run(5000)
    assert forming.state(0, aim) == IN_FORCE, "nobody had to say anything more"


def test_without_consent_and_effects_nothing_is_answered():
    forming = Forming(2)
    aim = forming.offer(0, text="a fan", parties=[forming.ids[1]])
    forming.run(60_000)
    assert forming.state(1, aim) == OPEN
    assert forming.nodes[1].peer.feeds.own.next_seq == 1


def test_a_restart_forgets_nothing_and_takes_nothing_twice():
    forming = Forming(3)
    _, version = forming.circle([0, 1, 2])
    aim = forming.offer(0, within=version, text="no fan", span=[0, 600])
    request = forming.offer(0, text="a fan", parties=[forming.ids[1]], span=[0, 60])
    forming.run()
    forming.say(1, aim)
    forming.say(0, aim)
    forming.say(1, request)
    forming.run(70_000)
    assert forming.running(1) == sorted([version, aim]), "the request is over"
    kept = forming.nodes[1].peer.kit.encode(forming.parts[1].kept())
    own = forming.nodes[1].peer.feeds.own
    entries = own.behind(0)
    forming.world.remove(forming.addresses[1])

    def resumed(node):
        node.peer.feeds.own.resume(1, own.before, entries)

    restored = forming.nodes[1].peer.kit.decode(kept)
    forming.join(1, boots=2, kept=restored, first=resumed)
    assert not forming.parts[1].recalling
    forming.run()
    assert aim in forming.running(1)
    assert request not in forming.running(1), "a request of the past is over"
    forming.run(600_000)
    assert aim not in forming.running(1)


def test_who_lost_its_memory_asks_for_its_own_past_before_it_says_anything():
    forming = Forming(3)
    _, version = forming.circle([0, 1, 2])
    aim = forming.offer(0, within=version, text="no fan")
    old = forming.offer(0, text="a fan", parties=[forming.ids[1]], span=[0, 3600])
    forming.run()
    forming.say(1, aim)
    forming.say(1, old)
    forming.run()
    forming.world.remove(forming.addresses[1])
    _, part = forming.join(1, boots=2, first=lambda node: None)
    assert part.recalling
    raises(LocalError, forming.say, 1, aim, NO)
    forming.run(30_000)
    assert not part.recalling
    assert forming.ids[1] in part.agreements.said(aim, YES)
    assert old not in forming.running(1), "it was accepted in a former start, nobody knows when"
    raises(LocalError, forming.say, 1, aim, NO)
    assert forming.state(1, version) == IN_FORCE


def test_an_older_memory_is_no_proof_of_what_was_said_since():
    forming = Forming(3)
    _, version = forming.circle([0, 1, 2])
    aim = forming.offer(0, within=version, text="no fan")
    forming.run()
    kept = forming.nodes[1].peer.kit.encode(forming.parts[1].kept())
    forming.say(1, aim)
    forming.run()
    forming.world.remove(forming.addresses[1])
    restored = forming.nodes[1].peer.kit.decode(kept)
    _, part = forming.join(1, boots=2, kept=restored, first=lambda node: None)
    raises(LocalError, forming.say, 1, aim, NO)
    forming.run(30_000)
    assert not part.recalling
    assert forming.ids[1] in part.agreements.said(aim, YES)
    raises(LocalError, forming.say, 1, aim, NO)


def test_a_feed_that_goes_on_elsewhere_amid_a_start_is_asked_for():
    forming = Forming(3)
    _, version = forming.circle([0, 1, 2])
    node, part = forming.nodes[1], forming.parts[1]
    leap(node.peer.kit, node.peer.feeds.own, 3, node.peer.feeds.own.next_seq)
    forming.world.drain()
    node.acting.append(forming.world.now, "x-note", 1)
    node.tick(forming.world.now)
    forming.run(10)
    assert part.recalling
    forming.run(30_000)
    assert not part.recalling
    assert forming.state(1, version) == IN_FORCE


def test_proof_of_two_histories_makes_a_double():
    forming = Forming(3)
    _, version = forming.circle([0, 1, 2])
    kit, liar = forming.nodes[0].peer.kit, forming.nodes[2]
    link = genesis(kit, liar.peer.id)
    entry = make_entry(kit, 1, [0, 1, 0, None], "x-note", "another history")
    head = seal_head(make_identity(3), 1, next_link(kit, link, entry))
    raises(
        Fork,
        forming.nodes[0].peer.feeds.accept,
        forming.world.now,
        [liar.peer.id, 1, link, [entry], head],
    )
    forming.run()
    for n in (0, 1):
        assert forming.parts[n].agreements.forkers() == [forming.ids[2]], n
    kept = forming.parts[0].kept()
    assert kept[0][3] != bytes(len(kept[0][3])), "and that is remembered"
    assert forming.state(0, version) == IN_FORCE


def test_who_says_yes_and_no_counts_as_yes():
    forming = Forming(3)
    _, version = forming.circle([0, 1, 2])
    one, other = [forming.offer(n, within=version, text=f"from {n} degrees") for n in (0, 1)]
    forming.run()
    lie(forming, 2, one, YES)
    lie(forming, 2, one, NO)
    forming.run()
    assert forming.parts[0].agreements.doubles()
    assert forming.state(0, one) == OPEN
    forming.say(0, one)
    forming.run()
    assert forming.state(0, one) == IN_FORCE
    assert other not in forming.running(0)
