"""`mesh circle` and `mesh agreement`: three homes whose stores are passed on by hand."""

import pytest
from party import GOAL, in_circle

from mesh.cli import app as cli
from mesh.core import peer_id as ids
from mesh.core.relations.mark import YES
from mesh.hub.failure import NotFound

pytestmark = pytest.mark.usefixtures("no_wait")


@pytest.fixture
def party(tmp_path):
    """Three who are in a circle."""
    return in_circle(tmp_path)


def test_a_circle_decides_and_all_compute_the_same(party):
    for name in party.homes:
        (row,) = party.do(name, "circle", "list")
        assert (row["goal"], row["members"], row["need"]) == (GOAL, ["ann", "bob", "cat"], 2)
        assert (row["we"], row["disputed"]) == ("member", False)
    fan = party.short("ann", "agreement", "propose", GOAL, "the fan runs from 28 degrees")
    heat = party.short("bob", "agreement", "propose", GOAL, "the heating is on", "--for", "7d")
    party.meet()
    assert [party.state(name, fan) for name in party.homes] == ["open"] * 3
    party.do("bob", "agreement", "object", fan, "it is loud")
    party.do("cat", "agreement", "yes", fan)
    party.do("ann", "agreement", "no", heat, "too dear")
    party.do("cat", "agreement", "no", heat)
    party.meet()
    assert [party.state(name, fan) for name in party.homes] == ["in force"] * 3
    assert [party.state(name, heat) for name in party.homes] == ["refused"] * 3
    row = party.do("cat", "agreement", "show", fan)
    assert (row["yes"], row["no"], row["by"]) == (["ann", "cat"], [], "ann")
    assert [(one["peer"], one["word"], one["text"]) for one in row["words"]] == [
        ("bob", "objects", "it is loud")
    ]
    assert [one["ref"][:8] for one in party.do("ann", "agreement", "list")] == [fan]
    less = party.short(
        "cat", "agreement", "propose", GOAL, "the fan runs from 26 degrees", "--instead", fan
    )
    party.meet()
    party.do("bob", "agreement", "yes", less)
    party.meet()
    assert (party.state("ann", fan), party.state("ann", less)) == ("replaced", "in force")

    # who leaves is let go by those who remain
    party.do("cat", "circle", "leave", GOAL)
    party.meet()
    assert "no member" in party.refused("cat", "agreement", "propose", GOAL, "still here")
    let_go = party.short("ann", "circle", "release", GOAL)
    party.meet()
    assert party.state("bob", let_go) == "open"
    assert let_go in [row["ref"][:8] for row in party.do("cat", "agreement", "list")]
    party.do("bob", "agreement", "yes", let_go)
    party.meet()
    (row,) = party.do("bob", "circle", "list")
    assert (row["members"], row["need"]) == (["ann", "bob"], 2)
    assert party.do("cat", "circle", "list") == []
    assert len(party.do("cat", "circle", "list", "--all")) == 1


def test_what_would_be_a_lie_is_not_said(party):
    one = party.short("ann", "circle", "invite", GOAL, ids.to_text(bytes([7]) * 32))
    party.meet()
    assert "we said yes to it" in party.refused("ann", "agreement", "no", one)
    assert "already" in party.refused("ann", "agreement", "yes", one)
    other = party.short("bob", "circle", "invite", GOAL, ids.to_text(bytes([8]) * 32))
    party.meet()
    assert "wants the same place" in party.refused("ann", "agreement", "yes", other)
    party.do("cat", "agreement", "no", one)
    assert "we said no to it" in party.refused("cat", "agreement", "yes", one)
    assert "nobody has asked us in" in party.refused("cat", "circle", "join", GOAL)
    assert party.do("cat", "circle", "leave", GOAL)["did"] == "left"
    assert party.do("ann", "circle", "leave", GOAL)["ref"][:8] == one, "by what it is bound to"
    for words in (
        ("circle", "found"), ("circle", "sing", "x"), ("agreement", "propose", GOAL),
        ("circle", "invite", GOAL, "ann"), ("circle", "release", GOAL),
        ("circle", "invite", GOAL, ids.to_text(bytes([9]) * 32), "--need", "2"),
        ("agreement", "say", one, "x" * 161),
    ):  # fmt: skip
        assert party.refused("bob", *words), words
    with pytest.raises(NotFound, match="no circle 'another'"):
        party.do("bob", "circle", "leave", "another")
    with pytest.raises(NotFound, match="no agreement 'zzzz'"):
        party.do("bob", "agreement", "yes", "zzzz")


def test_a_dispute_names_who_lied(party, capsys):
    first = party.do("ann", "agreement", "propose", GOAL, "28")["ref"]
    party.meet()
    party.do("bob", "agreement", "yes", first[:8])
    party.meet()
    left = party.do("ann", "agreement", "propose", GOAL, "27", "--instead", first[:8])["ref"]
    right = party.do("bob", "agreement", "propose", GOAL, "26", "--instead", first[:8])["ref"]
    party.meet()
    party.do("cat", "agreement", "yes", left[:8])
    party.lie("cat", right, YES)
    party.meet()
    row = party.do("ann", "agreement", "show", left[:8])
    assert (row["state"], row["liars"], row["rivals"]) == ("in force", [], [right])
    assert party.state("ann", right[:8]) == "replaced", "ann signed the other one"
    row = party.do("cat", "agreement", "show", right[:8])
    assert (row["state"], row["liars"]) == ("disputed", ["cat"])
    assert cli.run(["agreement", "show", right[:8], "--home", str(party.homes["cat"].path)]) == 0
    assert "who lied" in capsys.readouterr().out
    assert cli.run(["circle", "--home", str(party.homes["cat"].path)]) == 0
    assert GOAL in capsys.readouterr().out
    assert cli.run(["agreement", "--home", str(party.homes["cat"].path)]) == 0
    assert "needs 2 of 3" in capsys.readouterr().out


def test_who_goes_on_under_another_key_keeps_the_seat(party):
    """Of three, two have to say yes: one of them says it under another key than it joined with."""
    one = party.short("ann", "agreement", "propose", GOAL, "28")
    party.meet()
    party.do("bob", "key", "next")
    party.do("bob", "key", "succeed", "--yes")
    party.meet()
    (row,) = party.do("bob", "circle", "list")
    assert (row["we"], row["need"]) == ("member", 2)
    assert party.state("cat", one) == "open"
    party.do("bob", "agreement", "yes", one)
    assert "already" in party.refused("bob", "agreement", "yes", one)
    assert "a word stays" in party.refused("bob", "agreement", "no", one)
    party.meet()
    for name in party.homes:
        assert party.state(name, one) == "in force", name
    assert party.do("bob", "circle", "leave", GOAL)["did"] == "left"
    party.meet()
    let_go = party.short("ann", "circle", "release", GOAL)
    party.meet()
    party.do("cat", "agreement", "yes", let_go)
    party.meet()
    (row,) = party.do("ann", "circle", "list")
    assert row["members"] == ["ann", "cat"]
