"""Wiring plan from settings and a board's data: which leg of which device goes to which pin."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from mesh.boards.catalogue.devices import Device, Leg, devices
from mesh.boards.catalogue.hardware import BoardData, Pin, board
from mesh.core.errors import LocalError
from mesh.hub.home.settings_words import check_sections

RAILS = ("3V3", "5V", "GND")
MOST_THINGS = 64  # most things in a set-up


@dataclass(frozen=True)
class Wire:
    """A wire. `pin` is None if it goes to a rail or a battery, or if the setting is wrong."""

    leg: Leg
    net: str  # a rail, "battery", a pin's label; "" if it goes nowhere
    said: object = None  # the value in the settings, or None
    pin: Pin | None = None


@dataclass(frozen=True)
class Thing:
    """A sensor or actuator in the settings that needs wiring."""

    path: str  # "sensors.air"
    name: str
    device: Device
    options: Mapping[str, Any]
    supply: str  # the rail that supplies it, "" for none
    wires: tuple[Wire, ...]

    @property
    def bus(self) -> int:
        """The I2C bus."""
        bus = self.options.get("bus", 0)
        return bus if isinstance(bus, int) else -1

    @property
    def address(self) -> int | None:
        """Its address on the I2C bus."""
        address = self.options.get("address", self.device.address)
        try:
            return int(address, 0) if isinstance(address, str) else address
        except ValueError:
            return None  # not a number: reported by whoever checks options


@dataclass(frozen=True)
class Plan:
    """A whole set-up."""

    board: BoardData
    settings: Mapping[str, Any]
    things: tuple[Thing, ...]


def plan(chosen: str | None, settings: Mapping[str, Any]) -> Plan:
    """Plan a set-up on `chosen`, or on the board in the settings. LocalError.

    Kinds that need no wiring (heap, disk) are left out. pins.check() reports what is wrong.
    """
    check_sections(settings)
    name = chosen or settings.get("board")
    if not name:
        raise LocalError(
            "which board?", 'say --board pico_w, or "board": "pico_w" in the settings'
        )
    data = board(name)
    usual = replace(data, i2c=_buses(data, settings))
    things = []
    for group in ("sensors", "actuators"):
        for label, options in settings.get(group, {}).items():
            device = devices(group).get(options.get("kind", label))
            if device:
                things.append(_thing(usual, f"{group}.{label}", device, options, settings))
    if len(things) > MOST_THINGS:
        raise LocalError(f"more than {MOST_THINGS} sensors and actuators", "use a second board")
    return Plan(data, settings, tuple(things))


def _buses(data: BoardData, settings: Mapping[str, Any]) -> dict[int, tuple[str, str]]:
    """The pins of each bus: named for one device, they count for all on it."""
    buses = dict(data.i2c)
    for options in settings.get("sensors", {}).values():
        bus, (sda, scl) = options.get("bus", 0), map(options.get, ("sda", "scl"))
        if bus in buses and (sda is not None or scl is not None):
            own = data.pin(sda), data.pin(scl)
            first, second = (
                pin.label if pin else usual for pin, usual in zip(own, buses[bus], strict=True)
            )
            buses[bus] = first, second
    return buses


def _thing(
    data: BoardData,
    path: str,
    device: Device,
    options: Mapping[str, Any],
    settings: Mapping[str, Any],
) -> Thing:
    name = path.partition(".")[2]
    own = device.supply.rail if device.supply else ""
    supply = settings.get("wiring", {}).get(name, {}).get("supply", own) if own else ""
    wires = tuple(_wire(data, device, options, supply, leg) for leg in device.legs)
    if any(wire.pin and wire.pin.name for wire in wires):  # built into the board
        wires = tuple(wire for wire in wires if wire.pin)
    return Thing(path, name, device, options, supply, wires)


def _wire(
    data: BoardData, device: Device, options: Mapping[str, Any], supply: str, leg: Leg
) -> Wire:
    if leg.to == "supply":
        return Wire(leg, supply)
    if leg.to in (*RAILS, "battery"):
        return Wire(leg, leg.to)
    said = options.get(leg.to)
    pin = data.pin(_usual(data, device, options, leg) if said is None else said)
    return Wire(leg, pin.label if pin else "", said, pin)


def _usual(data: BoardData, device: Device, options: Mapping[str, Any], leg: Leg) -> str | None:
    """The default pin if the settings name none: as in mesh/device and the build."""
    if device.interface == "i2c":
        sda, scl = data.i2c.get(options.get("bus", 0), (None, None))
        return {"sda": sda, "scl": scl}.get(leg.to)
    return "LED" if device.kind == "led" else None


def complete(chosen: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings with the board's name and the pins of its I2C buses filled in.

    MicroPython's default pins are not those of every board. LocalError as in plan().
    """
    sensors = {name: dict(options) for name, options in settings.get("sensors", {}).items()}
    for thing in plan(chosen, settings).things:
        if thing.device.interface == "i2c" and thing.path.startswith("sensors."):
            for wire in thing.wires:
                if wire.pin and wire.pin.gpio is not None:
                    sensors[thing.name].setdefault(wire.leg.to, wire.pin.gpio)
    return {**settings, "board": chosen} | ({"sensors": sensors} if sensors else {})
