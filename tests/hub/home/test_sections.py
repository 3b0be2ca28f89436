"""Sections of a desktop's settings: the core's table, its own rows, and one from outside."""

import pytest
from commands import make_home
from tide_section import TIDE

from mesh.core import peer_id
from mesh.core.errors import LocalError
from mesh.core.policy.section import BOARD, SECRET, Section
from mesh.core.policy.section_table import SECTIONS
from mesh.hub.home import desktop_sections, petnames, settings_file, settings_words
from mesh.hub.home.peer_places import places

ANN = peer_id.to_text(bytes(range(32)))
WITH = (*SECTIONS, TIDE)


def said(text, sections=WITH):
    with pytest.raises(LocalError) as caught:
        settings_file.check(text, "s.toml", sections)
    return caught.value.detail, caught.value.help or ""


def test_a_section_from_outside_the_tree_is_one_of_a_desktop():
    text = f'[names]\nann = "{ANN}"\n[tide]\nwarn_cm = 420\ntell = ["ann"]\n'
    profile = settings_file.check(text, "s.toml", WITH)
    assert profile.tide == (420, [bytes(range(32))])
    assert profile.follow == [bytes(range(32))], "the desktop's own rows are there as well"


@pytest.mark.parametrize(
    ("text", "detail", "help"),
    [
        ("[tide]\nwarn_cm = 2001", "s.toml, line 2: tide.warn_cm: 2001 is out of range", ""),
        ('[tide]\ntell = "ann"', "tide.tell: 'ann' is not a list", ""),
        ('[tide]\ntell = ["eve"]', "tide.tell: 'eve' is not a peer id", ""),
        ("[tyde]", "settings: 'tyde' is not one of actuators, clock", 'did you mean "tide"?'),
    ],
)
def test_what_is_wrong_in_it_is_told_as_of_any_other(text, detail, help):
    told, offered = said(text)
    assert detail in told
    assert help in offered


def test_a_desktop_that_does_not_have_it_refuses_it():
    assert "line 1: settings: 'tide' is not one of actuators" in said("[tide]", SECTIONS)[0]


def test_one_for_boards_is_refused_by_its_flag():
    lamp = Section("lamp", {}, dict, None, BOARD)
    assert said("[lamp]", (*SECTIONS, lamp)) == (
        "s.toml, line 1: settings: 'lamp' is for boards, and these are a desktop's",
        "",
    )
    assert "lamp" not in said("[lump]", (*SECTIONS, lamp))[0]


@pytest.mark.parametrize("wrong", ["swordfish", ["swordfish"], [{"swordfish": 1}], [{"code": 5}]])
def test_no_error_shows_a_secret(wrong):
    door = Section("door", [{"code": (str, "a text", 0, 4)}], list, None, SECRET)
    with pytest.raises(LocalError, match=r"^door.*: this ") as caught:
        settings_words.parse({"door": wrong}, "desktop", (*SECTIONS, door))
    assert "swordfish" not in caught.value.detail


def test_where_peers_are_named_is_known_by_the_specs():
    settings = {
        "introduced_by": "ann", "follow": "*", "peers": [{"id": "ann", "address": "192.0.2.1"}],
        "rules": [{"when": "ann/heap", "set": "fan"}], "share": {"/peer": ["ann"]},
        "keep": [{"who": ["ann"]}, {"days": 5}], "history": [{"who": "*"}], "tide": {"tell": []},
        "sensors": {"load": {"share": "nobody"}}, "actuators": {"fan": {"allow": ["ann"]}},
        "names": {"ann": ANN}, "limits": 5, "discovery": {"layers": []},
    }  # fmt: skip
    found = {place.path for place in places(settings, desktop_sections.table(WITH))}
    assert found == {
        "introduced_by", "follow", "peers[0].id", "rules[0].when", "share./peer", "keep[0].who",
        "history[0].who", "tide.tell", "sensors.load.share", "actuators.fan.allow",
    }  # fmt: skip


def test_a_name_that_is_a_word_of_the_settings_is_no_peer_there(tmp_path):
    home = make_home(tmp_path / "home")
    home.settings_file.write_text(f'[names]\nall = "{ANN}"\n[share]\n"/peer" = "all"\n')
    assert petnames.rename(home, "ann", ANN) == "all"
    assert '"/peer" = "all"' in home.settings_file.read_text()


def test_an_actuator_is_not_shared():
    told = said('[actuators.lamp]\nkind = "command"\nshare = "nobody"\n', SECTIONS)[0]
    assert "actuators.lamp: 'share' is not one of" in told
