"""Sensors and actuators as data: hardware/sensors/<kind>/sensor.toml, and actuators likewise."""

import functools
from collections.abc import Mapping
from dataclasses import dataclass

from mesh.boards.catalogue.hardware import Raw, choose, files

STEMS = {"sensors": "sensor", "actuators": "actuator"}


@dataclass(frozen=True)
class Leg:
    """A pin of a device."""

    label: str
    to: str  # "supply", "GND", "battery", or the option that names a pin of the board
    needs: tuple[str, ...] = ()  # what that pin must support
    ma: float = 0.0  # mA drawn from the board's pin


@dataclass(frozen=True)
class Extra:
    """An extra part, such as a resistor: between two legs, or in a leg's wire."""

    part: str
    why: str
    joins: tuple[str, ...] = ()
    in_wire: str = ""


@dataclass(frozen=True)
class Supply:
    """Supply of a device, in volts."""

    rail: str
    min: float
    max: float


@dataclass(frozen=True)
class Current:
    """Current of a device: at rest in uA, and while it measures or is on in mA."""

    rest_ua: float
    active_ua: float
    active_ms: float  # duration of a measurement; 0: while it is on
    peak_ma: float
    source: str
    checked: bool


@dataclass(frozen=True)
class Device:
    """A kind of sensor or actuator."""

    kind: str
    group: str  # "sensors" or "actuators"
    title: str
    part: str
    made: bool  # not a part to buy: made of the extras
    interface: str  # i2c, onewire, gpio, adc, pwm
    measures: tuple[str, ...]
    notes: tuple[str, ...]
    supply: Supply | None
    addresses: tuple[int, ...]
    address: int | None  # default I2C address
    volts: (
        float | str | None
    )  # voltage of its signal: a number, "supply", "divided"; None: input only
    legs: tuple[Leg, ...]
    extras: tuple[Extra, ...]
    current: Current
    ranges: Mapping[str, tuple[float, float]]  # range by quantity, or "value"


@functools.cache
def devices(group: str) -> Mapping[str, Device]:
    """All kinds of "sensors" or "actuators". LocalError if a file is broken."""
    return {kind: _device(kind, group, data) for kind, data in files(group, STEMS[group]).items()}


def sensors() -> Mapping[str, Device]:
    """All kinds of sensors that need wiring."""
    return devices("sensors")


def actuators() -> Mapping[str, Device]:
    """All kinds of actuators that need wiring."""
    return devices("actuators")


def device(kind: str) -> Device:
    """The kind of that name. LocalError with the nearest name."""
    return choose({**sensors(), **actuators()}, kind, "sensor or actuator")


def _device(kind: str, group: str, data: Raw) -> Device:
    supply, bus = data.get("supply"), data.get("bus", {})
    return Device(
        kind=kind,
        group=group,
        title=data["title"],
        part=data["part"],
        made=data.get("made", False),
        interface=data["interface"],
        measures=tuple(data.get("measures", ())),
        notes=tuple(data.get("notes", ())),
        supply=Supply(supply["rail"], supply["min"], supply["max"]) if supply else None,
        addresses=tuple(bus.get("addresses", ())),
        address=bus.get("default"),
        volts=data.get("signal", {}).get("volts"),
        legs=tuple(
            Leg(label, row["to"], tuple(row.get("needs", "").split()), row.get("ma", 0.0))
            for label, row in data["pins"].items()
        ),
        extras=tuple(
            Extra(row["part"], row["why"], tuple(row.get("joins", ())), row.get("in_wire", ""))
            for row in data.get("with", ())
        ),
        current=Current(**data["current"]),
        ranges={name: (row["min"], row["max"]) for name, row in data.get("ranges", {}).items()},
    )
