"""The questions of `mesh flash`, and the options that answer them."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import typer

from mesh.boards.cable import board_files, usb
from mesh.boards.flash import find as flash_find
from mesh.boards.flash import new_settings
from mesh.boards.flash.find import Place
from mesh.boards.flash.new_settings import Settings
from mesh.boards.mishaps import Mishap, mishap
from mesh.cli.views import render
from mesh.core.errors import LocalError
from mesh.core.policy.checking import word
from mesh.hub import packaged
from mesh.hub.home.home import Home

PASSWORD = "MESH_WIFI_PASSWORD"  # noqa: S105 - the name of a variable
NAME, SSID = "Its name", "Name of its Wi-Fi network (2.4 GHz; Enter: none)"
SENSORS = "Its sensors, such as air=bme280 light=bh1750 (Enter: only free memory)"
FOLLOW = "Whom it is to follow, by name or id, * for all (Enter: nobody)"


class Given(NamedTuple):
    """Options of `mesh flash` for what the board is to be."""

    name: str | None
    wifi: str | None
    sensors: Sequence[str]
    follow: Sequence[str]
    file: Path | None


class Wanted(NamedTuple):
    """The result of options and answers."""

    settings: Settings
    follow: tuple[str, ...]


def has_person() -> bool:
    """Whether there is a terminal to ask at."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def place(port: str | None, yes: bool) -> Place:
    """Which board. If there are several, it is asked."""
    try:
        return flash_find.choose(port)
    except Mishap as error:
        if error.name != "several-boards" or yes or not has_person():
            raise
    there = flash_find.able(usb.find())
    for number, one in enumerate(there, 1):
        render.note(f"{number}  {flash_find.words(one)}")
    chosen = 0
    while not 0 < chosen <= len(there):
        chosen = int(typer.prompt("Which one", type=int, err=True))
    return flash_find.choose(there[chosen - 1].port)


def check(given: Given, home: Home, built: bool) -> None:
    """Check what can be checked without the board, before it is interrupted. MeshError.

    `built`: the firmware was built before, so it may have other kinds of sensors than ours.
    """
    made = new_settings.read_file(given.file) if given.file else {}
    sensors = dict(map(new_settings.sensor, given.sensors))
    name = {"name": given.name} if given.name else {}
    made = new_settings.merged(made, name | ({"sensors": sensors} if sensors else {}))
    new_settings.followed(given.follow, home)
    try:
        board_files.check_alone(made)
        for group in () if built else ("sensors", "actuators"):
            there = [path.stem for path in (packaged.PACKAGE / "device" / group).glob("[!_]*.py")]
            for thing, about in made.get(group, {}).items():
                word(about.get("kind", thing), f"{group}.{thing}.kind", there)
    except LocalError as error:
        raise new_settings.wrong(error) from error


def settings(given: Given, has_settings: bool, has_wifi: bool, yes: bool) -> Wanted:
    """The settings from options, and from questions for a board without any.

    Mishap if something is needed, and there is no terminal to ask at.
    """
    made = new_settings.read_file(given.file) if given.file else {}
    asking = not (has_settings or given.file or yes)
    if asking and not has_person():
        if given.name is None:
            raise mishap("settings-missing", what="its name", option="--name")
        asking = False
    name = given.name or (_ask(NAME) if asking else "")
    ssid = given.wifi or (_ask(SSID) if asking and has_wifi else "")
    sensors = list(given.sensors) or (_ask(SENSORS).split() if asking else [])
    follow = list(given.follow) or (_ask(FOLLOW).split() if asking else [])
    more: dict[str, Any] = {"name": name} if name else {}
    if ssid:
        more["wifi"] = [{"ssid": ssid} | password(ssid)]
    if sensors:
        more["sensors"] = dict(map(new_settings.sensor, sensors))
    return Wanted(new_settings.merged(made, more), tuple(follow))


def password(ssid: str) -> dict[str, str]:
    """The password of a network: $MESH_WIFI_PASSWORD, or asked for; "" for an open network."""
    found = os.environ.get(PASSWORD)
    if found is None and not has_person():
        what = f"the password of {ssid}"
        raise mishap("settings-missing", what=what, option=f"${PASSWORD} (empty: an open network)")
    if found is None:
        words = f"Password of {ssid} (Enter: an open network)"
        found = str(typer.prompt(words, default="", hide_input=True, show_default=False, err=True))
    return {"password": found} if found else {}


def _ask(words: str) -> str:
    return str(typer.prompt(words, default="", show_default=False, err=True)).strip()
