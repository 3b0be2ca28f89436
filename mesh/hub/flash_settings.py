"""The settings that a flashed board gets: what it has, what its holder gives, and who that is."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from mesh.core import ids
from mesh.core.errors import LocalError
from mesh.hub import naming, packaged, pins, settings_words
from mesh.hub.hardware import BoardData
from mesh.hub.home import Home
from mesh.hub.mishaps import Mishap, mishap
from mesh.hub.naming import Known
from mesh.hub.text import json_table, required

Settings = dict[str, Any]

FIRST_SENSOR = {"heap": {"every_s": 60}}  # every board has it, so that there is something to see
MOST = 16_384  # bytes of a settings file


class Holder(NamedTuple):
    """Who flashes: `id` is the text of its peer's id, `name` what the board is to call it."""

    id: str
    name: str


def wrong(error: LocalError, where: str = "") -> Mishap:
    """The Mishap for settings that are not right."""
    help = error.help or "docs/settings.md tells all keys"
    return mishap("settings-wrong", reason=where + error.detail, help=help)


def read(text: str, where: str) -> Settings:
    """Settings out of JSON. Mishap: what is wrong with it."""
    try:
        help = "a board's settings are JSON: docs/settings.md has an example"
        return json_table(text, where, help)
    except LocalError as error:
        raise wrong(error) from error


def read_file(path: Path) -> Settings:
    """Settings out of a file. Mishap: what is wrong with it."""
    path = packaged.settings(path)
    try:
        text = required(path, MOST)
    except LocalError as error:
        raise wrong(error) from error
    return read(text, str(path))


def sensor(text: str) -> tuple[str, Settings]:
    """One sensor out of NAME[=KIND][,KEY=VALUE]...: its name and its settings."""
    first, *pairs = text.split(",")
    name, _, kind = first.partition("=")
    made: Settings = {"kind": kind} if kind else {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals:
            help = "write it like room=bme280,every_s=30"
            raise mishap("settings-wrong", reason=f"--sensor {text}: '{pair}'", help=help)
        try:
            made[key] = json.loads(value)
        except (ValueError, RecursionError):
            made[key] = value
    return name, made


def merged(own: Settings, given: Settings) -> Settings:
    """What the board has, with each key that is given in place of its own.

    Sensors, actuators and names are added; a Wi-Fi network takes the place of one of its name.
    """
    made = dict(own) | given
    for key in ("sensors", "actuators", "names"):
        if key in own and key in given:
            made[key] = {**own[key], **given[key]}
    if "wifi" in own and "wifi" in given:
        fresh = [network.get("ssid") for network in given["wifi"]]
        kept = [network for network in own["wifi"] if network.get("ssid") not in fresh]
        made["wifi"] = [*given["wifi"], *kept]
    return made


def introduced(settings: Settings, holder: Holder, given: Settings) -> Settings:
    """Settings that know who flashes: by name, as the one who introduced the board if `given` says
    nothing else.
    """
    names = dict(settings.get("names", {}))
    known = [name for name, peer in names.items() if peer == holder.id]
    name = known[0] if known else _free(names, holder)
    made = dict(settings) | {"names": names | {name: holder.id}}
    by = settings.get("introduced_by")
    if "introduced_by" not in given and names.get(by, by) != holder.id:
        made["introduced_by"] = name
    made.setdefault("sensors", FIRST_SENSOR)
    return made


def _free(names: Mapping[str, str], holder: Holder) -> str:
    return holder.name if holder.name not in names else f"{holder.name}-{holder.id[: ids.SHORT]}"


def followed(wanted: Sequence[str], home: Home) -> Settings:
    """`names` and `follow` for peers whom this desktop knows by these words. Failure: whom not."""
    if "*" in wanted:
        return {"follow": "*"}
    known = naming.remembered(home.path / naming.CACHE)
    known += [Known(ids.to_text(peer), "", name) for name, peer in home.profile().names.items()]
    names: Settings = {}
    follow = []
    for said in wanted:
        peer = Known(said) if len(said) == naming.ID_CHARACTERS else naming.find(said, known)
        if peer.label == peer.short:
            follow.append(peer.id)
        else:
            names[peer.label] = peer.id
            follow.append(peer.label)
    return {"names": names, "follow": follow}


def check(settings: Settings, board: BoardData, kinds: Mapping[str, Sequence[str]]) -> list[str]:
    """Refuse what the board would refuse, and what its pins do not allow; gives warnings. Mishap.

    `kinds`: those in the firmware, {"sensors": [...], "actuators": [...]}.
    """
    try:
        settings_words.parse(settings)
        for group, there in kinds.items():
            for name, thing in settings.get(group, {}).items():
                settings_words.choice(thing.get("kind", name), f"{group}.{name}.kind", there)
        return [f"{one.path}: {one.detail}" for one in pins.refuse(board.id, settings)]
    except LocalError as error:
        raise wrong(error) from error


def needs_network(settings: Settings, board: BoardData) -> bool:
    """Whether the board would have none: it has Wi-Fi alone, and no network of it is named."""
    return board.port != "unix" and not settings.get("wifi")
