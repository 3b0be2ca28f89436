"""The greenhouse of the demo: peers, settings, and what holders let their boards agree to."""

from collections.abc import Mapping
from pathlib import Path

from mesh.core import peer_id
from mesh.hub.home import files
from mesh.lab.demo.boards import LIMITS, LOOPBACK

ANN = "ann"  # a desktop
BOARDS = ("door", "soil", "roof", "tank")
GOAL = "the seedlings live"
NEED = 3  # of the five have to say yes
WARM = 27  # degrees in the greenhouse
# sooner than the defaults, so that who was cut off is found again soon
SOON = {"check_ms": 3000, "max_retransmit": 2, "rejoin_ms": 2000, "query_ms": 2000}
HEAP = "512k"
THERMOMETER = "thermometer"
DESKTOP = (
    f'name = "{ANN}"\nfollow = "*"\n\n[limits]\n'
    + "".join(f"{name} = {value}\n" for name, value in SOON.items())
)  # fmt: skip

# what the holder of each board wrote down; the first row that is about something counts
COOLEST, HOTTEST, LONGEST_S = 20, 32, 60
WIDEST, OPEN_S = 45, 60
CONSENT: tuple[Mapping[str, object], ...] = (
    {"term": "members", "answer": "yes"},
    {"term": "when", "on": "fan", "low": COOLEST, "high": HOTTEST, "answer": "yes"},
    {"term": "when", "on": "fan", "answer": "never"},
    {"term": "when", "on": "lamp", "seconds": LONGEST_S, "answer": "yes"},
)
WINDOW = {"term": "act", "on": "window", "low": 0, "high": WIDEST, "seconds": OPEN_S}


def first_settings(name: str) -> dict[str, object]:
    """Settings of a board that does not know yet who there is: nobody introduced it."""
    return {
        "name": name,
        "port": 0,
        "console": "json",
        "follow": "*",
        "sensors": {"temperature": {"every_s": 1, "path": THERMOMETER}},
        "actuators": {"fan": {"kind": "switch"}, "lamp": {"kind": "switch"}},
        "discovery": {"interface": LOOPBACK},
        "limits": LIMITS | SOON,
    }


def settings_of(name: str, ids: Mapping[str, bytes]) -> dict[str, object]:
    """Settings of a board, once the ids of all are known: with whom it forms agreements, and what
    it may agree to.
    """
    others = [other for other in (ANN, *BOARDS) if other != name]
    rows = [{"who": others, **row} for row in CONSENT]
    settings = first_settings(name) | {
        "names": {other: peer_id.to_text(ids[other]) for other in others},
        "relations": others,
        "consent": rows,
    }
    if name == "door":  # it has a window besides
        first = first_settings(name)["actuators"]
        window = {"window": {"kind": "servo", "start": 0}}
        settings["actuators"] = (first if isinstance(first, dict) else {}) | window
        settings["consent"] = [*rows, {"who": others, **WINDOW, "answer": "yes"}]
    return settings


def warm(folder: Path, degrees: float) -> None:
    """Set the thermometer of the board in a folder."""
    files.write(folder / THERMOMETER, f"{degrees * 1000:.0f}\n".encode())
