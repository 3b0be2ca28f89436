"""`mesh key`: homes whose stores are passed on by hand, a thief among them."""

import asyncio
import os
import shutil

import pytest
from commands import call, items
from party import Party, runs_of

from mesh.cli import app as cli
from mesh.core import peer_id as ids
from mesh.core.relations import key
from mesh.hub.failure import SETUP, USAGE, Failure
from mesh.hub.home import next_key
from mesh.hub.home.home import Home
from mesh.hub.operations import relating, session, succeeding
from mesh.hub.store import schema
from mesh.hub.store.queries import Queries

pytestmark = pytest.mark.usefixtures("no_wait")


@pytest.fixture
def party(tmp_path):
    """Four who know each other, and have said something."""
    made = Party(tmp_path, ("ann", "bob", "cat", "dan"))
    for name in made.homes:
        made.do(name, "promise", "answer", "5")
    made.meet()
    return made


def own_id(party, name):
    return ids.to_text(party.homes[name].peer_id())


def spans(home, peer):
    with Queries(home.path / schema.NAME) as store:
        return store.spans(peer)


def test_a_peer_goes_on_under_its_next_key_and_all_others_see_it(party, capsys):
    ann = party.homes["ann"]
    former = ann.peer_id()
    told = party.do("ann", "key", "next")
    assert (told["did"], told["seq"]) == ("committed", 2)
    secret = ann.path / next_key.NAME
    assert told["file"] == str(secret)
    assert os.stat(secret).st_mode & 0o077 == 0
    assert party.do("ann", "key", "next")["did"] == "said again"
    row = party.do("ann", "key")
    assert (row["next"], row["committed"], row["file"]) == (told["next"], 2, str(secret))
    with pytest.raises(Failure, match="no next key"):
        party.do("bob", "key", "succeed", "--yes")

    told = party.do("ann", "key", "succeed", "--yes")
    assert (told["former"], told["end"]) == (ids.to_text(former), 3)
    assert told["id"] == own_id(party, "ann") != told["former"]
    assert os.stat(told["key"]).st_mode & 0o077 == 0
    assert secret.exists(), "the key after it"
    party.meet()
    for name in ("ann", "bob"):
        row = party.do(name, "key", "show", told["former"])
        assert (row["now_id"], row["end"]) == (told["id"], 3), name
        assert row["claims"][0]["state"] == "goes on"
        assert row["claims"][0]["fits"] is True
    assert spans(ann, former) == [(1, 3)]
    assert spans(ann, ann.peer_id()) == [(1, 1)]
    party.do("ann", "promise", "answer", "9")
    assert spans(ann, ann.peer_id()) == [(1, 2)], "it goes on where its first entry is"
    assert cli.run(["key", "show", told["former"], "--home", str(party.homes["bob"].path)]) == 0
    assert "its feed ends with entry 3" in " ".join(capsys.readouterr().out.split())

    # and once more, by the key that was made then
    again = party.do("ann", "key", "succeed", "--yes")
    party.meet()
    row = party.do("bob", "key", "show", told["former"])
    assert row["line"] == [told["former"], told["id"], again["id"]]


def test_a_key_that_is_kept_elsewhere(party, tmp_path):
    stick = tmp_path / "stick.pem"
    told = party.do("ann", "key", "next", "--file", str(stick))
    assert stick.exists()
    assert not (party.homes["ann"].path / next_key.NAME).exists()
    assert "not at" in party.refused("ann", "key", "next")
    assert "no next key" in party.refused("ann", "key", "succeed", "--yes")
    told = party.do("ann", "key", "succeed", "--yes", "--file", str(stick))
    assert told["next"] is None
    party.meet()
    assert party.do("bob", "key", "show", told["former"])["now_id"] == told["id"]
    assert "already" in party.refused("ann", "key", "succeed", "--yes", "--file", str(stick))
    os.chmod(stick, 0o644)
    with pytest.raises(Exception, match="others can read"):
        party.do("ann", "key", "next", "--file", str(stick))


def test_guardians_recover_who_lost_everything(party, tmp_path):
    party.do("ann", "key", "guard", "bob", "cat", "dan", "--need", "2")
    assert "contradict" in party.refused("ann", "key", "guard", "bob")
    party.meet()
    former = party.ids["ann"]
    row = party.do("bob", "key", "show", "ann")
    assert (sorted(row["guardians"]), row["need"]) == (["bob", "cat", "dan"], 2)
    shutil.rmtree(party.homes.pop("ann").path)

    fresh = Party(tmp_path / "new", ("eve",)).homes["eve"]
    party.homes["eve"], party.ids["eve"] = fresh, fresh.peer_id()
    with Queries(party.homes["bob"].path / schema.NAME) as store:
        link = succeeding.comparing.link_at(store, former, 2)
    told = succeeding.begin(fresh, succeeding.Old(former, 2, link), None)
    assert (told["by_next"], told["need"]) == (False, None), "the fresh home holds nothing yet"
    with pytest.raises(Failure, match="only a first one"):
        succeeding.begin(fresh, succeeding.Old(former, 2, link), None)
    party.meet()
    (asked,) = party.do("bob", "key")["asked"]
    assert (asked["id"], asked["end"], asked["state"]) == (told["id"], 2, "open")
    assert "no guardian" in party.refused("eve", "key", "recover", told["id"], "--yes")
    assert party.do("bob", "key", "recover", "ann", "--yes")["did"] == "yes"
    assert "already" in party.refused("bob", "key", "recover", "ann", "--yes")
    party.meet()
    assert party.do("dan", "key", "show", "ann")["now"] is None
    party.do("cat", "key", "recover", told["id"], "--yes")
    party.meet()
    for name in party.homes:
        assert party.do(name, "key", "show", ids.to_text(former))["now_id"] == told["id"], name


def test_who_kept_the_next_key_needs_no_guardian(party, tmp_path):
    stick = tmp_path / "stick.pem"
    party.do("ann", "key", "next", "--file", str(stick))
    party.meet()
    with Queries(party.homes["bob"].path / schema.NAME) as store:
        link = succeeding.comparing.link_at(store, party.ids["ann"], 2)
    fresh = Home(tmp_path / "anew")
    told = succeeding.begin(fresh, succeeding.Old(party.ids["ann"], 2, link), stick)
    party.homes["ann"] = fresh
    party.meet()
    row = party.do("bob", "key", "show", ids.to_text(party.ids["ann"]))
    assert (row["now_id"], row["end"]) == (told["id"], 2)
    party.do("ann", "promise", "answer", "9")
    assert spans(fresh, fresh.peer_id()) == [(1, 2)]


def test_a_thief_adds_a_commitment_and_the_owner_ends_the_feed_before_it(party, tmp_path):
    party.do("ann", "key", "next")
    former = party.ids["ann"]
    # the thief has a copy of home and key, and the next key is not in it
    os.unlink(shutil.copytree(party.homes["ann"].path, tmp_path / "thief") / next_key.NAME)
    thief = next_key.make(tmp_path / "thief.pem")
    body = key.make(next_key.commitment(thief))
    asyncio.run(relating.write(session.Choices(party.homes["ann"].path), key.NAME, body))
    assert "somebody else" in party.refused("ann", "key", "succeed", "--yes")
    assert "somebody else" in party.refused("ann", "key", "next")
    assert party.do("ann", "key")["contradicted"] == 3
    told = party.do("ann", "key", "stolen", "--yes")
    assert (told["did"], told["end"]) == ("stolen", 2)
    party.meet()
    assert party.do("bob", "key", "show", ids.to_text(former))["now_id"] == told["id"]


def test_an_end_that_cannot_be(party):
    party.do("ann", "key", "next")
    assert "cannot end" in party.refused("ann", "key", "stolen", "--yes", "--from", "9")
    assert "did not commit" in party.refused("ann", "key", "stolen", "--yes", "--from", "2")
    assert party.do("ann", "key", "stolen", "--yes", "--from", "3")["end"] == 2


def test_what_was_cut_off_is_finished_by_the_same_command(party, monkeypatch):
    party.do("ann", "key", "next")
    former = own_id(party, "ann")

    def fails(*_):
        raise OSError(28, "no space")

    with monkeypatch.context() as patch:
        patch.setattr(next_key, "take_over", fails)
        with pytest.raises(Exception, match="cannot change"):
            party.do("ann", "key", "succeed", "--yes")
    assert own_id(party, "ann") == former
    told = party.do("ann", "key", "succeed", "--yes")
    assert spans(party.homes["ann"], party.homes["ann"].peer_id()) == [(1, 1)], "said once"
    party.meet()
    assert party.do("bob", "key", "show", former)["now_id"] == told["id"]
    assert party.do("ann", "key")["file"], "the key after it"


def test_words_that_are_none(party, tmp_path):
    for words in (("sing",), ("next", "x"), ("guard",), ("recover",)):
        assert "no word of keys" in party.refused("ann", "key", *words)
    assert "twice" in party.refused("ann", "key", "guard", "bob", "bob")
    assert "cannot be" in party.refused("ann", "key", "guard", "bob", "--need", "2")
    assert "own guardian" in party.refused("ann", "key", "guard", own_id(party, "ann"))
    assert "nobody says" in party.refused("ann", "key", "recover", "bob", "--yes")
    assert cli.run(["key", "succeed", "--home", str(tmp_path / "none"), "--yes"]) == USAGE
    assert cli.run(["key", "succeed", "--home", str(party.homes["bob"].path), "--yes"]) == SETUP
    assert list(runs_of(party.homes["ann"]))


def test_a_home_in_use_is_left_alone(party):
    party.do("ann", "key", "next")
    before = own_id(party, "ann")
    with Home(party.homes["ann"].path), pytest.raises(Exception, match="in use"):
        asyncio.run(items(call("key", "succeed", "--yes", "--home", str(party.homes["ann"].path))))
    assert own_id(party, "ann") == before


def shown(party, capsys, name, *words):
    assert cli.run([*words, "--home", str(party.homes[name].path)]) == 0
    return " ".join(capsys.readouterr().out.split())


def test_what_people_are_shown(party, capsys):
    assert "none: `mesh key next` makes it" in shown(party, capsys, "ann", "key")
    said = shown(party, capsys, "ann", "key", "guard", "bob", "cat")
    assert "committed to the next key, in entry 2; 2 of" in said
    assert "2 of 2:" in shown(party, capsys, "ann", "key")
    assert "said again, unchanged" in shown(party, capsys, "ann", "key", "next")
    said = shown(party, capsys, "ann", "key", "succeed", "--yes")
    assert "ends with entry 3" in said
    party.meet()
    said = shown(party, capsys, "bob", "key", "show", own_id(party, "ann"))
    assert "before" in said
    assert "2 of 2:" in said, "its guardians stay"
    fresh = Party(party.homes["ann"].path.parent / "new", ("eve",)).homes["eve"]
    link = bytes(32)
    succeeding.begin(fresh, succeeding.Old(party.homes["ann"].peer_id(), 1, link), None)
    party.homes["eve"] = fresh
    party.meet()
    said = shown(party, capsys, "bob", "key")
    assert "0 of 2 said yes, open, and it means another history than is held here" in said
    eve = ids.to_text(fresh.peer_id())
    assert "names another entry" in party.refused("bob", "key", "recover", eve, "--yes")
    assert "is not" in shown(party, capsys, "bob", "key", "refuse", eve)


def test_names_and_history_follow(party, capsys):
    """What is said under the new key is shown under the former name, with what was said before."""
    former = own_id(party, "ann")
    party.do("ann", "key", "next")
    told = party.do("ann", "key", "succeed", "--yes")
    party.do("ann", "promise", "answer", "9")
    party.meet()
    bob = str(party.homes["bob"].path)
    rows = asyncio.run(items(call("log", "ann", "--home", bob, "--json")))
    assert [(row["id"], row["seq"]) for row in rows] == [
        *((former, seq) for seq in (1, 2)),
        *((told["id"], seq) for seq in (1, 2)),
    ]
    assert {row["peer"] for row in rows} == {"ann"}
    assert not any(row["after_end"] for row in rows)
    said = shown(party, capsys, "bob", "log", former)
    assert "takes the place of ann, after its entry 2" in said
    promises = party.do("bob", "promises", "ann")
    assert [row["promise"] for row in promises] == ["an answer within 9 s"]
    assert party.do("bob", "key", "show", "ann")["id"] == told["id"], "the name means who goes on"


def test_what_is_said_after_the_end_is_shown_as_that(party, capsys):
    former = own_id(party, "ann")
    party.do("ann", "key", "next")
    copy = shutil.copytree(party.homes["ann"].path, party.homes["ann"].path.parent / "thief")
    party.do("ann", "key", "succeed", "--yes")
    thief = Home(copy)
    asyncio.run(
        relating.write(session.Choices(thief.path), "mark", {1: bytes(32), 2: 2, 3: "it is me"})
    )
    party.homes["thief"] = thief
    party.meet()
    said = shown(party, capsys, "bob", "log", former)
    assert '"it is me" (after its end: another key went on)' in said
