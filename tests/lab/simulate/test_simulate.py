"""The simulator: the same seed is the same to the byte, faults are found, and seeds hold."""

import asyncio
import io
import json
import os
import subprocess
import sys

import pytest
from mutants import MUTANTS

from mesh.cli import app as cli
from mesh.lab.simulate import keys, report, runner, scenario, tables
from mesh.lab.simulate.timeline import Broken
from mesh.lab.simulate.world import World

SEEDS = 200
JOBS = 2
MOST = 30  # seeds in which a mutant has to be noticed
PLAY = """
import sys
from mesh.lab.simulate.runner import play
print(play(int(sys.argv[1]), sys.argv[2] == "real", sys.stdout).digest)
"""


async def played(first, count, jobs=1, real=False):
    return [event async for event in runner.many(first, count, jobs, real)]


@pytest.mark.timeout(400)
def test_seeds_hold():
    events = asyncio.run(played(1, SEEDS, JOBS))
    broken = [e for e in events if e["event"] == "broken"]
    told = "\n".join(
        f"mesh simulate --seed {e['seed']}: {e['rule']}: {e['detail']}" for e in broken
    )
    assert not broken, told
    total = events[-1]
    assert (total["event"], total["seeds"]) == ("sum", SEEDS)
    assert total["accepted"] > SEEDS * 20, "hardly anything was told from one to another"
    assert total["answered"] > SEEDS, "hardly anything was asked"


def test_versions_live_together():
    """Peers of a later version are among the others, in test_seeds_hold too."""
    seeds = [seed for seed in range(1, SEEDS) if scenario.draw(seed).later]
    assert len(seeds) > SEEDS / 4
    assert "of a later version" in " ".join(scenario.draw(seeds[0]).words())


@pytest.mark.parametrize(
    ("mutant", "rule", "liar", "first"), MUTANTS, ids=[m[0].__name__ for m in MUTANTS]
)
def test_a_safeguard_that_is_missing_is_noticed(mutant, rule, liar, first, monkeypatch):
    mutant(monkeypatch)
    fitting = [s for s in range(1, SEEDS) if not liar or liar in scenario.draw(s).liars]
    fitting.sort(key=lambda seed: seed != first)
    for seed in fitting[:MOST]:
        outcome = runner.play(seed)
        if outcome.rule == rule:
            assert runner.play(seed) == outcome, "the same seed does the same"
            return
    pytest.fail(f"{MOST} seeds did not notice: {mutant.__doc__}")


def lines(seed, hash_seed, how="quick"):
    environment = os.environ | {"PYTHONHASHSEED": hash_seed}
    command = [sys.executable, "-c", PLAY, str(seed), how]
    return subprocess.run(command, env=environment, capture_output=True, check=True).stdout


def test_one_seed_is_one_log_to_the_byte():
    one = lines(2, "1")
    assert one.count(b"\n") > 1000
    assert one == lines(2, "2"), "something depends on the order of a set"
    assert one != lines(3, "1")


def test_real_signatures():
    outcome = runner.play(1, real=True)
    assert not outcome.rule, outcome.detail
    assert outcome.accepted


def test_a_log_holds_every_step():
    log = io.StringIO()
    outcome = runner.play(1, log=log)
    assert log.getvalue().endswith("\n")
    assert tuple(log.getvalue().splitlines()[-len(outcome.last) :]) == outcome.last


def test_scenarios_differ():
    drawn = [scenario.draw(seed) for seed in range(300)]
    assert {t.kind for s in drawn for t in s.troubles} == {*scenario.TROUBLES, scenario.RESTORED}
    assert {liar for s in drawn for liar in s.liars} == {*scenario.LIARS, scenario.THIEF}
    assert {s.topology for s in drawn} == {"lan", "unicast", "bridge"}
    assert max(s.peers for s in drawn) > 10


def run(arguments, capsys):
    code = cli.run(arguments)
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_the_command(capsys, tmp_path):
    log = tmp_path / "steps"
    code, out, _ = run(["simulate", "--seed", "1", "--log", str(log)], capsys)
    assert code == 0
    assert "every rule, at every step" in out
    assert log.read_text().count("\n") > 1000
    code, out, _ = run(["simulate", "--seeds", "2", "--from", "3"], capsys)
    assert code == 0
    assert "2 of 2 seeds keep every rule" in out


def test_the_command_says_what_is_broken_and_how_to_see_it_again(capsys, monkeypatch):
    monkeypatch.setattr(keys, "_verify", lambda public, signature, data: True)
    code, out, err = run(["simulate", "--seeds", "3", "--json"], capsys)
    assert code == 1
    events = [json.loads(line) for line in out.splitlines()]
    broken = next(e for e in events if e["event"] == "broken")
    assert broken["rule"] == "only what its author signed"
    assert broken["steps"] > 0
    assert f"mesh simulate --seed {broken['seed']}" in err
    code, out, err = run(["simulate", "--seed", str(broken["seed"])], capsys)
    assert code == 1
    assert "only what its author signed" in out
    assert broken["digest"] in out, "the same seed breaks it in the same way"


def test_sizes_that_are_none(capsys):
    code, _, err = run(["simulate", "--report", "ten"], capsys)
    assert code == 2
    assert "no sizes" in err


def test_a_report():
    row = report.measure(8, 1)
    assert row["known_share"] == 1
    assert 0 < row["median_ms"] <= row["p95_ms"] <= row["worst_ms"]
    assert row["bytes_per_peer_s"] > 0


def test_tables_are_where_they_are_looked_for():
    world = World(scenario.draw(1))
    world.hosts[0].boot()
    node = world.hosts[0].node
    tables.Caps(node.limits).check("one", node)
    assert tables.audit("one", node) > 100
    node.serving.left_behind = list(range(5000))
    if world.hosts[0].kind == "board":
        with pytest.raises(Broken, match="left_behind"):
            tables.audit("one", node)
