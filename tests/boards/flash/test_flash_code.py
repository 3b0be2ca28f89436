"""The code of a board's access point: made by `mesh flash` once, told once, and kept."""

import json

import pytest
from flashing import SETTINGS, Desk

from mesh.boards.cable import board_files
from mesh.boards.catalogue import hardware
from mesh.boards.flash import new_settings, setup_code
from mesh.boards.virtual.virtual_board import Virtual
from mesh.cli.views.flash_view import flash as shown
from mesh.core.errors import LocalError
from mesh.hub.failure import Failure
from mesh.hub.home import settings_words

pytestmark = pytest.mark.usefixtures("micropython")
PICO = hardware.board("pico_w")
CODE = "k7mp-3xqd-w9hn-r4tz"


def test_it_has_four_groups_that_nobody_guesses():
    codes = {setup_code.made() for _ in range(100)}
    assert len(codes) == 100
    for code in codes:
        assert [len(group) for group in code.split("-")] == [4, 4, 4, 4]
        assert set(code) <= {*setup_code.ALPHABET, "-"}
        settings_words.parse({"setup": {"code": code}})
    assert len(setup_code.ALPHABET) == 31
    assert not set(setup_code.ALPHABET) & set("ilo01")


def test_who_gets_one():
    settings = {"wifi": [{"ssid": "house"}]}
    code = setup_code.give(settings, PICO)
    assert settings["setup"] == {"code": code}
    assert setup_code.give(settings, PICO) == "", "it has one"
    given = {"setup": {"after_s": 60}}
    assert setup_code.give(given, PICO)
    assert given["setup"]["after_s"] == 60
    assert setup_code.give({}, hardware.board("unix")) == "", "it has no Wi-Fi"
    assert setup_code.give({"sleep": {"every_s": 600}}, PICO) == "", "it sleeps"


def test_it_is_told_before_it_is_written_and_never_again(tmp_path, built, monkeypatch):
    """As a board with Wi-Fi does: this one has none."""
    give = setup_code.give
    monkeypatch.setattr(setup_code, "give", lambda settings, _: give(settings, PICO))
    desk = Desk(tmp_path / "home", built.folder)
    with Virtual(tmp_path / "board") as virtual:
        told = desk.flash(virtual.port)
        order = [event["event"] for event in desk.events]
        code = told["code"]["code"]
        assert order.index("code") < order.index("settings")
        assert code in shown(told["code"]).plain
        there = json.loads((tmp_path / "board" / "settings.json").read_text())
        assert there["setup"] == {"code": code}
        assert code not in virtual.log.console
        again = desk.flash(virtual.port, settings=SETTINGS | {"setup": {"after_s": 60}})
        assert "code" not in again
        there = json.loads((tmp_path / "board" / "settings.json").read_text())
        assert there["setup"] == {"code": code, "after_s": 60}


def test_it_can_be_left_out(tmp_path, built, monkeypatch):
    give = setup_code.give
    monkeypatch.setattr(setup_code, "give", lambda settings, _: give(settings, PICO))
    desk = Desk(tmp_path / "home", built.folder)
    with Virtual(tmp_path / "board") as virtual:
        assert "code" not in desk.flash(virtual.port, without_code=True)
    assert "setup" not in json.loads((tmp_path / "board" / "settings.json").read_text())


def test_asterisks_stand_for_it():
    own = {"setup": {"code": CODE, "after_s": 60}}
    hidden = board_files.hidden(own)
    assert CODE not in json.dumps(hidden)
    assert hidden["setup"]["after_s"] == 60
    assert board_files.with_passwords(hidden, own) == own
    with pytest.raises(Failure, match="the board has none"):
        board_files.with_passwords(hidden, {})


@pytest.mark.parametrize(
    ("setup", "said"),
    [
        ({"code": "short"}, "setup.code: "),
        ({"code": "x" * 64}, "setup.code: "),
        ({"code": 1234567890123456}, "setup.code: "),
        ({"after_s": 60}, "the code is missing"),
        ({"code": CODE, "after_s": -1}, "setup.after_s: "),
        ({"code": CODE, "after": 60}, "after"),
        (CODE, "setup"),
    ],
)
def test_what_is_wrong_is_told_without_it(setup, said):
    with pytest.raises(LocalError) as caught:
        settings_words.parse({"setup": setup})
    assert said in caught.value.detail
    for secret in (CODE, "1234567890123456", "x" * 20):
        assert secret not in caught.value.detail + (caught.value.help or "")


def test_it_is_merged_as_a_table():
    own = {"setup": {"code": CODE}}
    assert new_settings.merged(own, {"setup": {"after_s": 5}})["setup"] == {
        "code": CODE,
        "after_s": 5,
    }
