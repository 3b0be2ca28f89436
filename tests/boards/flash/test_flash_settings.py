"""The settings that a flashed board gets, and our own name for it."""

import asyncio
import tomllib

import pytest

from mesh.boards import background
from mesh.boards.catalogue import hardware
from mesh.boards.flash import new_settings
from mesh.boards.flash.new_settings import Holder
from mesh.boards.mishaps import Mishap
from mesh.cli import flash_ask
from mesh.cli.flash_ask import Given
from mesh.core import peer_id
from mesh.core.errors import LocalError
from mesh.hub.failure import Failure
from mesh.hub.home import naming, petnames
from mesh.hub.home.home import Home
from mesh.hub.home.naming import Known

ONE, TWO = peer_id.to_text(bytes([1]) * 32), peer_id.to_text(bytes([2]) * 32)
KINDS = {"sensors": ["heap", "bme280"], "actuators": ["relay"]}


def test_given_settings_take_the_place_of_own_ones_key_by_key():
    own = {
        "name": "a",
        "sensors": {"x": {"kind": "heap"}},
        "wifi": [{"ssid": "n", "password": "1"}],
    }
    given = {"name": "b", "sensors": {"y": {}}, "wifi": [{"ssid": "m"}, {"ssid": "n"}]}
    made = new_settings.merged(own, given)
    assert made == {
        "name": "b",
        "sensors": {"x": {"kind": "heap"}, "y": {}},
        "wifi": [{"ssid": "m"}, {"ssid": "n"}],
    }
    assert own["name"] == "a"
    assert new_settings.merged(own, {}) == own


def test_who_flashes_is_introduced_under_a_name_that_is_free():
    holder = Holder(ONE, "desktop")
    made = new_settings.introduced({}, holder, {})
    assert made["names"] == {"desktop": ONE}
    assert made["introduced_by"] == "desktop"
    assert new_settings.introduced(made, holder, {}) == made
    other = new_settings.introduced({"names": {"desktop": TWO}}, holder, {})
    assert other["names"] == {"desktop": TWO, f"desktop-{ONE[:8]}": ONE}
    assert other["introduced_by"] == f"desktop-{ONE[:8]}"
    bought = {"names": {"seller": TWO}, "introduced_by": "seller"}
    assert new_settings.introduced(bought, holder, {})["introduced_by"] == "desktop"
    said = {"introduced_by": "seller"}
    assert new_settings.introduced(bought, holder, said)["introduced_by"] == "seller"


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("heap", ("heap", {})),
        ("air=bme280", ("air", {"kind": "bme280"})),
        ("air=bme280,every_s=30,bus=1", ("air", {"kind": "bme280", "every_s": 30, "bus": 1})),
        ("load,share=nobody", ("load", {"share": "nobody"})),
    ],
)
def test_a_sensor_on_the_command_line(text, made):
    assert new_settings.sensor(text) == made


def test_a_slip_in_a_sensor_is_told():
    with pytest.raises(Mishap) as caught:
        new_settings.sensor("air=bme280,30")
    assert caught.value.name == "settings-wrong"


def test_pins_are_checked_before_flashing():
    settings = {"sensors": {"bed": {"kind": "ds18b20", "pin": 99}}}
    kinds = {"sensors": ["ds18b20"], "actuators": []}
    with pytest.raises(Mishap) as caught:
        new_settings.check(settings, hardware.board("pico_w"), kinds)
    assert "99" in caught.value.detail


def test_a_kind_that_the_firmware_has_not_is_told_with_the_near_one():
    with pytest.raises(Mishap) as caught:
        new_settings.check({"sensors": {"a": {"kind": "bme28"}}}, hardware.board("unix"), KINDS)
    assert "bme280" in caught.value.help


@pytest.mark.parametrize("text", ["", "[1]", '"x"', "{", "nothing"])
def test_what_is_no_table_of_json_is_told(tmp_path, text):
    (tmp_path / "s.json").write_text(text)
    with pytest.raises(Mishap) as caught:
        new_settings.read_file(tmp_path / "s.json")
    assert caught.value.name == "settings-wrong"


def test_files_that_are_none_or_too_large_are_told(tmp_path):
    (tmp_path / "large").write_text(" " * (new_settings.MOST + 1))
    (tmp_path / "raw").write_bytes(b"\xff\xfe")
    for name in ("none", "large", "raw", "."):
        with pytest.raises(Mishap) as caught:
            new_settings.read_file(tmp_path / name)
        assert caught.value.name == "settings-wrong"


def test_whom_a_board_follows_is_known_by_name_or_id(tmp_path):
    home = Home(tmp_path)
    with home:
        naming.remember(home.path / naming.CACHE, [Known(ONE, "shed")])
    assert new_settings.followed(["shed", TWO], home) == {
        "names": {"shed": ONE},
        "follow": ["shed", TWO],
    }
    assert new_settings.followed(["*"], home) == {"follow": "*"}
    with pytest.raises(Failure):
        new_settings.followed(["nobody"], home)


# our own name for it


def test_a_name_is_added_and_nothing_else_is_touched(tmp_path):
    home = Home(tmp_path / "home")
    home.path.mkdir(mode=0o700)
    text = f'# mine\nname = "study"   # here\n\n[names] # friends\nshed = "{ONE}"\n'
    text += '\n[share]\n"/feeds" = "all"\n'
    home.settings_file.write_text(text)
    assert petnames.add(home, "hut", TWO) == "hut"
    made = home.settings_file.read_text()
    assert tomllib.loads(made)["names"] == {"shed": ONE, "hut": TWO}
    assert [line for line in text.splitlines() if line not in made.splitlines()] == []
    assert petnames.add(home, "other", TWO) == "hut", "it has a name already"
    assert home.settings_file.read_text() == made


def test_a_name_of_somebody_else_is_left_to_them(tmp_path):
    home = Home(tmp_path / "home")
    assert petnames.add(home, "hut", ONE) == "hut"
    assert petnames.add(home, "hut", TWO) == f"hut-{TWO[:8]}"
    assert home.profile().names == {
        "hut": peer_id.from_text(ONE),
        f"hut-{TWO[:8]}": peer_id.from_text(TWO),
    }


@pytest.mark.parametrize("text", ["names = 5", "[names", 'nam = "x"'])
def test_settings_that_cannot_be_read_are_left_alone(tmp_path, text):
    home = Home(tmp_path / "home")
    home.path.mkdir(mode=0o700)
    home.settings_file.write_text(text)
    with pytest.raises(LocalError):
        petnames.add(home, "hut", ONE)
    assert home.settings_file.read_text() == text


# asked at the terminal


@pytest.fixture
def answers(monkeypatch):
    """A person at the terminal with these answers, by the first word of the question."""
    given = {}
    asked = []

    def prompt(words, **options):
        asked.append((words, options.get("hide_input", False)))
        return given.get(words, "")

    monkeypatch.setattr(flash_ask, "has_person", lambda: True)
    monkeypatch.setattr(flash_ask.typer, "prompt", prompt)
    monkeypatch.delenv(flash_ask.PASSWORD, raising=False)
    given["asked"] = asked
    return given


NOTHING = Given(None, None, [], [], None)


def test_a_board_without_settings_is_asked_about(answers):
    hidden_words = "Password of house (Enter: an open network)"
    answers.update({
        flash_ask.NAME: "hut", flash_ask.SSID: "house", hidden_words: "correct horse",
        flash_ask.SENSORS: "air=bme280 heap", flash_ask.FOLLOW: "*",
    })  # fmt: skip
    wanted = flash_ask.settings(NOTHING, False, True, False)
    assert wanted.settings == {
        "name": "hut",
        "wifi": [{"ssid": "house", "password": "correct horse"}],
        "sensors": {"air": {"kind": "bme280"}, "heap": {}},
    }
    assert wanted.follow == ("*",)
    assert [words for words, hidden in answers["asked"] if hidden] == [hidden_words]


def test_a_board_with_settings_is_asked_nothing(answers):
    assert flash_ask.settings(NOTHING, True, True, False).settings == {}
    assert answers["asked"] == []


def test_yes_asks_nothing(answers):
    assert flash_ask.settings(NOTHING, False, True, True).settings == {}
    assert answers["asked"] == []


def test_where_nobody_can_be_asked_the_missing_option_is_named(monkeypatch):
    monkeypatch.setattr(flash_ask, "has_person", lambda: False)
    monkeypatch.delenv(flash_ask.PASSWORD, raising=False)
    with pytest.raises(Mishap) as caught:
        flash_ask.settings(NOTHING, False, True, False)
    assert caught.value.name == "settings-missing"
    assert "--name" in caught.value.help
    with pytest.raises(Mishap) as caught:
        flash_ask.settings(Given("hut", "house", [], [], None), False, True, False)
    assert flash_ask.PASSWORD in caught.value.help
    monkeypatch.setenv(flash_ask.PASSWORD, "")
    made = flash_ask.settings(Given("hut", "house", [], [], None), False, True, False).settings
    assert made["wifi"] == [{"ssid": "house"}], "an open network has no password"


# a job in a thread


def test_who_stops_listening_stops_the_job():
    told, ended = [], []

    def job(tell):
        try:
            for number in range(1_000_000):
                tell({"number": number})
        finally:
            ended.append(True)

    async def listen():
        items = background.in_thread(job)
        async for item in items:
            told.append(item)
            if len(told) == 3:
                break
        await items.aclose()

    asyncio.run(listen())
    assert len(told) == 3
    assert ended == [True]


def test_what_fails_in_the_job_comes_out_after_what_it_told():
    def job(tell):
        tell({"number": 1})
        raise LocalError("broken")

    async def listen():
        return [item async for item in background.in_thread(job)]

    with pytest.raises(LocalError, match="broken"):
        asyncio.run(listen())
