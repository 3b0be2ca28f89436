"""Boards, sensors and actuators as data: hardware/<group>/<name>/*.toml, found by folder name."""

import functools
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mesh.core.errors import LocalError
from mesh.core.settings import near


@dataclass(frozen=True)
class Image:
    """MicroPython itself, as a file: what it has to be for this board."""

    kind: str  # "uf2", "esp" or "none"
    uf2_family: int = 0
    esp_chip_id: int = 0  # bytes 12 and 13 of an image's header
    offset: int = 0  # where in flash an ESP image goes


@dataclass(frozen=True)
class Usb:
    """How a board shows on USB: "vendor:product" in hexadecimal digits."""

    ids: tuple[str, ...] = ()  # of its serial port; bridges are shared by many boards
    bootloader_ids: tuple[str, ...] = ()
    bootsel: str = ""  # label of the drive that an RP2 shows


@dataclass(frozen=True)
class Memory:
    """Sizes with the official firmware, in KiB; 0 is unknown."""

    heap_kib: int = 0
    flash_kib: int = 0
    fs_kib: int = 0


@dataclass(frozen=True)
class BoardData:
    """One board: hardware/boards/<id>/board.toml."""

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
    raw: Mapping[str, Any] = field(repr=False)  # all of the file


def root() -> Path:
    """The folder hardware/: beside mesh/ in a checkout, inside it when installed."""
    package = Path(__file__).resolve().parent.parent
    beside = package.parent / "hardware"
    return beside if (beside / "boards").is_dir() else package / "hardware"


@functools.cache
def boards() -> Mapping[str, BoardData]:
    """All boards by id. LocalError if a file is broken."""
    return {name: _board(name, data) for name, data in _files("boards", "board").items()}


def board(name: str) -> BoardData:
    """One board by id. LocalError with the nearest name."""
    known = boards()
    if name not in known:
        meant = near(name, known)
        raise LocalError(
            f"there is no board '{name}'",
            f"did you mean {meant}?" if meant else "there are " + ", ".join(known),
        )
    return known[name]


def _files(group: str, stem: str) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for path in sorted((root() / group).glob(f"*/{stem}.toml")):
        try:
            found[path.parent.name] = tomllib.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise LocalError(f"hardware/{group}/{path.parent.name}/{stem}.toml: {error}") from None
    return found


def _board(name: str, data: Mapping[str, Any]) -> BoardData:
    usb = data.get("usb", {})
    image = data["image"]
    memory = data.get("memory", {})
    return BoardData(
        id=name,
        name=data["name"],
        chip=data["chip"],
        march=data["march"],
        port=data["port"],
        micropython=data["micropython"],
        variants=tuple(data.get("variants", ())),
        image=Image(
            image["kind"],
            image.get("uf2_family", 0),
            image.get("esp_chip_id", 0),
            image.get("offset", 0),
        ),
        usb=Usb(
            tuple(usb.get("ids", ())),
            tuple(usb.get("bootloader_ids", ())),
            usb.get("bootsel", ""),
        ),
        memory=Memory(*(memory.get(key, 0) for key in ("heap_kib", "flash_kib", "fs_kib"))),
        raw=data,
    )
