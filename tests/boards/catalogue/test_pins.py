"""Each thing that is refused, with where and what to do instead."""

import pytest

from mesh.boards.catalogue import hardware, pins
from mesh.boards.catalogue.plan import complete
from mesh.core.errors import LocalError

AIR = {"kind": "bme280"}
ROM = "28" * 8
GOOD = {
    "sensors": {"air": AIR, "light": {"kind": "bh1750"}, "heap": {}},
    "actuators": {"fan": {"kind": "relay", "pin": 21}},
}


def sensors(**options):
    return {"sensors": {"it": options}}


def two(first, second, group="sensors"):
    return {group: {"one": first, "two": second}}


# board, settings, where, what, and what to do instead
REFUSED = {
    "taken": (
        "pico_w", two({"kind": "dht22", "pin": 15}, {"kind": "button", "pin": 15}),
        "sensors.two.pin", "GP15 (GPIO 15) is taken by sensors.one", 'use GP0: "pin": 0',
    ),
    "taken by a bus": (
        "pico_w", two(AIR, {"kind": "button", "pin": "GP4"}),
        "sensors.two.pin", "is taken by sensors.one", "use GP0",
    ),
    "taken across groups": (
        "pico_w", sensors(kind="button", pin=3) | {"actuators": {"b": {"kind": "led", "pin": 3}}},
        "actuators.b.pin", "is taken by sensors.it", "use GP0",
    ),
    "lacking": (
        "pico_w", sensors(kind="dht22", pin=24),
        "sensors.it.pin", "Raspberry Pi Pico W has no pin 24", "use GP0",
    ),
    "lacking name": (
        "esp32", sensors(kind="dht22", pin="D5"),
        "sensors.it.pin", "has no pin D5", 'use IO32: "pin": 32',
    ),
    "none": ("pico_w", sensors(kind="dht22"), "sensors.it.pin", "which pin", "use GP0"),
    "no light of its own": (
        "esp32", {"actuators": {"led": {}}}, "actuators.led.pin", "which pin", "use IO32",
    ),
    "a rail": ("pico_w", sensors(kind="dht22", pin="3V3"), "sensors.it.pin", "no GPIO pin", "use"),
    "not analog": (
        "pico_w", sensors(kind="soil", pin=15),
        "sensors.it.pin", "cannot measure a voltage", 'use GP28: "pin": 28',
    ),
    "ADC2": (
        "esp32", sensors(kind="battery", pin=25, divider=2),
        "sensors.it.pin", "belongs to ADC2, which cannot measure while Wi-Fi is on", "use IO36",
    ),
    "input only": (
        "esp32", {"actuators": {"fan": {"kind": "relay", "pin": 34}}},
        "actuators.fan.pin", "can only listen", "use IO32",
    ),
    "input only, by pulse": (
        "esp32", {"actuators": {"arm": {"kind": "servo", "pin": 35}}},
        "actuators.arm.pin", "cannot do 'pwm'", "use IO32",
    ),
    "no pull": (
        "esp32", sensors(kind="button", pin=36),
        "sensors.it.pin", "has no pull-up resistor", "use IO32",
    ),
    "flash": (
        "esp32", sensors(kind="dht22", pin=6),
        "sensors.it.pin", "wired to the flash chip", "use IO32",
    ),
    "no SDA": (
        "pico_w", sensors(kind="bme280", sda=5, scl=5),
        "sensors.it.sda", "cannot be SDA of I2C bus 0", 'use GP0: "sda": 0',
    ),
    "wrong bus": (
        "pico_w", sensors(kind="bme280", bus=1, sda=4, scl=7),
        "sensors.it.sda", "cannot be SDA of I2C bus 1", "use GP2",
    ),
    "no bus": (
        "esp32_c3", sensors(kind="bme280", bus=1),
        "sensors.it.bus", "has no I2C bus 1", "it has 0",
    ),
    "two pairs of wires": (
        "esp32", two({**AIR, "sda": 19}, {"kind": "bh1750", "sda": 21}),
        "sensors.two.sda", "has its sda at IO19 (sensors.one), and at IO21 here", "the same pin",
    ),
    "addresses": (
        "pico_w", two(AIR, {**AIR, "address": 0x76}),
        "sensors.two.address", "0x76 on I2C bus 0 is taken by sensors.one",
        '0x77 on the device and here: "address": 119',
    ),
    "addresses as text": (
        "pico_w", two({"kind": "sht3x", "address": "0x45"}, {"kind": "sht3x", "address": 69}),
        "sensors.two.address", "0x45 on I2C bus 0 is taken", "0x44",
    ),
    "no such address": (
        "pico_w", sensors(kind="bh1750", address=0x24),
        "sensors.it.address", "cannot have the address 0x24", "it can have 0x23 or 0x5c",
    ),
    "5 V into a chip for 3.3 V": (
        "pico_w", sensors(**AIR) | {"wiring": {"it": {"supply": "5V"}}},
        "sensors.it", "runs on 1.71 to 3.6 V, and 5V has 5 V", "wire it to 3V3",
    ),
    "5 V on a 3.3 V pin": (
        "pico_w", sensors(kind="ds18b20", pin=2) | {"wiring": {"it": {"supply": "5V"}}},
        "sensors.it", "gives 5 V, and the pins of Raspberry Pi Pico W bear 3.3 V", "level shifter",
    ),
    "battery undivided": (
        "esp32", sensors(kind="battery", pin=34),
        "sensors.it", "gives 4.2 V", 'two equal resistors are "divider": 2',
    ),
    "too little supply": (
        "pico_w", sensors(kind="pir", pin=2) | {"wiring": {"it": {"supply": "3V3"}}},
        "sensors.it", "runs on 4.5 to 20 V, and 3V3 has 3.3 V", "wire it to 5V",
    ),
    "too much current": (
        "pico_w", two({"kind": "servo", "pin": 2}, {"kind": "servo", "pin": 4}, "actuators"),
        "actuators.one", "take up to 500 mA, and it gives 400 mA", "a supply of its own",
    ),
    "too much current of all pins": (
        "pico_w", {"actuators": {f"l{i}": {"kind": "led", "pin": i} for i in range(11)}},
        "actuators", "all pins together give 55 mA", "transistors",
    ),
    "two on one wire": (
        "pico_w", two({"kind": "ds18b20", "pin": 2}, {"kind": "ds18b20", "pin": 2, "rom": ROM}),
        "sensors.two.rom", "cannot be told apart", "give each its rom",
    ),
}  # fmt: skip

# board, settings, where, what
WARNED = {
    "strapping": ("esp32", sensors(kind="dht22", pin=12), "sensors.it.pin", "strapping pin"),
    "console": ("esp32_s3", sensors(kind="dht22", pin=43), "sensors.it.pin", "serial console"),
    "USB": ("esp32_c3", sensors(kind="dht22", pin=18), "sensors.it.pin", "USB D-"),
    "cut off": ("esp32", sensors(kind="soil", pin=34), "sensors.it", "measures up to 2.45 V"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name):
    board, settings, path, words, instead = REFUSED[name]
    (found,) = [
        p
        for p in pins.check(board, settings)
        if p.level == "error" and p.path == path and words in p.detail
    ]
    assert instead in found.help
    with pytest.raises(LocalError):
        pins.refuse(board, settings)


@pytest.mark.parametrize("name", WARNED)
def test_warned(name):
    board, settings, path, words = WARNED[name]
    (found,) = pins.check(board, settings)
    assert (found.level, found.path) == ("warning", path)
    assert words in found.detail
    assert pins.refuse(board, settings) == [found]


def test_a_device_with_5_v_on_its_output_is_refused(own):
    data = (own / "sensors/pir/sensor.toml").read_text()
    (own / "sensors/pir/sensor.toml").write_text(data.replace("volts = 3.3", "volts = 5.0"))
    (found,) = pins.check("pico_w", sensors(kind="pir", pin=2))
    assert (found.level, found.path) == ("error", "sensors.it")
    assert "gives 5 V" in found.detail


def test_what_an_output_takes_is_limited(own):
    data = (own / "actuators/led/actuator.toml").read_text()
    (own / "actuators/led/actuator.toml").write_text(data.replace("ma = 5", "ma = 30"))
    (found,) = pins.check("esp32", {"actuators": {"lamp": {"kind": "led", "pin": 25}}})
    assert found.path == "actuators.lamp.pin"
    assert "a pin gives 20 mA" in found.detail


@pytest.mark.parametrize("board", [name for name in hardware.boards() if name != "unix"])
def test_what_is_offered_instead_is_good(board):
    """Follow the advice until nothing is wrong."""
    settings = {
        "sensors": {"air": dict(AIR), "light": {"kind": "bh1750"}, "a": {"kind": "soil"}},
        "actuators": {
            "b": {"kind": "relay"},
            "c": {"kind": "switch"},
            "d": {"kind": "led", "pin": 99},
        },
    }
    for _ in range(10):
        errors = [p for p in pins.check(board, settings) if p.level == "error"]
        if not errors:
            break
        group, name, option = errors[0].path.split(".")
        settings[group][name][option] = int(errors[0].help.rpartition(" ")[2])
    assert errors == []


@pytest.mark.parametrize("board", list(hardware.boards()))
def test_nothing_is_wrong(board):
    there = hardware.board(board).pins.values()
    plain = [p for p in there if "out" in p.does and not (p.never or p.warn or p.name)]
    buses = [label for wires in hardware.board(board).i2c.values() for label in wires]
    free = [p.gpio for p in plain if p.label not in buses] or [1]
    good = GOOD | {"actuators": {"fan": {"kind": "relay", "pin": free[0]}}}
    assert pins.check(board, good) == []


def test_several_may_share():
    share = {"ds18b20": {"pin": 2, "rom": "28" * 8}}
    wired = two(
        {"kind": "ds18b20", **share["ds18b20"]}, {"kind": "ds18b20", "pin": 2, "rom": "29" * 8}
    )
    assert pins.check("pico_w", wired) == []
    both = two({"kind": "sht3x"}, {"kind": "sht3x", "address": 0x45})
    assert pins.check("pico_w", both) == []
    named = two(AIR, {"kind": "bh1750", "sda": 21, "scl": 22})  # for both
    assert pins.check("esp32", named) == []
    buses = two(AIR, {**AIR, "bus": 1})
    assert pins.check("pico_w", buses) == []


def test_a_button_may_bring_its_own_resistor():
    assert pins.check("esp32", sensors(kind="button", pin=34, pull="none")) == []


def test_the_board_stands_in_the_settings():
    assert pins.check(None, GOOD | {"board": "pico_w"}) == []
    with pytest.raises(LocalError, match="which board"):
        pins.check(None, GOOD)


def test_settings_are_checked_first():
    with pytest.raises(LocalError, match="sensors"):
        pins.check("pico_w", {"sensors": 5})


def test_pins_of_buses_are_written_down():
    made = complete("esp32_c3", {"name": "x", **two(AIR, {"kind": "button", "pin": 3})})
    assert made["sensors"]["one"] == {"kind": "bme280", "sda": 6, "scl": 7}
    assert made["sensors"]["two"] == {"kind": "button", "pin": 3}
    assert (made["board"], made["name"]) == ("esp32_c3", "x")
    own = two({**AIR, "sda": 4, "scl": 5}, {"kind": "heap"})
    assert complete("esp32_c3", own)["sensors"] == own["sensors"]
