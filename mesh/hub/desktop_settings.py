"""What only a desktop's settings can have wrong: kinds and options that no desktop knows, and
settings that are for boards.
"""

import os
import threading
from collections.abc import Mapping
from typing import Any

from mesh.core.errors import LocalError
from mesh.core.settings import SCHEMA, Profile, Sensor
from mesh.hub import settings_words
from mesh.hub.actuators import KINDS as ACTUATORS
from mesh.hub.sensor_kinds import KINDS
from mesh.hub.store.rules import SCHEMA as HISTORY
from mesh.hub.store.rules import Rules

KIND = "desktop"
# what a desktop would not heed, and what is to be done instead
FOR_BOARDS = {
    "wifi": "a desktop's networks are joined by its own system",
    "board": "it says which board settings are for",
    "wiring": "nothing is wired to a desktop",
    "watchdog_s": "systemd starts `mesh up` anew: Restart=on-failure",
    "sleep": "a desktop that sleeps is away, and says so to nobody",
    "console": "`mesh up --json` is for programs",
    "updates": "a desktop is updated by pip",
    "settings_from": "a desktop's settings are changed in its file",
}
OF_SENSORS = ("samples", "pause_ms", "average")
PATIENCE_S = 1.0  # for a disk that may stand still


def parse(mapping: Mapping[str, Any]) -> Profile:
    """The checked settings of a desktop, which follows whom it has a name for if they say nothing
    else. LocalError begins with the path of what is wrong.
    """
    for key, help in FOR_BOARDS.items():
        if key in mapping:
            raise LocalError(f"settings: '{key}' is for boards, and these are a desktop's", help)
    schema: dict[str, Any] = {key: of for key, of in SCHEMA.items() if key not in FOR_BOARDS}
    profile = settings_words.parse(mapping, KIND, schema)
    for group, kinds in (("sensors", KINDS), ("actuators", ACTUATORS)):
        there = mapping.get(group, {})
        for name, thing in there.items():
            for key in OF_SENSORS:
                if key in thing:
                    help = "a desktop reads once each time; leave it out"
                    raise LocalError(f"{group}.{name}: '{key}' is for boards", help)
        general = {k: of for k, of in schema[group]["*"].items() if k not in OF_SENSORS}
        settings_words.things(there, kinds, group, general)
    settings_words.check(profile.history, "history", HISTORY)
    Rules(profile)
    if "follow" not in mapping:
        profile.follow = list(profile.names.values())
    return profile


def absent(sensors: Mapping[str, Sensor]) -> None:
    """Raise LocalError if a sensor is to read what is not there, as after a slip of the pen.

    Not of one that is `removable`; and whatever stands still is taken to be there.
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
            return  # it is there, in some way: the reading tells

    looking = threading.Thread(target=look, daemon=True)
    looking.start()
    looking.join(PATIENCE_S)
    return bool(found)
