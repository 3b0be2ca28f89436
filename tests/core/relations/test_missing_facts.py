"""What a peer that forms agreements lacks, it asks others for."""

from forming import Forming, write

from mesh.core.relations import pact as pacts
from mesh.core.relations.agreements import IN_FORCE, OPEN
from mesh.core.relations.weighing import state_of


def test_who_comes_late_needs_no_history_of_its_own():
    forming = Forming(3, tail=64)
    _, version = forming.circle([0, 1])
    for n in range(40):
        forming.nodes[0].acting.append(forming.world.now, "x-note", n)
    forming.run(20_000)
    members = forming.ids
    founding = forming.parts[0].agreements.pacts[version].within
    state = state_of(forming.nodes[0].peer.kit, founding, members, 2)
    third = forming.offer(0, within=version, after=version, add=[members[2]], need=2, state=state)
    forming.run()
    forming.say(0, third)
    forming.say(1, third)
    forming.run(30_000)
    assert forming.state(2, third) == OPEN, "only its own yes is lacking"
    forming.say(2, third)
    forming.run()
    assert [forming.state(n, third) for n in range(3)] == [IN_FORCE] * 3


def test_what_is_said_while_it_was_away_is_asked_for():
    forming = Forming(3, foreign_tail=4)
    _, version = forming.circle([0, 1, 2])
    kept = forming.parts[2].kept()
    own = forming.nodes[2].peer.feeds.own
    forming.world.remove(forming.addresses[2])
    aim = forming.offer(0, within=version, text="no fan")
    forming.run()
    forming.say(1, aim)
    forming.say(0, aim)
    for n in range(50):
        for of in (0, 1):
            forming.nodes[of].acting.append(forming.world.now, "x-note", n)
        forming.run(300)
    _, part = forming.join(
        2, boots=2, kept=kept, first=lambda node: node.peer.feeds.own.resume(
            1, own.before, own.behind(0)
        ),
    )  # fmt: skip
    forming.run(30_000)
    assert forming.state(2, aim) == IN_FORCE
    assert part.gaps() == []


def test_what_nobody_has_is_asked_for_more_and_more_seldom_and_what_is_new_at_once():
    forming = Forming(2)
    asked = []
    lose = forming.world.lose

    def seen(source, target, data):
        if source == forming.addresses[1] and b"\xb9relations" in data:
            asked.append(forming.world.now)
        return lose(source, target, data)

    forming.world.lose = seen
    nowhere = bytes([7]) * 32
    write(forming, 0, pacts.NAME, pacts.make(text="x", parties=[forming.ids[1]], after=nowhere))
    forming.run(600_000)
    early = len(asked)
    assert 4 < early < 14, asked
    forming.run(3_600_000)
    assert len(asked) < early + 4, asked
    before = len(asked)
    write(forming, 0, pacts.NAME, pacts.make(text="y", parties=[forming.ids[1]], after=bytes(32)))
    forming.run(20_000)
    assert len(asked) > before
