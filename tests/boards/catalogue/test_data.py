"""What stands in hardware/: complete, and the same as in the places where it comes from."""

import copy
import importlib
import tomllib

import pytest
from esptool.targets import CHIP_DEFS

from mesh.boards.catalogue import devices, hardware
from mesh.boards.catalogue.hardware_schema import ALWAYS, IMAGES, OF_DEVICES, WITH_PINS, complaints
from mesh.core.errors import LocalError

BOARDS = ["esp32", "esp32_c3", "esp32_c6", "esp32_s3", "pico2_w", "pico_w", "unix"]
KINDS = {**devices.sensors(), **devices.actuators()}


def decoded(group, stem):
    return [
        pytest.param(stem, tomllib.loads(path.read_text()), id=path.parent.name)
        for path in sorted((hardware.root() / group).glob("*/*.toml"))
    ]


FILES = (
    decoded("boards", "board") + decoded("sensors", "sensor") + decoded("actuators", "actuator")
)


def without(data, path):
    """A copy that lacks what the path leads to; None if it never had it."""
    *tables, last = path.split(".")
    made = table = copy.deepcopy(data)
    for name in tables:
        table = table.get(name, {})
    return made if table.pop(last, None) is not None else None


@pytest.mark.parametrize(("stem", "data"), FILES)
def test_complete(stem, data):
    assert complaints(stem, data) == []


@pytest.mark.parametrize(("stem", "data"), FILES)
def test_whatever_is_missing_is_told(stem, data):
    paths = OF_DEVICES if stem != "board" else ALWAYS
    if stem == "board" and data["port"] != "unix":
        paths += f" {WITH_PINS} {IMAGES[data['image']['kind']]}"
    for path in paths.split():
        lacking = without(data, path)
        assert lacking is not None, path
        assert any(path in one for one in complaints(stem, lacking)), path


PICO = tomllib.loads((hardware.root() / "boards/pico_w/board.toml").read_text())
WRONG = {
    "pins.GP7 is missing": lambda d: d["pins"].pop("GP7"),
    "pins.GP7.gpio: 6 is that of GP6": lambda d: d["pins"]["GP7"].update(gpio=6),
    "pins.GP7.does is missing": lambda d: d["pins"]["GP7"].pop("does"),
    "GP6 is on the header twice": lambda d: d["header"]["left"].append("GP6"),
    "pins.GP99 is not on the header": lambda d: d["pins"].update(GP99={"gpio": 99, "does": "in"}),
    'no pin has rail = "3V3"': lambda d: d["pins"]["3V3"].pop("rail"),
    "i2c.0.sda: GP5 cannot be that": lambda d: d["i2c"]["0"].update(sda="GP5"),
    "power.wifi_on.source is missing": lambda d: d["power"]["wifi_on"].pop("source"),
    "rails.3V3.checked is missing": lambda d: d["rails"]["3V3"].pop("checked"),
    'did you mean "march"': lambda d: d.update(marsh="armv6m"),
    "one of esp32, rp2, unix": lambda d: d.update(port="stm32"),
    "limits.pin_ma.max": lambda d: d["limits"]["pin_ma"].update(max="much"),
}


@pytest.mark.parametrize("words", WRONG)
def test_whatever_is_wrong_is_told(words):
    data = copy.deepcopy(PICO)
    WRONG[words](data)
    assert any(words in one for one in complaints("board", data)), complaints("board", data)


def test_these_boards_are_there():
    assert set(hardware.boards()) >= set(BOARDS)


def test_a_folder_is_a_board(own):
    text = (own / "boards/pico_w/board.toml").read_text()
    (own / "boards/mine").mkdir()
    (own / "boards/mine/board.toml").write_text(text.replace("Raspberry Pi Pico W", "Mine"))
    assert hardware.board("mine").name == "Mine"


def test_a_broken_file_is_named(own):
    file = own / "boards/pico_w/board.toml"
    text = file.read_text()
    file.write_text(text + "[[\n")
    with pytest.raises(LocalError, match=r"hardware/boards/pico_w/board\.toml: .*line"):
        hardware.boards()
    file.write_text(text.replace('chip = "RP2040"\n', "").replace('march = "armv6m"\n', ""))
    with pytest.raises(LocalError, match=r"board\.toml: chip is missing") as caught:
        hardware.boards()
    assert caught.value.help == "march is missing"


def test_a_name_that_is_near_is_offered():
    with pytest.raises(LocalError) as caught:
        hardware.board("pico_v")
    assert caught.value.help == "did you mean pico_w?"


@pytest.mark.parametrize(
    "name", [name for name, board in hardware.boards().items() if board.port == "esp32"]
)
def test_chips_have_the_ids_that_esptool_knows(name):
    board = hardware.board(name)
    known = {
        cls.CHIP_NAME: cls.IMAGE_CHIP_ID
        for cls in CHIP_DEFS.values()
        if cls.CHIP_NAME != "ESP8266"
    }
    assert board.image.esp_chip_id == known[board.chip]
    chips = {cls.CHIP_NAME: cls for cls in CHIP_DEFS.values()}
    assert board.image.offset == chips[board.chip].BOOTLOADER_FLASH_OFFSET


@pytest.mark.parametrize("kind", KINDS)
def test_kinds_are_those_that_boards_have(kind):
    device = KINDS[kind]
    module = importlib.import_module(f"mesh.device.{device.group}.{kind}")
    for leg in device.legs:
        if leg.to not in ("supply", "GND", "battery"):
            assert leg.to in module.OPTIONS, f"{kind} has no option {leg.to}"
    assert device.addresses == tuple(getattr(module, "ADDRESSES", ()))
    if device.addresses:
        assert device.address == device.addresses[0]
    ranges = {"" if name == "value" else name: span for name, span in device.ranges.items()}
    assert ranges == getattr(module, "RANGES", {}), "what it can measure"
    if device.group == "sensors" and ranges:
        assert set(ranges) == set(getattr(module, "UNITS", {"": module}))


def test_every_kind_that_takes_a_pin_has_data():
    for group in ("sensors", "actuators"):
        folder = hardware.root().parent / "mesh" / "device" / group
        for path in sorted(folder.glob("[a-z]*.py")):
            options = getattr(
                importlib.import_module(f"mesh.device.{group}.{path.stem}"), "OPTIONS", {}
            )
            if "pin" in options or "sda" in options:
                assert path.stem in KINDS, f"hardware/{group}/{path.stem} is missing"


def test_numbers_on_the_header():
    around, columns = hardware.board("pico_w").header, hardware.board("esp32").header
    assert around.position("left", 0) == "1"
    assert around.position("left", 19) == "20"
    assert around.position("right", 19) == "21"
    assert around.position("right", 0) == "40"
    assert columns.position("right", 1) == "J3-2"


@pytest.mark.parametrize(
    ("said", "label"),
    [(4, "GP4"), ("GP4", "GP4"), ("LED", "LED"), (24, None), (True, None), ("GP", None)],
)
def test_how_pins_are_named(said, label):
    pin = hardware.board("pico_w").pin(said)
    assert (pin and pin.label) == label
