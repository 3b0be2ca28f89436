"""Run a board without hardware: what goes on a board, on MicroPython's unix port.

Usage: .venv/bin/python tools/board.py FOLDER

The first time it makes FOLDER with a settings.json to change (docs/settings.md); its files are
compiled anew each time, its key and settings stay. Ctrl-C switches it off.
"""

import json
import sys
import time
from pathlib import Path

from mesh.core import ids
from mesh.core.errors import MeshError
from mesh.hub.boards import VirtualBoard, build
from mesh.hub.home import Home

SENSORS = ("heap", "load", "memory", "uptime")


def main(folder: Path) -> int:
    """Build, start, and pass on what its console tells."""
    file = folder / "settings.json"
    try:
        settings = file.read_text() if file.exists() else json.dumps(first(folder.name), indent=2)
        build(folder)
        file.write_text(settings.strip() + "\n")
        with VirtualBoard(folder, heard=lambda line: print(line, flush=True)) as board:
            return watch(board)
    except MeshError as error:
        print(f"{error.detail}\n  {error.help or ''}", file=sys.stderr)
        return 1


def first(name) -> dict[str, object]:
    """Settings to begin with. Whoever has a peer here introduces the board."""
    own = Home().peer_id()
    return {
        "name": name,
        "port": 0,
        **({"introduced_by": ids.to_text(own)} if own else {}),
        "sensors": {kind: {"every_s": 10} for kind in SENSORS},
        "actuators": {"led": {"kind": "led"}},
    }


def watch(board) -> int:
    """Wait until it ends, or Ctrl-C asks for that."""
    try:
        while board.is_running:
            time.sleep(0.1)
    except KeyboardInterrupt:
        return board.stop()
    return board.wait_end()


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        sys.exit(__doc__)
    sys.exit(main(Path(sys.argv[1])))
