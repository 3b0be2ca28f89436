"""Checks of desktop settings: unknown kinds and options, settings for boards only."""

import os
import threading
from collections.abc import Iterable, Mapping
from typing import Any

from mesh.core.errors import LocalError
from mesh.core.policy.section import BOARD, Section
from mesh.core.policy.section_table import SECTIONS, THINGS, Sensor
from mesh.core.policy.settings import Profile
from mesh.hub.home import desktop_sections, settings_words
from mesh.hub.own.actuators import KINDS as ACTUATORS
from mesh.hub.own.sensor_kinds import KINDS

KIND = "desktop"
# what to do instead of sections that are for boards
INSTEAD = {
    "wifi": "a desktop's networks are joined by its own system",
    "setup": "a desktop opens no access point",
    "board": "it says which board settings are for",
    "wiring": "nothing is wired to a desktop",
    "promise": "promises of a desktop are stated by `mesh promise`",
    "watchdog_s": "systemd starts `mesh up` anew: Restart=on-failure",
    "sleep": "a desktop that sleeps is away, and says so to nobody",
    "console": "`mesh up --json` is for programs",
    "updates": "a desktop is updated by pip",
    "settings_from": "a desktop's settings are changed in its file",
}
OF_SENSORS = ("samples", "pause_ms", "average")
PATIENCE_S = 1.0  # wait for a disk that may hang


def parse(mapping: Mapping[str, Any], sections: Iterable[Section] = SECTIONS) -> Profile:
    """Check the settings of a desktop. Without `follow` it follows all peers that it has a name
    for. `sections`: the table.

    LocalError begins with the path of what is wrong.
    """
    rows = desktop_sections.table(sections)
    for row in rows:
        if row.flags & BOARD and row.key in mapping:
            what = f"settings: '{row.key}' is for boards, and these are a desktop's"
            raise LocalError(what, INSTEAD.get(row.key))
    profile = settings_words.parse(mapping, KIND, rows)
    if "ipv6" in profile.layers:
        what = "discovery.layers: 'ipv6' is for boards, and these are a desktop's"
        raise LocalError(what, "leave it out: a desktop uses IPv6 wherever it has it")
    for group, kinds in (("sensors", KINDS), ("actuators", ACTUATORS)):
        there = mapping.get(group, {})
        for name, thing in there.items():
            for key in OF_SENSORS:
                if key in thing:
                    help = "a desktop reads once each time; leave it out"
                    raise LocalError(f"{group}.{name}: '{key}' is for boards", help)
        general = {key: of for key, of in THINGS[group].items() if key not in OF_SENSORS}
        settings_words.things(there, kinds, group, general)
    return profile


def absent(sensors: Mapping[str, Sensor]) -> None:
    """LocalError if a sensor is to read a file that does not exist, as after a typing error.

    Except a `removable` one; a path that hangs counts as existing.
    """
    for name, sensor in sensors.items():
        path = sensor.options.get("path")
        if isinstance(path, str) and not sensor.options.get("removable") and _is_gone(path):
            raise LocalError(
                f"sensors.{name}.path: there is no '{path}'",
                "put the path right; for a disk that comes and goes: removable = true",
            )


def _is_gone(path: str) -> bool:
    found: list[bool] = []

    def look() -> None:
        try:
            os.stat(path)
        except (FileNotFoundError, NotADirectoryError):
            found.append(True)
        except OSError:
            return  # it exists in some way; its readings will show

    looking = threading.Thread(target=look, daemon=True)
    looking.start()
    looking.join(PATIENCE_S)
    return bool(found)
