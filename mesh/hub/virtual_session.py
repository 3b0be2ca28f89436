"""A virtual board for a person: its folder made ready, switched on, and its console passed on."""

import asyncio
import json
import tempfile
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

from mesh.core import ids
from mesh.hub import boards, files
from mesh.hub.cable import Cable
from mesh.hub.home import Home
from mesh.hub.virtual import Virtual

SENSORS = ("heap", "load", "memory", "uptime")
SETTINGS = "settings.json"
Item = dict[str, Any]


async def run(
    folder: Path, heap: str, flash: str, blank: bool, home: Path | None
) -> AsyncGenerator[Item, None]:
    """{"port": path} first, then {"line": text} for each line of its console. LocalError."""
    lines: asyncio.Queue[str] = asyncio.Queue()
    loop = asyncio.get_running_loop()

    def heard(line: str) -> None:
        loop.call_soon_threadsafe(lines.put_nowait, line)

    board = Virtual(folder, heap, flash=flash or None, heard=heard)
    if not blank and not flash:
        await asyncio.to_thread(prepare, folder, home)
    try:
        board.start()
        if not blank and flash:
            await asyncio.to_thread(_install, board, folder.name, home)
        yield {"port": board.port}
        while board.is_running or not lines.empty():
            try:
                async with asyncio.timeout(1):
                    yield {"line": await lines.get()}
            except TimeoutError:
                continue
    finally:
        board.kill()


def prepare(folder: Path, home: Path | None) -> None:
    """Build what goes on a board into its folder; settings and identity that are there stay."""
    file = folder / SETTINGS
    text = file.read_text(encoding="utf-8") if file.exists() else ""
    boards.build(folder)
    text = text or json.dumps(first(folder.name, home), indent=2) + "\n"
    files.write(file, text.encode())


def _install(board: Virtual, name: str, home: Path | None) -> None:
    """The same onto a flash of its own, over the cable."""
    with tempfile.TemporaryDirectory() as made, Cable(board.port) as cable:
        root = Path(made)
        boards.build(root, first(name, home))
        files = {
            path.relative_to(root).as_posix(): path.read_bytes()
            for path in sorted(root.rglob("*"))
            if path.is_file()
        }
        if cable.get(SETTINGS) is not None:
            del files[SETTINGS]
        cable.put_all(files)
        cable.restart()


def first(name: str, home: Path | None) -> Item:
    """Settings to begin with. Whoever has a peer here introduces the board."""
    own = Home(home).peer_id()
    return {
        "name": name,
        "port": 0,
        **({"introduced_by": ids.to_text(own)} if own else {}),
        "sensors": {kind: {"every_s": 10} for kind in SENSORS},
        "actuators": {"led": {"kind": "led"}},
    }
