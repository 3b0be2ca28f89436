"""The part of a node that takes part in agreements: what it takes, says, and lets run."""

from forming import Forming, Noted

from mesh.core.relations.agreements import IN_FORCE, OPEN


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
