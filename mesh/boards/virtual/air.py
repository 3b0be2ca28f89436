"""What is in the air around a virtual board: Wi-Fi networks, and its own access point."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mesh.core.errors import LocalError
from mesh.hub.home import files
from mesh.hub.home.text import json_table, required

RADIO = Path(__file__).with_name("pretend_radio.py")
MODULE, FILE = "network.py", "air.json"
ACCESS_POINT = "127.0.0.2"  # the address of its access point
HELP = 'write it like {"networks": {"house": {"password": "correct horse"}}}'


def read(path: Path) -> dict[str, Any]:
    """Read what is in the air from a file. LocalError."""
    air = json_table(required(path), str(path), HELP)
    networks = air.get("networks", {})
    if not isinstance(networks, dict) or not all(isinstance(n, dict) for n in networks.values()):
        raise LocalError(f"{path}: networks is a table of tables", HELP)
    return air


def give(folder: Path, air: Mapping[str, Any]) -> None:
    """Give the board in a folder a pretend radio, or change what is in the air."""
    files.write(folder / MODULE, RADIO.read_bytes())
    files.write(folder / FILE, json.dumps(air).encode())
