"""`mesh trial`, agreements with single peers, terms, and leaving: homes passed on by hand."""

import asyncio
import json

import pytest
from commands import LIMIT_S, make_home, mesh, running
from party import GOAL, Party, in_circle

from mesh.cli import app as cli
from mesh.cli.commands import agreement, try_out
from mesh.core import peer_id as ids
from mesh.hub.failure import NotFound

RULE = "bob/temperature above 28 set fan to 1 else 0"
SAID = "when the temperature of bob is above 28, set fan to 1, else 0"


pytestmark = pytest.mark.usefixtures("no_wait")


@pytest.fixture
def two(tmp_path):
    """Three who know each other, and are in no circle."""
    made = Party(tmp_path, ("ann", "bob", "cat"))
    for name in made.homes:
        made.do(name, "promise", "answer", "5")
    made.meet()
    return made


@pytest.fixture
def later(monkeypatch):
    """Sets by how many seconds the clock that trials are looked at is ahead."""
    ahead = [0.0]
    now = try_out.now_ms
    for command in (try_out, agreement):
        monkeypatch.setattr(command, "now_ms", lambda: now() + int(1000 * ahead[0]))

    def go(seconds):
        ahead[0] = seconds

    return go


def stands(party, name):
    return {row["text"]: (row["stands"], row["left_s"]) for row in party.do(name, "trial")}


def test_trials_run_in_parallel_and_end_by_the_clock_here(tmp_path, later, capsys):
    party = in_circle(tmp_path)
    fan = party.short("ann", "trial", "propose", GOAL, "fan", "--for", "7d", "--when", RULE)
    water = party.short("bob", "trial", "propose", GOAL, "water", "--for", "2h")
    party.meet()
    assert stands(party, "cat") == {"fan": ("open", None), "water": ("open", None)}
    party.do("cat", "trial", "yes", fan)
    party.do("cat", "trial", "yes", water)
    party.meet()
    (row,) = [row for row in party.do("cat", "trial") if row["text"] == "fan"]
    assert (row["terms"], row["state"], row["stands"]) == ([SAID], "in force", "runs here")
    assert 604_700 < row["left_s"] <= 604_800
    assert stands(party, "ann")["water"][0] == "without us", "ann said nothing of it"
    assert party.state("ann", fan) == party.state("ann", water) == "in force", "no rivals"

    later(3 * 3600)
    assert stands(party, "cat")["water"] == ("over", 0.0)
    assert stands(party, "cat")["fan"][0] == "runs here"
    rows = party.do("cat", "agreement", "list")
    assert [row["text"] for row in rows] == ["fan"], "what is over is not shown"
    rows = party.do("cat", "agreement", "list", "--all")
    assert ("water", "over") in {(row["text"], row["state"]) for row in rows}
    home = str(party.homes["cat"].path)
    assert cli.run(["trial", "--home", home]) == 0
    out = capsys.readouterr().out
    assert "runs here" in out
    assert "6 d 2" in out
    assert out.index("runs here") < out.index("over")
    assert cli.run(["agreement", "show", fan, "--home", home]) == 0
    assert "left by the clock here" in capsys.readouterr().out

    party.do("cat", "trial", "leave", fan)
    assert stands(party, "cat")["fan"][0] == "left"
    assert "we left it already" in party.refused("cat", "trial", "leave", fan)
    party.meet()
    assert stands(party, "ann")["fan"][0] == "runs here", "the others go on"
    later(8 * 86_400)
    assert stands(party, "ann")["fan"] == ("over", 0.0)


def test_an_agreement_with_single_peers_needs_each_of_them(two, capsys):
    act = (
        "--act",
        "fan",
        "-1",
        "1",
        "10m",
        "--every",
        "temperature",
        "60",
        "--every",
        "soil",
        "5m",
    )
    ref = two.short("ann", "agreement", "propose", "--with", "bob,cat", "by hand", *act)
    two.meet()
    (row,) = two.do("bob", "agreement")
    assert (row["with"], row["circle"], row["need"], row["of"]) == (["bob", "cat"], None, 2, 2)
    assert (row["counted"], row["yes"]) == (0, ["ann"])
    assert row["terms"] == [
        "a reading of temperature at least every 60 s (or 10 % later)",
        "a reading of soil at least every 5 min (or 10 % later)",
        "to let fan be set from -1 to 1, for at most 10 min a time",
    ]
    two.do("bob", "agreement", "yes", ref)
    two.meet()
    assert two.state("ann", ref) == "open"
    two.do("cat", "agreement", "yes", ref)
    two.meet()
    assert [two.state(name, ref) for name in two.homes] == ["in force"] * 3
    home = str(two.homes["cat"].path)
    assert cli.run(["agreement", "--home", home]) == 0
    assert "ann with bob, cat" in capsys.readouterr().out
    assert cli.run(["agreement", "show", ref, "--home", home]) == 0
    assert "with      ann with bob, cat" in capsys.readouterr().out

    less = two.short("ann", "agreement", "propose", "--with", "bob", "--with", "cat",
                     "by night", "--instead", ref)  # fmt: skip
    two.meet()
    for name in ("bob", "cat"):
        two.do(name, "agreement", "yes", less)
    two.meet()
    assert (two.state("bob", ref), two.state("bob", less)) == ("replaced", "in force")
    what = two.refused("ann", "agreement", "propose", "--with", "bob", "x", "--instead", less)
    assert "is between others: ann, bob, cat" in what
    two.do("bob", "agreement", "leave", less)
    assert two.do("bob", "agreement", "show", less)["left"] == ["bob"]


def test_a_trial_with_one_peer(two):
    ref = two.short("ann", "trial", "propose", "--with", "bob", "--for", "10m", "--when", RULE)
    two.meet()
    assert two.do("cat", "trial") == [], "it is between ann and bob"
    assert "not between us" in two.refused("cat", "trial", "yes", ref)
    assert "no yes to it" in two.refused("bob", "trial", "leave", ref)
    two.do("bob", "trial", "yes", ref)
    two.meet()
    assert stands(two, "ann")[""][0] == "runs here"
    other = two.short("ann", "trial", "propose", "--with", "bob", "--for", "1h", "a second one")
    two.meet()
    two.do("bob", "trial", "no", other, "one is enough")
    two.meet()
    assert stands(two, "ann")["a second one"] == ("refused", None)


def test_what_cannot_be_proposed_is_told(two):
    mine = ids.to_text(two.ids["ann"])
    plain = two.short("ann", "agreement", "propose", "--with", "bob", "no end")
    for words, told in (
        (("trial", "propose", "--with", "bob", "x"), "for how long is it"),
        (("trial", "propose", "--for", "1h"), "between whom is it to be"),
        (("trial", "propose", "--with", "bob", "--for", "1h"), "it says nothing"),
        (("trial", "propose", "--with", "bob", "--for", "long", "x"), "is no span of time"),
        (("trial", "propose", "--with", "bob", "--for", "2y", "x"), "is more than a year"),
        (("trial", "propose", "--with", mine, "--for", "1h", "x"), "we are in it already"),
        (("trial", "propose", "--with", "bob,bob", "--for", "1h", "x"), "named twice"),
        (("trial", "propose", "--with", ",", "--for", "1h", "x"), "is with 1 to 32 others"),
        (("agreement", "propose", "a", "b", "--with", "bob"), "one text too many"),
        (("agreement", "propose", "--with", "bob", "--when", "x"), "is no rule"),
        (
            ("agreement", "propose", "--with", "bob", "--act", "fan", "2", "1", "60"),
            "is more than",
        ),
        (("agreement", "propose", "--with", "bob", "x" * 161), "the text has 161 bytes"),
        (("trial", "sing"), "is no word of trials"),
    ):
        assert told in two.refused("ann", *words), words
    with pytest.raises(NotFound, match="no trial"):
        two.do("ann", "trial", "leave", plain)
    two.do("ann", "circle", "found", GOAL)
    invited = two.short("ann", "circle", "invite", GOAL, "bob")
    assert "change of a circle" in two.refused("ann", "agreement", "leave", invited)


def test_two_running_peers_try_something_out(tmp_path):
    """`mesh up` twice; what one proposes comes to the other over the network."""

    async def said(home, *words):
        code, out, err = await mesh(*words, "--home", home.path, "--json")
        assert code == 0, err
        return json.loads(out)

    async def until_it_is_there(home, wanted):
        async with asyncio.timeout(LIMIT_S):
            while not (rows := [r for r in await said(home, "trial") if wanted(r)]):  # noqa: ASYNC110 - of another process
                await asyncio.sleep(0.2)
        return rows[0]

    async def scenario():
        ann, bob = (make_home(tmp_path / name) for name in ("ann", "bob"))
        async with running(bob) as (_, told):
            with ann.settings_file.open("a") as file:
                file.write(f'[[peers]]\naddress = "{told["addresses"][0]}"\nid = "{told["id"]}"\n')
            async with running(ann) as (_, mine):
                await mesh("read", told["id"], "--home", ann.path)
                words = ("trial", "propose", "--with", told["id"], "--for", "1h", "quiet")
                row = await said(ann, *words)
                assert row["did"] == "proposed"
                seen = await until_it_is_there(bob, lambda row: row["stands"] == "open")
                await said(bob, "trial", "yes", seen["ref"][:8])
                seen = await until_it_is_there(ann, lambda row: row["stands"] == "runs here")
                assert 3500 < seen["left_s"] <= 3600
                shown = await said(ann, "show", told["id"])
                assert [one["said"] for one in shown["agreements"]] == ["said yes"]
                shown = await said(bob, "show", mine["id"])
                assert [one["text"] for one in shown["agreements"]] == ["quiet"]

    asyncio.run(scenario())
