"""Interactive session with a virtual board: prepares its folder, starts it, shows its console."""

import asyncio
import json
import tempfile
from collections.abc import AsyncGenerator, Mapping
from pathlib import Path
from typing import Any

from mesh.boards.cable.cable import Cable
from mesh.boards.virtual import air, process
from mesh.boards.virtual.virtual_board import Virtual
from mesh.core import peer_id as ids
from mesh.hub.home import files
from mesh.hub.home.home import Home

SENSORS = ("heap", "load", "memory", "uptime")
SETTINGS = "settings.json"
Item = dict[str, Any]


async def run(
    folder: Path,
    heap: str,
    flash: str,
    blank: bool,
    home: Path | None,
    around: Mapping[str, Any] | None = None,
) -> AsyncGenerator[Item, None]:
    """Run a board. Yields {"port": path} first, then {"line": text} for each console line.
    LocalError. `around`: what is in the air, in the form of air.give().
    """
    lines: asyncio.Queue[str] = asyncio.Queue()
    loop = asyncio.get_running_loop()

    def heard(line: str) -> None:
        loop.call_soon_threadsafe(lines.put_nowait, line)

    board = Virtual(folder, heap, flash=flash or None, heard=heard)
    if not blank and not flash:
        await asyncio.to_thread(prepare, folder, home)
    if around is not None:
        await asyncio.to_thread(air.give, folder, around)
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
    """Build a board's files into its folder; existing settings and identity stay."""
    file = folder / SETTINGS
    text = file.read_text(encoding="utf-8") if file.exists() else ""
    process.build(folder)
    text = text or json.dumps(first(folder.name, home), indent=2) + "\n"
    files.write(file, text.encode())


def _install(board: Virtual, name: str, home: Path | None) -> None:
    """Install the files onto its flash, over the cable."""
    with tempfile.TemporaryDirectory() as made, Cable(board.port) as cable:
        root = Path(made)
        process.build(root, first(name, home))
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
    """First settings. If there is a peer here, it introduces the board."""
    own = Home(home).peer_id()
    return {
        "name": name,
        "port": 0,
        **({"introduced_by": ids.to_text(own)} if own else {}),
        "sensors": {kind: {"every_s": 10} for kind in SENSORS},
        "actuators": {"led": {"kind": "led"}},
    }
