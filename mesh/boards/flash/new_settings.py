"""Creates the settings of a flashed board: its devices, its networks, and who introduced it."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from mesh.boards.catalogue import pins
from mesh.boards.catalogue.hardware import BoardData
from mesh.boards.mishaps import Mishap, mishap
from mesh.core import peer_id as ids
from mesh.core.errors import LocalError
from mesh.hub import packaged
from mesh.hub.home import naming, settings_words
from mesh.hub.home.home import Home
from mesh.hub.home.naming import Known
from mesh.hub.home.text import json_table, required

Settings = dict[str, Any]

FIRST_SENSOR = {"heap": {"every_s": 60}}  # on every board, so that there is a reading
MOST = 16_384  # most bytes of a settings file


class Holder(NamedTuple):
    """Who flashes the board. `id`: peer id as text; `name`: the board's name for it."""

    id: str
    name: str


def wrong(error: LocalError, where: str = "") -> Mishap:
    """The Mishap for invalid settings."""
    help = error.help or "docs/settings.md tells all keys"
    return mishap("settings-wrong", reason=where + error.detail, help=help)


def read(text: str, where: str) -> Settings:
    """Parse settings from JSON. Mishap."""
    try:
        help = "a board's settings are JSON: docs/settings.md has an example"
        return json_table(text, where, help)
    except LocalError as error:
        raise wrong(error) from error


def read_file(path: Path) -> Settings:
    """Read settings from a file. Mishap."""
    path = packaged.settings(path)
    try:
        text = required(path, MOST)
    except LocalError as error:
        raise wrong(error) from error
    return read(text, str(path))


def sensor(text: str) -> tuple[str, Settings]:
    """Parse a sensor, NAME[=KIND][,KEY=VALUE]..., into its name and its settings."""
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
    """The board's settings, with the given keys replaced.

    Sensors, actuators, names and what is in setup are added; a Wi-Fi network replaces one with its
    name.
    """
    made = dict(own) | given
    for key in ("sensors", "actuators", "names", "setup"):
        if key in own and key in given:
            made[key] = {**own[key], **given[key]}
    if "wifi" in own and "wifi" in given:
        fresh = [network.get("ssid") for network in given["wifi"]]
        kept = [network for network in own["wifi"] if network.get("ssid") not in fresh]
        made["wifi"] = [*given["wifi"], *kept]
    return made


def introduced(settings: Settings, holder: Holder, given: Settings) -> Settings:
    """Settings with the name of who flashes, as introduced_by unless `given` has that."""
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
    """`names` and `follow` for peers that this desktop knows by these words. Failure."""
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
    """Refuse what the board would refuse, or what its pins do not allow; gives warnings. Mishap.

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
    """Whether the board would have no network: it only has Wi-Fi, and no Wi-Fi network is set."""
    return board.port != "unix" and not settings.get("wifi")
