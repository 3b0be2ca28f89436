"""Who goes on for whom, in settings, names and the file that has it."""

import pytest
from hubs import run
from stored import KIT, entry, identity, run_of

from mesh.core import peer_id as ids
from mesh.core.errors import LocalError
from mesh.core.relations import key
from mesh.hub.desktop_peer import HubPeer
from mesh.hub.home import settings_file, successors
from mesh.hub.home.home import Home
from mesh.hub.home.naming import Known
from mesh.hub.home.successors import Gone
from mesh.hub.operations import renamed, roster
from mesh.hub.store.crowd import CHOSEN, ONE

A, B, C, D = (bytes([n]) * 32 for n in range(1, 5))
TA, TB, TC, TD = map(ids.to_text, (A, B, C, D))
GONE = {TA: Gone(TB, TC, 9, 5.0), TB: Gone(TC, TC, 3, 7.0)}
SETTINGS = f"""
follow = ["old", "{TD}", "{TB}"]
introduced_by = "{TA}"
[names]
old = "{TA}"
other = "{TD}"
[actuators.fan]
kind = "command"
command = ["true"]
allow = ["old"]
[share]
"/peers" = ["old"]
[[keep]]
who = ["{TA}"]
[[peers]]
address = "127.0.0.1:9"
id = "{TA}"
"""


def test_settings_that_name_a_former_key_mean_the_present_one(tmp_path):
    path = tmp_path / "settings.toml"
    path.write_text(SETTINGS)
    before = settings_file.load(path)
    assert before.follow == [A, D, B]
    successors.save(tmp_path, GONE)
    profile = settings_file.load(path)
    assert profile.names == {"old": C, "other": D}
    assert profile.follow == [C, D, C]
    assert (profile.introduced_by, profile.allow) == (C, {"fan": [C]})
    assert profile.share["/peers"] == [C]
    assert profile.keep[0].who == [C, A, B], "what it said before is kept as long"
    assert profile.peers[0][0] == C
    assert path.read_text() == SETTINGS, "what the holder wrote stays"


@pytest.mark.parametrize("wrong", ["names = 5", "follow = 7", "follow = [5]", "[names]\nx = 5"])
def test_malformed_settings_are_refused_as_ever(tmp_path, wrong):
    path = tmp_path / "settings.toml"
    path.write_text(wrong)
    successors.save(tmp_path, GONE)
    with pytest.raises(LocalError):
        settings_file.load(path)


def test_the_file_is_checked(tmp_path):
    assert successors.load(tmp_path) == {}
    assert successors.stamp_of(tmp_path) is None
    successors.save(tmp_path, GONE, [1, 2])
    assert successors.load(tmp_path) == GONE
    assert successors.stamp_of(tmp_path) == [1, 2]
    for text in (
        "",
        "[]",
        "{",
        f'{{"{TA}": 5, "x": ["{TB}", "{TB}", 1, 1]}}',
        f'{{"{TA}": ["{TB}", "{TA}", 1, 1]}}',
    ):
        (tmp_path / successors.NAME).write_text(text)
        assert successors.load(tmp_path) == {}


def test_names_are_those_of_who_goes_on():
    known = [Known(TA, "hut", "ours"), Known(TC, "hut"), Known(TD, "shed")]
    assert successors.present(known, GONE) == [Known(TC, "hut", "ours"), Known(TD, "shed")]
    assert successors.present([Known(TA, "hut")], GONE) == [Known(TC, "hut")]
    assert successors.line(TB, GONE) == [TA, TB, TC]
    assert successors.line(TD, GONE) == [TD]
    assert successors.meant(TA[:8], GONE) == TC
    assert successors.meant("hut", GONE) == "hut"
    assert successors.meant(TD[:8], GONE, known) == TD[:8]


def test_a_running_peer_follows_who_goes_on(tmp_path):
    """What comes while it runs holds at once: names, whom it follows, who may set what."""
    former, anew = identity(21), identity(22)
    old = ids.to_text(former.public)
    first = run_of(former, [entry(1, key.make(KIT.sha256(anew.public)), key.NAME), entry(2)])
    claim = key.make(old=(former.public, 2, first.links[1]))
    second = run_of(anew, [entry(1, claim, key.NAME)])
    settings = f'discovery.layers = []\nport = 0\nnames.hut = "{old}"\nfollow = ["hut"]\n'

    async def main():
        with Home(tmp_path / "home") as home:
            home.settings_file.write_text(settings)
            async with HubPeer(home, None, None, ["127.0.0.1"], sensed={}) as peer:
                archive = peer.node.peer.feeds.archive
                assert not await renamed.take_successors(peer)
                archive.took(former.public, first)
                archive.took(anew.public, second)
                archive.flush(30)
                assert await renamed.take_successors(peer)
                assert peer.profile.names == {"hut": anew.public}
                assert peer.profile.follow == [anew.public]
                (hut,) = [one for one in roster.known(peer) if one.label == "hut"]
                assert hut.id == ids.to_text(anew.public)
                assert not await renamed.take_successors(peer), "nothing new"

    run(main)


def test_what_a_chosen_peer_said_before_is_no_strangers(tmp_path):
    with Home(tmp_path / "home") as home:
        home.settings_file.write_text(f'names.hut = "{TA}"\ndiscovery.layers = []\n')
        successors.save(home.path, GONE)
        budget = HubPeer(home, None, None, ["127.0.0.1"], sensed={}).record._budget
        assert [budget.standing(one) for one in (A, B, C, D)] == [CHOSEN, CHOSEN, CHOSEN, ONE]
