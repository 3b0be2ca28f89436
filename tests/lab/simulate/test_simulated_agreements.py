"""The simulator plays agreements on whole nodes, and notices a rule of them with a part missing.

Long: mesh simulate --seeds 10000; in a tenth of the seeds agreements are made.
"""

import pytest
from relation_mutants import MUTANTS

from mesh.core.relations import mark, pact
from mesh.lab.simulate import accord, scenario
from mesh.lab.simulate.known_facts import FORK
from mesh.lab.simulate.timeline import Broken
from mesh.lab.simulate.world import World

SEEDS = 400
MOST = 40  # seeds in which a mutant has to be noticed, besides the one that showed it
PLAYED = (17, 60, 110)  # all of the first 200 are in test_seeds_hold


def relating():
    return [seed for seed in range(1, SEEDS) if scenario.draw(seed).relating]


def test_agreements_are_made_in_a_part_of_the_scenarios():
    drawn = [scenario.draw(seed) for seed in relating()]
    assert len(drawn) > SEEDS / 15
    assert {one for s in drawn for one in s.tongues} == set(scenario.TONGUES)
    assert "make agreements" in " ".join(drawn[0].words())


def test_much_is_said_and_agreed_on():
    facts = held = ran = 0
    for seed in PLAYED:
        world = World(scenario.draw(seed))
        outcome = world.run()
        assert not outcome.rule, f"mesh simulate --seed {seed}: {outcome.detail}"
        facts += len(world.ground.accord.facts)
        held += world.ground.accord.held
        ran += world.ground.accord.ran
    assert facts > 300
    assert held > 20, "hardly anything was agreed on"
    assert ran > 200, "hardly anybody acted by it"


@pytest.mark.parametrize(
    ("mutant", "rule", "said", "first"), MUTANTS, ids=[m[0].__name__ for m in MUTANTS]
)
def test_a_part_of_the_rule_that_is_missing_is_noticed(mutant, rule, said, first, monkeypatch):
    mutant(monkeypatch)
    for seed in [first, *range(1, MOST)]:
        outcome = World(scenario.agreeing(scenario.draw(seed))).run()
        if outcome.rule == rule and said in outcome.detail:
            return
    pytest.fail(f"{MOST} seeds did not notice: {mutant.__doc__}")


def ended():
    world = World(scenario.draw(17))
    assert not world.run().rule
    host = world.hosts[0]
    return world, host, host.relating


def test_who_claims_more_than_all_said_is_noticed():
    world, host, part = ended()
    made = world.ground.accord
    yes = next(f for f in part.notes.facts.values() if f.what == mark.NAME)
    assert made.full.holds(b"?" * 32) is False
    part.agreements._holding[yes.ref] = True
    made.full._holding[yes.ref] = False
    with pytest.raises(Broken, match=accord.LESS):
        made.look(host, part, world.timeline.now)


def test_voices_are_counted_by_the_words_alone():
    _, _, part = ended()
    held = [
        ref
        for ref, one in part.agreements.pacts.items()
        if one.within is not None and part.agreements.holds(ref)
    ]
    words = [f for f in part.notes.facts.values() if f.what in (pact.NAME, FORK)]
    assert held
    for ref in held:
        accord.check_voices("all", part.agreements, list(part.notes.facts.values()), ref)
        with pytest.raises(Broken, match=accord.VOICES):
            accord.check_voices("none", part.agreements, words, ref)
