"""On a Pico W's flash there is room for one update after another, of all files.

The file system is littlefs as on the board: 212 blocks of 4 KiB, written in pages of 256 bytes.
"""

import hashlib
import json
import subprocess

import needs
import pytest

from mesh.boards.firmware.build import build
from mesh.core.resources.bundle import File, write_list
from mesh.device.in_place import code_files

BY_CABLE = ("main.py", "start.mpy", "firmware.json")
CODE = """
import sys
sys.path[:0] = [{compiled!r}]
import asyncio, hashlib, json, os, vfs
from collections import namedtuple
import start
from mesh.updating import Slot, Taking

BLOCK, COUNT = 4096, 212

class Flash:
    def __init__(self):
        self.data = bytearray(BLOCK * COUNT)
    def readblocks(self, n, into, offset=0):
        at = n * BLOCK + offset
        into[:] = self.data[at : at + len(into)]
    def writeblocks(self, n, data, offset=0):
        at = n * BLOCK + offset
        self.data[at : at + len(data)] = data
    def ioctl(self, op, n):
        if op == 6:
            self.data[n * BLOCK : n * BLOCK + BLOCK] = bytes(BLOCK)
        return {{4: COUNT, 5: BLOCK}}.get(op, 0)

flash = Flash()
vfs.VfsLfs2.mkfs(flash, progsize=256)
vfs.mount(vfs.VfsLfs2(flash, progsize=256), "/board")
os.chdir("/board")
SIZES = json.loads({sizes!r})
Bundle = namedtuple("Bundle", ("signer", "board", "version", "made", "size", "digest"))

def content(path, version):
    seed = hashlib.sha256((version + path).encode()).digest()
    return (seed * (SIZES[path] // 32 + 1))[: SIZES[path]]

def put(path, data):
    for at in [i for i in range(len(path)) if path[i] == "/"]:
        try:
            os.mkdir(path[:at])
        except OSError:
            pass
    with open(path, "wb") as file:
        file.write(data)

def read(path):  # a file that a collection closes after its file system ends MicroPython
    with open(path, "rb") as file:
        return file.read()

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

for path in SIZES:
    put(path, content(path, "0"))
# as mesh/device/in_place/code_files.py: what an update needs is left
needed = sum([-(-size // BLOCK) for path, size in SIZES.items()
              if size > BLOCK // 8 and path not in {by_cable!r}]) + {spare}
for n in range(min({most}, max({always}, os.statvfs("/board")[3] - needed))):
    put("code/" + str(n), bytes(BLOCK))
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
    told.append([slot, whole, len(os.listdir("code"))])
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
        compiled=str(compiled), sizes=json.dumps(sizes), by_cable=BY_CABLE,
        spare=code_files.SPARE, most=code_files.MOST, always=code_files.ALWAYS,
        listings=json.dumps([[version, listing(updated, version)] for version in "123"]),
    )  # fmt: skip
    done = subprocess.run(
        [micropython, "-X", "heapsize=16M", "-c", text], cwd=needs.ROOT, capture_output=True,
        text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, (done.stdout + done.stderr)[-2000:]
    told = json.loads(done.stdout.partition("result ")[2])
    assert [row[:2] for row in told] == [["next", True], ["other", True], ["next", True]]
    assert told[0][2] > code_files.ALWAYS, (
        "files with the code of what every board loads, and more"
    )
