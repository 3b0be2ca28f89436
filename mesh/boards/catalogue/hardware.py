"""Boards, sensors and actuators as data: hardware/<group>/<name>/*.toml, found by folder name."""

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from mesh.boards.catalogue.hardware_schema import complaints
from mesh.core.errors import LocalError
from mesh.core.policy.suggest import near
from mesh.hub import packaged
from mesh.hub.home.text import decode, from_toml

Raw = Mapping[str, Any]
T = TypeVar("T")


@dataclass(frozen=True)
class Image:
    """The MicroPython image for a board."""

    kind: str  # "uf2", "esp" or "none"
    uf2_family: int = 0
    esp_chip_id: int = 0  # bytes 12 and 13 of an image's header
    offset: int = 0  # address in flash of an ESP image


@dataclass(frozen=True)
class Usb:
    """How a board appears on USB: "vendor:product" in hexadecimal digits."""

    ids: tuple[str, ...] = ()  # of its serial port; bridges are common to many boards
    bootloader_ids: tuple[str, ...] = ()
    bootsel: str = ""  # label of the drive that an RP2 shows


@dataclass(frozen=True)
class Memory:
    """Sizes with the official firmware, in KiB; 0: unknown."""

    heap_kib: int = 0
    flash_kib: int = 0
    fs_kib: int = 0


@dataclass(frozen=True)
class Figure:
    """A number, its source, and whether somebody has checked it there."""

    value: float
    source: str = ""
    checked: bool = False


@dataclass(frozen=True)
class Pin:
    """A pin of a header, or one that only has a name."""

    label: str
    gpio: int | None = None
    does: tuple[str, ...] = ()  # in, out, pwm, adc, adc2, i2c (any), i2c0.sda, ...
    rail: str = ""  # "3V3", "5V", "GND"
    printed: str = ""  # label on the board, if different
    name: bool = False  # whether the firmware knows it by its label only
    never: str = ""  # why nothing may be connected here
    warn: str = ""
    note: str = ""


@dataclass(frozen=True)
class Header:
    """The pins as seen from above: labels of both columns from top to bottom."""

    left: tuple[str, ...]
    right: tuple[str, ...]
    usb: str  # position of the USB socket: "top" or "bottom"
    numbering: str  # "around": left down, then right up; "columns": each from the top
    names: tuple[str, ...] = ("", "")

    def position(self, side: str, index: int) -> str:
        """The documents' number of the pin at `index` from the top of "left" or "right"."""
        if self.numbering == "columns":
            return f"{self.names[side == 'right']}-{index + 1}"
        if side == "left":
            return str(index + 1)
        return str(len(self.left) + len(self.right) - index)

    def places(self) -> dict[str, list[str]]:
        """The position of each label."""
        found: dict[str, list[str]] = {}
        for side, labels in (("left", self.left), ("right", self.right)):
            for i, label in enumerate(labels):
                found.setdefault(label, []).append(self.position(side, i))
        return found


@dataclass(frozen=True)
class BoardData:
    """A board: hardware/boards/<id>/board.toml."""

    id: str
    name: str
    chip: str
    march: str  # by mpy-cross's name
    port: str  # "rp2", "esp32" or "unix"
    micropython: str  # the official name in file names
    variants: tuple[str, ...]
    image: Image
    usb: Usb
    memory: Memory
    header: Header | None  # None: without pins
    pins: Mapping[str, Pin]
    i2c: Mapping[int, tuple[str, str]]  # bus: labels of its default sda and scl
    limits: Mapping[str, Figure]  # io_volts, adc_volts, pin_ma, all_pins_ma
    rails: Mapping[str, Figure]  # mA that "3V3" and "5V" can supply
    adc2_with_wifi: bool
    power: Mapping[str, Figure]  # mA by mode
    raw: Raw = field(repr=False)  # all of the file

    def pin(self, said: object) -> Pin | None:
        """The pin named in a setting: a GPIO number, a label, or what is printed there."""
        for pin in self.pins.values():
            if isinstance(said, bool):
                return None
            if isinstance(said, int) and pin.gpio == said and not pin.name:
                return pin
            if isinstance(said, str) and said in (pin.label, f"GPIO{pin.gpio}"):
                return pin
        return None


def root() -> Path:
    """The folder hardware/."""
    return packaged.folder("hardware")


@functools.cache
def boards() -> Mapping[str, BoardData]:
    """All boards by id. LocalError if a file is broken."""
    return {name: _board(name, data) for name, data in files("boards", "board").items()}


def board(name: str) -> BoardData:
    """One board by id. LocalError with the nearest name."""
    return choose(boards(), name, "board")


def choose(known: Mapping[str, T], name: str, what: str) -> T:
    """The one with that name. LocalError with the nearest name, or all names."""
    if name not in known:
        meant = near(name, known)
        raise LocalError(
            f"there is no {what} '{name}'",
            f"did you mean {meant}?" if meant else "there are " + ", ".join(known),
        )
    return known[name]


def files(group: str, stem: str) -> dict[str, dict[str, Any]]:
    """The decoded files of a group by folder name. LocalError names the file and the line."""
    found: dict[str, dict[str, Any]] = {}
    for path in sorted((root() / group).glob(f"*/{stem}.toml")):
        file = f"hardware/{group}/{path.parent.name}/{stem}.toml"
        data = from_toml(decode(path.read_bytes(), file), file)
        wrong = complaints(stem, data)
        if wrong:
            raise LocalError(f"{file}: {wrong[0]}", "\n".join(wrong[1:]) or None)
        found[path.parent.name] = data
    return found


def figures(table: Raw, value: str) -> dict[str, Figure]:
    """The entries of a table that have `value`, as figures."""
    return {
        name: Figure(row[value], row.get("source", ""), row.get("checked", False))
        for name, row in table.items()
        if value in row
    }


def _board(name: str, data: Raw) -> BoardData:
    usb, image, memory = data.get("usb", {}), data["image"], data.get("memory", {})
    limits = data.get("limits", {})
    return BoardData(
        id=name,
        name=data["name"],
        chip=data["chip"],
        march=data["march"],
        port=data["port"],
        micropython=data["micropython"],
        variants=tuple(data.get("variants", ())),
        image=Image(**image),
        usb=Usb(
            tuple(usb.get("ids", ())),
            tuple(usb.get("bootloader_ids", ())),
            usb.get("bootsel", ""),
        ),
        memory=Memory(*(memory.get(key, 0) for key in ("heap_kib", "flash_kib", "fs_kib"))),
        header=_header(data.get("header")),
        pins={label: _pin(label, row) for label, row in data.get("pins", {}).items()},
        i2c={int(bus): (row["sda"], row["scl"]) for bus, row in data.get("i2c", {}).items()},
        limits=figures(limits, "max"),
        rails=figures(data.get("rails", {}), "max_ma"),
        adc2_with_wifi=limits.get("adc2", {}).get("wifi", True),
        power=figures(data.get("power", {}), "ma"),
        raw=data,
    )


def _header(data: Raw | None) -> Header | None:
    if data is None:
        return None
    return Header(
        tuple(data["left"]),
        tuple(data["right"]),
        data["usb"],
        data["numbering"],
        tuple(data.get("names", ("", ""))),
    )


def _pin(label: str, row: Raw) -> Pin:
    rest = {key: value for key, value in row.items() if key != "does"}
    return Pin(label, does=tuple(row.get("does", "").split()), **rest)
