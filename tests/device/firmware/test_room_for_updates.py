"""On a Pico W's flash there is room for one update after another, of all files.

The file system is littlefs as on the board, with what it writes to run code from flash.
"""

import hashlib
import json
import subprocess

import needs
import pytest

from mesh.boards.firmware.build import build
from mesh.core.resources.bundle import File, write_list

SPARE = 4  # blocks that a board's own files may grow by
BY_CABLE = ("main.py", "start.mpy", "firmware.json")
CODE = """
import sys
sys.path[:0] = [{boards!r}, {compiled!r}]
sys.path.append({files!r} + "/mesh/device")  # what only a Pico has
import asyncio, hashlib, json, os
from collections import namedtuple
import start
from flash_in_memory import copied, mounted, put, read
from mesh.updating import Slot, Taking
import code_files, flash_files

SIZES = json.loads({sizes!r})
Bundle = namedtuple("Bundle", ("signer", "board", "version", "made", "size", "digest"))

def content(path, version):
    seed = hashlib.sha256((version + path).encode()).digest()
    return (seed * (SIZES[path] // 32 + 1))[: SIZES[path]]

class Source:  # stands for the peer that has the firmware, and for the board's other parts
    def __init__(self, version, listing, boot):
        self.console = self.node = self.peer = self
        self.more = {{}}
        self.boot = boot
        self.data = {{hashlib.sha256(content(path, version)).digest(): (path, version)
                     for path in SIZES if path not in {by_cable!r}}}
        self.listing = listing
    def tell(self, *_, **__):
        pass
    async def ask(self, peer, wish):
        digest, at, most = wish
        found = self.data.get(digest)
        return (content(*found) if found else self.listing)[at : at + most]

flash = mounted()
copied({files!r})
code_files.write("code", "mesh", flash_files.FlashFiles(flash, flash.look))
for name in ("identity", "counter", "last", "feed.a", "feed.b", "peers", "updates", "faults"):
    put(name, bytes(500))
put("settings.json", bytes(3000))
told = []
for version, listing in json.loads({listings!r}):
    boot = start.Boot()
    listing = listing.encode()
    bundle = Bundle(b"", "pico_w", version, 1, len(listing), hashlib.sha256(listing).digest())
    slot = boot.free_slot()
    source = Source(version, listing, boot)
    asyncio.run(Taking(source, b"peer").fetch(bundle, Slot(slot), b"offer" + bundle.digest))
    boot.stage(slot, {{"version": version}}, 60)
    boot = start.Boot()
    assert boot.slot == slot
    boot.good()
    whole = all([read(slot + "/" + path) == content(path, version)
                 for path in SIZES if path not in {by_cable!r}])
    told.append([slot, whole, Slot(slot).free()])
print("result", json.dumps(told))
"""


@pytest.fixture(scope="module")
def pico(tmp_path_factory):
    """The files of a Pico W."""
    return build("pico_w", tmp_path_factory.mktemp("dist"))


def listing(files, version):
    """The list of an update in which no file is as before."""
    rows = []
    for path, size in files.items():
        seed = hashlib.sha256((version + path).encode()).digest()
        data = (seed * (size // 32 + 1))[:size]
        rows.append(File(path, size, hashlib.sha256(data).digest()))
    return write_list(rows).decode()


def test_a_board_takes_three_updates_of_all_files(pico, compiled, micropython):
    sizes = {path: size for path, (size, _) in pico.files.items()}
    sizes["firmware.json"] = (pico.folder / "firmware.json").stat().st_size
    updated = {path: size for path, size in sizes.items() if path not in BY_CABLE}
    text = CODE.format(
        boards=str(needs.ROOT / "tests/boards"), files=str(pico.folder / "files"),
        compiled=str(compiled), sizes=json.dumps(sizes), by_cable=BY_CABLE,
        listings=json.dumps([[version, listing(updated, version)] for version in "123"]),
    )  # fmt: skip
    done = subprocess.run(
        [micropython, "-X", "heapsize=16M", "-c", text], cwd=needs.ROOT, capture_output=True,
        text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, (done.stdout + done.stderr)[-2000:]
    told = json.loads(done.stdout.partition("result ")[2])
    assert [row[:2] for row in told] == [["next", True], ["other", True], ["next", True]]
    assert min(row[2] for row in told) >= SPARE, "blocks that are free with each update"
