"""A whole board: how small, how little heap, how soon its first reading is checked."""

import asyncio
import tempfile
import time
from pathlib import Path

from mesh.boards.virtual import process
from mesh.boards.virtual.process import VirtualBoard
from mesh.core import peer_id
from mesh.core.events import Reading
from mesh.hub.desktop_peer import HubPeer
from mesh.hub.home.home import Home

# a trade of its own between size and time
NOT_COUNTED = ("ed25519", "field25519", "scalar25519", "sha512", "tables25519")
SETTINGS = {
    "name": "board",
    "port": 0,
    "console": "json",
    "sensors": {"load": {"kind": "load", "every_s": 1}, "heap": {"kind": "heap", "every_s": 1}},
    "follow": "*",
    "discovery": {"interface": "127.0.0.1"},
}


def sizes(folder):
    """(bytes of core and device, bytes of Ed25519 and SHA-512) as .mpy."""
    files = list((folder / "mesh").rglob("*.mpy"))
    extra = sum(f.stat().st_size for f in files if f.stem in NOT_COUNTED)
    return sum(f.stat().st_size for f in files) - extra, extra


def least_heap(folder):
    """The least KiB of heap with which a board joins and measures."""

    def start(heap):
        return VirtualBoard(folder, heap)

    return process.find_least_heap(start, "measured")


async def first_reading(folder, times):
    """Sorted ms from a board's "joined" to its first checked reading on a running desktop."""
    took = []
    with tempfile.TemporaryDirectory() as home_folder:
        home = Home(home_folder)
        home.path.mkdir(exist_ok=True)
        home.settings_file.write_text('follow = "*"\n', encoding="utf-8")
        with home:
            peer = HubPeer(home, interfaces=["127.0.0.1"], port=0, sensed={})
            async with peer:
                for _ in range(times):
                    (folder / "identity").unlink(missing_ok=True)  # a newcomer each time
                    took.append(await _one_newcomer(peer, folder))
    return sorted(took)


async def _one_newcomer(peer, folder):
    joined = []

    def heard(line):
        if '"joined"' in line:
            joined.append((time.perf_counter(), line))

    with peer.events() as events, VirtualBoard(folder, heard=heard) as board:
        own = peer_id.from_text(str((await asyncio.to_thread(board.wait, "joined"))["id"]))
        async with asyncio.timeout(20):
            async for event in events:
                if isinstance(event, Reading) and event.peer == own:
                    break
    return (time.perf_counter() - joined[0][0]) * 1000


def heap_in_use(folder):
    """Bytes of heap in use by a board that has met a desktop, as it says itself."""
    with VirtualBoard(folder) as board:
        return int(board.wait("heap", 30)["used"])


def make(folder):
    """A board's folder, compiled."""
    return process.build(Path(folder), SETTINGS)
