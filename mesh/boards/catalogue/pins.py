"""Checks the pins of a set-up before anything is wired or flashed."""

import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mesh.boards.catalogue.hardware import BoardData, Pin
from mesh.boards.catalogue.plan import Plan, Thing, Wire, plan
from mesh.core.errors import LocalError

FULL_V = 4.2  # a full lithium cell, the highest voltage at the battery's divider


@dataclass(frozen=True)
class Problem:
    """A finding. An "error" may break something or cannot work; a "warning" may."""

    level: str
    path: str  # in the settings
    detail: str
    help: str


def check(board: str | None, settings: Mapping[str, Any]) -> list[Problem]:
    """All problems of the settings on that board, errors first. LocalError."""
    return problems(plan(board, settings))


def refuse(board: str | None, settings: Mapping[str, Any]) -> list[Problem]:
    """LocalError at the first error; gives the warnings. For build and flash."""
    found = check(board, settings)
    for one in found:
        if one.level == "error":
            raise LocalError(f"{one.path}: {one.detail}", one.help or None)
    return found


def problems(whole: Plan) -> list[Problem]:
    """All problems of a plan, errors first."""
    if whole.board.header is None:  # a board without pins
        return []
    found = list(
        itertools.chain(
            *(_pins(whole, thing) for thing in whole.things),
            *(_volts(whole.board, thing) for thing in whole.things),
            _shared(whole),
            _buses(whole),
            _addresses(whole),
            _currents(whole),
        )
    )
    return sorted(dict.fromkeys(found), key=lambda one: one.level != "error")


def _pins(whole: Plan, thing: Thing) -> Iterator[Problem]:
    for wire in thing.wires:
        if wire.leg.to in ("supply", "GND", "battery"):
            continue
        path = f"{thing.path}.{wire.leg.to}"
        if wire.pin is None:
            yield _no_pin(whole, thing, wire, path)
        elif wire.pin.gpio is None and not wire.pin.name:
            yield _error(path, f"{wire.pin.label} is no GPIO pin", _instead(whole, wire, thing))
        elif wire.pin.never:
            yield _error(
                path, f"{named(wire.pin)} is {wire.pin.never}", _instead(whole, wire, thing)
            )
        else:
            yield from _able(whole, thing, wire, wire.pin)


def _no_pin(whole: Plan, thing: Thing, wire: Wire, path: str) -> Problem:
    board = whole.board
    if wire.said is not None:
        return _error(path, f"{board.name} has no pin {wire.said}", _instead(whole, wire, thing))
    if thing.device.interface == "i2c":
        buses = " and ".join(str(bus) for bus in board.i2c)
        return _error(
            f"{thing.path}.bus", f"{board.name} has no I2C bus {thing.bus}", f"it has {buses}"
        )
    return _error(path, f"which pin is {thing.device.part} at?", _instead(whole, wire, thing))


def _able(whole: Plan, thing: Thing, wire: Wire, pin: Pin) -> Iterator[Problem]:
    path = f"{thing.path}.{wire.leg.to}"
    for need in wire.leg.needs:
        if need == "pull" and thing.options.get("pull") == "none":
            continue
        if not can(whole.board, pin, need, thing.bus):
            yield _error(
                path, f"{named(pin)} {_why(pin, need, thing.bus)}", _instead(whole, wire, thing)
            )
            return
    if pin.warn:
        yield Problem("warning", path, f"{named(pin)}: {pin.warn}", _instead(whole, wire, thing))


def can(board: BoardData, pin: Pin, need: str, bus: int = 0) -> bool:
    """Whether a pin has what a leg needs: in, out, pwm, adc, pull, sda, scl (of `bus`)."""
    if need == "adc":
        return "adc" in pin.does or (board.adc2_with_wifi and "adc2" in pin.does)
    if need == "pull":  # input-only pins have no pull resistors either
        return "out" in pin.does
    if need in ("sda", "scl"):
        return "i2c" in pin.does or f"i2c{bus}.{need}" in pin.does
    return need in pin.does


def _why(pin: Pin, need: str, bus: int) -> str:
    if need == "adc" and "adc2" in pin.does:
        return "belongs to ADC2, which cannot measure while Wi-Fi is on"
    words = {
        "adc": "cannot measure a voltage",
        "out": "can only listen, it gives nothing out",
        "pull": "has no pull-up resistor",
        "sda": f"cannot be SDA of I2C bus {bus}",
        "scl": f"cannot be SCL of I2C bus {bus}",
    }
    return words.get(need, f"cannot do '{need}'")


def named(pin: Pin) -> str:
    """A pin as the settings, the board and its documents name it."""
    words = pin.label if pin.gpio is None else f"{pin.label} (GPIO {pin.gpio})"
    return f"{words}, printed {pin.printed}," if pin.printed else words


def _instead(whole: Plan, wire: Wire, thing: Thing) -> str:
    """A free pin that would do."""
    board, header = whole.board, whole.board.header
    taken = {other.net for one in whole.things for other in one.wires}
    for label in (*header.left, *header.right) if header else ():
        pin = board.pins[label]
        good = pin.gpio is not None and not pin.never and not pin.warn and label not in taken
        if good and all(can(board, pin, need, thing.bus) for need in wire.leg.needs):
            return f'use {pin.label}: "{wire.leg.to}": {pin.gpio}'
    return "no other pin of this board would do"


def _volts(board: BoardData, thing: Thing) -> Iterator[Problem]:
    device, limit = thing.device, board.limits["io_volts"].value
    rail = board.raw["rails"][thing.supply]["volts"] if thing.supply else 0.0
    if device.supply and not device.supply.min <= rail <= device.supply.max:
        yield _error(
            thing.path,
            f"{device.part} runs on {device.supply.min:g} to {device.supply.max:g} V, "
            f"and {thing.supply} has {rail:g} V",
            f'wire it to {device.supply.rail}: "wiring": {{"{thing.name}": '
            f'{{"supply": "{device.supply.rail}"}}}}',
        )
    volts = _signal(thing, rail)
    if volts is None:
        return
    if volts > limit:
        yield _error(
            thing.path,
            f"{device.part} gives {volts:g} V, and the pins of {board.name} bear {limit:g} V",
            'two equal resistors are "divider": 2'
            if device.volts == "divided"
            else "wire it to 3V3, or put a level shifter between",
        )
    elif device.interface == "adc" and volts > board.limits["adc_volts"].value:
        yield Problem(
            "warning",
            thing.path,
            f"it gives up to {volts:g} V, and {board.name} measures up to "
            f"{board.limits['adc_volts'].value:g} V: above that it reads the same",
            "divide it further" if device.volts == "divided" else "",
        )


def _signal(thing: Thing, rail: float) -> float | None:
    volts = thing.device.volts
    if volts == "supply":
        return rail
    if volts == "divided":
        divider = thing.options.get("divider", 1)
        good = isinstance(divider, int | float) and divider > 0
        return FULL_V / divider if good else FULL_V
    return float(volts) if isinstance(volts, int | float) else None


def _shared(whole: Plan) -> Iterator[Problem]:
    """Two devices on one pin."""
    first: dict[str, tuple[Thing, Wire]] = {}
    for thing in whole.things:
        for wire in thing.wires:
            if wire.pin:
                other, one = first.setdefault(wire.net, (thing, wire))
                if wire is not one:
                    yield from _both(whole, (other, one), (thing, wire))


def _both(whole: Plan, first: tuple[Thing, Wire], second: tuple[Thing, Wire]) -> Iterator[Problem]:
    (other, one), (thing, wire) = first, second
    interfaces = {other.device.interface, thing.device.interface}
    if interfaces == {"i2c"} and other.bus == thing.bus and one.leg.to == wire.leg.to:
        return
    if interfaces != {"onewire"}:
        yield _error(
            f"{thing.path}.{wire.leg.to}",
            f"{named(wire.pin) if wire.pin else wire.net} is taken by {other.path}",
            _instead(whole, wire, thing),
        )
    elif not ("rom" in other.options and "rom" in thing.options):
        yield _error(
            f"{thing.path}.rom",
            f"{other.path} is on the same wire, and the two cannot be told apart",
            "give each its rom, the 16 hex digits of its chip",
        )


def _buses(whole: Plan) -> Iterator[Problem]:
    """A bus needs one pair of wires."""
    first: dict[tuple[int, str], tuple[Thing, Wire]] = {}
    for thing in whole.things:
        if thing.device.interface != "i2c":
            continue
        for wire in thing.wires:
            if not wire.pin:
                continue
            before, other = first.setdefault((thing.bus, wire.leg.to), (thing, wire))
            if other.net != wire.net:
                yield _error(
                    f"{thing.path}.{wire.leg.to}",
                    f"I2C bus {thing.bus} has its {wire.leg.to} at {other.net} ({before.path}), "
                    f"and at {wire.net} here",
                    "the same pin for all on one bus, or another bus",
                )


def _addresses(whole: Plan) -> Iterator[Problem]:
    taken: dict[tuple[int, int], str] = {}
    for thing in whole.things:
        device, address = thing.device, thing.address
        if device.interface != "i2c" or address is None:
            continue
        free = [a for a in device.addresses if a != address and (thing.bus, a) not in taken]
        if address not in device.addresses:
            yield _error(
                f"{thing.path}.address",
                f"{device.part} cannot have the address {address:#04x}",
                "it can have " + _hex(device.addresses),
            )
        elif (thing.bus, address) in taken:
            yield _error(
                f"{thing.path}.address",
                f"{address:#04x} on I2C bus {thing.bus} is taken by {taken[thing.bus, address]}",
                f'set it to {_hex(free)} on the device and here: "address": {free[0]}'
                if free
                else "put it on another bus",
            )
        taken.setdefault((thing.bus, address), thing.path)


def _currents(whole: Plan) -> Iterator[Problem]:
    board = whole.board
    for rail, most in board.rails.items():
        those = [thing for thing in whole.things if thing.supply == rail]
        total = sum(thing.device.current.peak_ma for thing in those)
        if total > most.value:
            big = max(those, key=lambda thing: thing.device.current.peak_ma)
            yield _error(
                big.path,
                f"all at {rail} together take up to {total:g} mA, and it gives {most.value:g} mA",
                f"give {big.name} a supply of its own, and join the grounds",
            )
    legs = [(thing, wire) for thing in whole.things for wire in thing.wires if wire.pin]
    for thing, wire in legs:
        if wire.leg.ma > board.limits["pin_ma"].value:
            yield _error(
                f"{thing.path}.{wire.leg.to}",
                f"it takes {wire.leg.ma:g} mA from the pin, and a pin gives "
                f"{board.limits['pin_ma'].value:g} mA",
                "put a transistor between",
            )
    total = sum(wire.leg.ma for _, wire in legs)
    if "all_pins_ma" in board.limits and total > board.limits["all_pins_ma"].value:
        yield _error(
            "actuators",
            f"all pins together give {total:g} mA, and {board.name} bears "
            f"{board.limits['all_pins_ma'].value:g} mA",
            "put transistors between",
        )


def _hex(addresses: Iterable[int]) -> str:
    return " or ".join(f"{address:#04x}" for address in addresses)


def _error(path: str, detail: str, help: str) -> Problem:
    return Problem("error", path, detail, help)
