"""Wiring pictures: current, and no wire lies on another or runs through anything."""

import itertools
import json
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from mesh.boards.catalogue import hardware
from mesh.boards.catalogue.plan import plan
from mesh.boards.wiring import picture as wiring
from mesh.boards.wiring.wiring_layout import BOARD, BOX, layout
from mesh.core.errors import LocalError

ROOT = Path(__file__).parents[3]
EXAMPLES = sorted((ROOT / "hardware" / "examples").glob("*.json"))
KINDS = ("bme280", "bh1750", "sht3x", "ds18b20", "dht22", "soil", "battery", "pir", "button")


def example(path):
    return plan(None, json.loads(path.read_text()))


def crowded(board):
    """Every kind at once, each where the board can have it."""
    free = [
        pin
        for pin in hardware.board(board).pins.values()
        if pin.gpio is not None and not pin.never and not pin.warn
    ]
    buses = {label for wires in hardware.board(board).i2c.values() for label in wires}
    free = [pin for pin in free if pin.label not in buses]
    settings = {"sensors": {}, "actuators": {}}
    wants = {"soil": "adc", "battery": "adc", "ds18b20": "out", "dht22": "out", "pir": "out"}
    wants |= {"button": "out", "led": "out", "relay": "out"}
    for kind, need in wants.items():
        pin = next((pin for pin in free if need in pin.does), None)
        if pin is None:
            continue
        free.remove(pin)
        group = "actuators" if kind in ("led", "relay") else "sensors"
        settings[group][kind] = {"pin": pin.gpio, **({"divider": 3} if kind == "battery" else {})}
    settings["sensors"] |= {"bme280": {}, "bh1750": {}, "sht3x": {}}
    return plan(board, settings)


PLANS = [pytest.param(example(path), id=path.stem) for path in EXAMPLES]
PLANS += [pytest.param(crowded(name), id=name) for name in hardware.boards() if name != "unix"]


def segments(made):
    """Every straight piece of wire with its net: x1, y1, x2, y2 in order."""
    for side, nets in made.nets.items():
        for net in nets.values():
            for (x1, y1), (x2, y2) in wiring.pieces(made, side, net):
                yield net.name, (min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2))
    bridged = {n.name: n.bridge for nets in made.nets.values() for n in nets.values() if n.bridge}
    for name, y in bridged.items():
        yield name, (made.nets["left"][name].x, y, made.nets["right"][name].x, y)


@pytest.mark.parametrize("whole", PLANS)
def test_no_wire_lies_on_another(whole):
    made = layout(whole)
    for (a, one), (b, other) in itertools.combinations(segments(made), 2):
        if a == b:
            continue
        both_stand = one[0] == one[2] == other[0] == other[2]
        both_lie = one[1] == one[3] == other[1] == other[3]
        if both_stand:
            assert one[3] < other[1] or other[3] < one[1], (a, b)
        if both_lie:
            assert one[2] < other[0] or other[2] < one[0], (a, b)


@pytest.mark.parametrize("whole", PLANS)
def test_no_wire_runs_through_anything(whole):
    made = layout(whole)
    things = [(made.board_x, made.board_y, made.board_x + BOARD, made.board_y + made.board_height)]
    for box in made.boxes:
        x = made.edge(box.side) - (BOX if box.side == "left" else 0)
        things.append((x, box.y, x + BOX, box.y + box.height))
    for name, (x1, y1, x2, y2) in segments(made):
        for left, top, right, low in things:
            outside = x2 <= left or x1 >= right or y2 <= top or y1 >= low
            assert outside, f"{name} runs through something"


@pytest.mark.parametrize("whole", PLANS)
def test_every_leg_comes_to_its_pin(whole):
    made = layout(whole)
    wired = {(one.device, one.leg) for one in wiring.joins(whole)}
    assert wired == {(t.name, w.leg.label) for t in wiring.drawn(whole) for w in t.wires}
    for one in wiring.joins(whole):
        assert "pin" in one.place or one.place == "the battery's +", one
    for nets in made.nets.values():
        for net in nets.values():
            assert net.pad or net.bridge, f"{net.name} is joined to nothing"


@pytest.mark.parametrize("path", [pytest.param(path, id=path.stem) for path in EXAMPLES])
def test_pictures_are_current(path):
    picture = ROOT / "docs" / "pictures" / f"wiring-{path.stem}.svg"
    command = f"mesh hardware wiring {path.stem} -o {picture.relative_to(ROOT)}"
    assert picture.read_text() == wiring.draw(example(path)), f"run: {command}"
    assert ET.fromstring(picture.read_text()).tag.endswith("svg")


def test_words_of_settings_stay_words():
    text = wiring.draw(plan("pico_w", {"name": "<b>&", "sensors": {"bme280": {}}}))
    assert "&lt;b&gt;&amp;: Raspberry Pi Pico W" in text
    ET.fromstring(text)


def test_parts_are_counted():
    settings = {
        "sensors": {
            "a": {"kind": "ds18b20", "pin": 2, "rom": "28" * 8},
            "b": {"kind": "ds18b20", "pin": 2, "rom": "29" * 8},
            "c": {"kind": "dht22", "pin": 3},
            "battery": {"pin": 26, "divider": 2},
        },
        "actuators": {"led": {}},
    }
    found = {part: count for count, part, _ in wiring.parts(plan("pico_w", settings))}
    assert found == {
        "Raspberry Pi Pico W": 1,
        "DS18B20, bare or in a watertight sleeve": 2,
        "DHT22 (AM2302)": 1,
        "resistor 4.7 kΩ": 2,  # one for the shared wire
        "resistor 100 kΩ": 2,
    }


def test_a_divider_is_as_the_settings_say():
    settings = {"sensors": {"battery": {"pin": 26, "divider": 3.2}}}
    whole = plan("pico_w", settings)
    found = {part: count for count, part, _ in wiring.parts(whole)}
    assert found == {"Raspberry Pi Pico W": 1, "resistor 220 kΩ": 1, "resistor 100 kΩ": 1}
    assert ">220 kΩ<" in wiring.draw(whole)


def test_what_is_wrong_is_not_drawn():
    with pytest.raises(LocalError, match=r"sensors\.dht22\.pin"):
        wiring.draw(plan("pico_w", {"sensors": {"dht22": {"pin": 99}}}))


@pytest.mark.parametrize("board", ["unix", "pico_w"])
def test_nothing_to_wire(board):
    with pytest.raises(LocalError, match="nothing to wire"):
        wiring.draw(plan(board, {"sensors": {"heap": {}}, "actuators": {"led": {}}}))
