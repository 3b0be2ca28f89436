"""A section of the settings that is not in the tree: checked, read, and kept by its flags."""

from helpers import raises
from tide_section import TIDE
from world import World

from mesh.core.errors import LocalError
from mesh.core.peer_id import to_text
from mesh.core.policy.section import SECRET, WORK, Section
from mesh.core.policy.section_table import SECTIONS
from mesh.core.policy.settings import lessen, parse

ANN = bytes(range(32))
WITH = SECTIONS + (TIDE,)  # noqa: RUF005 - MicroPython has no stars in tuples


def complaint(settings, sections=WITH):
    error = raises(LocalError, parse, settings, "board", (), sections)
    return error.detail, error.help


def test_it_is_read_with_its_defaults_and_the_names_of_peers():
    assert parse({}, "board", (), WITH).tide == (300, [])
    settings = {"names": {"ann": to_text(ANN)}, "tide": {"warn_cm": 420, "tell": ["ann"]}}
    assert parse(settings, "board", (), WITH).tide == (420, [ANN])
    assert parse(settings, "desktop", (), WITH).tide == (420, [ANN])
    node, _ = World().add(1, settings, sections=WITH)
    assert node.profile.tide == (420, [ANN]), "whatever is handed to a node finds it there"


def test_what_is_wrong_in_it_is_told_by_its_path():
    for tide, wanted in (
        (5, "tide: 5 is not a table"),
        ({"warn_cm": 2001}, "tide.warn_cm: 2001 is not a whole number (0 to 2000)"),
        ({"tell": "ann"}, "tide.tell: 'ann' is not a list"),
        (
            {"tell": ["eve"]},
            "tide.tell: 'eve' is not a peer id (52 characters) or a name in names",
        ),
    ):
        assert complaint({"tide": tide})[0] == wanted
    assert complaint({"tide": {"warn": 5}})[1] == 'did you mean "warn_cm"?'
    assert complaint({"tyde": {}})[1] == 'did you mean "tide"?'


def test_who_does_not_have_it_refuses_it():
    detail, help = complaint({"tide": {}}, SECTIONS)
    assert detail.startswith("settings: 'tide' is not one of actuators, board, "), detail
    assert help is None, help


def test_its_flags_say_what_becomes_of_it():
    profile = parse({"tide": {"warn_cm": 5}}, "board", (), WITH)
    assert profile.fixed == ["introduced_by", "updates", "settings_from", "tide"]
    assert profile.secret == ["wifi", "setup"]
    lessen(profile, WITH)
    assert profile.tide == (5, []), "a start for repair has it as well"
    work = [Section("tide", TIDE.spec, None, TIDE.read, WORK)]
    lessen(profile, work)
    assert profile.tide is None


def test_no_error_shows_a_secret():
    door = Section("door", [{"code": (str, "a text", 0, 4)}], list, None, SECRET)
    doors = SECTIONS + (door,)  # noqa: RUF005 - as above
    profile = parse({"door": [{"code": "1234"}]}, "board", (), doors)
    assert profile.door == [{"code": "1234"}] and profile.secret == ["wifi", "setup", "door"]
    for wrong in ("swordfish", ["swordfish"], [{"code": "swordfish"}], [{"swordfish": 1}]):
        detail, _ = complaint({"door": wrong}, doors)
        assert "swordfish" not in detail and detail.startswith("door"), detail


def test_rows_are_of_sections_that_differ():
    keys = [row.key for row in WITH]
    assert len(set(keys)) == len(keys)
