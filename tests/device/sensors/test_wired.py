"""A whole board with chips on its pins (tests/device/fakes/rig.py), read over the network."""

import shutil
from pathlib import Path

import pytest

from mesh.core import codes
from mesh.core.coap import message as coap

FAKES = Path(__file__).parents[1] / "fakes"
SENSORS = {
    "room": {"kind": "bme280", "sda": 4, "scl": 5, "every_s": 0.2},
    "air": {"kind": "sht3x", "share": "nobody"},
    "sun": {"kind": "bh1750", "every_s": 0.2, "samples": 2, "average": "median"},
    "water": {"kind": "ds18b20", "pin": 22},
    "cellar": {"kind": "dht22", "pin": 15, "of": ["humidity"]},
    "bed": {"kind": "soil", "pin": 26, "dry": 50_000, "wet": 20_000},
    "cell": {"kind": "battery", "pin": 27, "divider": 2},
    "hall": {"kind": "pir", "pin": 14},
    "bell": {"kind": "button", "pin": 3},
}
WANTED = {
    "room.temperature": 25.08, "room.pressure": 100_653, "air.temperature": 25, "air.humidity": 50,
    "sun": 28066.7, "water": 25.0625, "cellar.humidity": 65.2, "bed": 0.5, "cell.voltage": 4,
    "hall": False, "bell": False,
}  # fmt: skip


@pytest.fixture
def wired(board):
    """Make a board with chips: wired(**settings)."""

    def make(**settings):
        one = board(heap="640k", **settings)
        shutil.copytree(FAKES, one.folder / "fakes", dirs_exist_ok=True)
        main = one.folder / "main.py"
        main.write_text("import fakes.rig\n" + main.read_text())
        return one

    return make


def test_every_kind_at_once(wired):
    with wired(sensors=SENSORS) as one:
        for name, value in WANTED.items():
            assert one.wait("measured", sensor=name)["value"] == value
        assert one.events("failing") == []


def test_one_chip_has_several_readings_and_one_share(wired, desk):
    rule = {"when": "self/room.temperature", "above": 20, "set": "fan", "to": True}
    fan = {"fan": {"kind": "relay", "pin": 16, "max_on_s": 1}}
    with wired(sensors=SENSORS, rules=[rule], actuators=fan) as one:
        peer = desk.meet(one.wait("joined"))
        one.wait("measured", sensor="room.pressure")
        one.wait("measured", sensor="air.humidity")
        answer = desk.ask(peer, coap.FETCH, "sensors", "room.pressure")
        assert (answer.code, answer.signed) == (codes.CONTENT, True)
        (record,) = desk.kit.decode(answer.payload)
        assert (record[1], record[2]) == ("Pa", 100_653)
        for name in ("air.temperature", "air.humidity"):
            answer = desk.ask(peer, coap.FETCH, "sensors", name)
            assert (answer.code, answer.signed) == (codes.NOT_FOUND, True)
        one.wait("actuated", name="fan", value=True, by=None)
        one.wait("actuated", name="fan", value=False, by=None)


def test_what_is_unplugged_has_a_reason_and_comes_back(wired, desk):
    sensors = {name: SENSORS[name] for name in ("room", "sun")}
    with wired(sensors=sensors) as one:
        peer = desk.meet(one.wait("joined"))
        one.wait("measured", sensor="sun")
        (one.folder / "unplugged").touch()
        reason = one.wait("failing", sensor="room")["reason"]
        assert reason == "no answer at address 0x76: is it wired to SDA and SCL of this bus?"
        one.wait("failing", sensor="sun")
        about = desk.kit.decode(desk.ask(peer, coap.FETCH, "peer").payload)
        assert about["failing"]["room.humidity"] == reason
        (one.folder / "unplugged").unlink()
        one.wait("works", sensor="room")
        one.wait("works", sensor="sun")


@pytest.mark.parametrize(
    ("settings", "wanted"),
    [
        (
            {"sensors": {"room": {"kind": "bme280", "of": ["warmth"]}}},
            "sensors.room.of[0]: 'warmth' is not one of humidity, pressure, temperature",
        ),
        (
            {"sensors": {"room": {"kind": "bme280"}, "room.humidity": {"kind": "heap"}}},
            "gives room.humidity too",
        ),
        (
            {
                "sensors": {"room": {"kind": "bme280"}},
                "actuators": {"led": {}},
                "rules": [{"when": "self/room", "above": 1, "set": "led", "to": True}],
            },
            "rules[0].when: 'room' is not one of room.humidity, room.pressure",
        ),
        (
            {"sensors": {"room": {"kind": "bme280"}}, "share": {"/sensors/room.warmth": "all"}},
            "share./sensors/room.warmth: 'room.warmth' is not one of room, room.humidity",
        ),
        (
            {"sensors": {"room": {"kind": "bme280", "sdaa": 4}}},
            'did you mean "sda"?',
        ),
        (
            {"sensors": {"bell": {"kind": "button", "pull": "left"}}},
            "sensors.bell.pull: 'left' is not one of down, none, up",
        ),
        ({"sensors": {"load": {"samples": 65}}}, "sensors.load.samples: 65 is not a whole number"),
        ({"sensors": {"load": {"average": "mode"}}}, "is not one of last, mean, median"),
    ],
)
def test_slips_in_settings_have_their_place(board, settings, wanted):
    with board(**settings) as one:
        assert one.wait_end() == 1
    assert wanted in one.console


def test_without_pins_a_kind_says_so(board):
    sensors = {"room": {"kind": "bme280"}, "water": {"kind": "ds18b20", "pin": 2}}
    with board(sensors=sensors) as one:
        assert one.wait("failing", sensor="room")["reason"] == (
            "this machine has no I2C: that takes a board"
        )
        assert one.wait("failing", sensor="water")["reason"] == (
            "this machine has no Pin: that takes a board"
        )
