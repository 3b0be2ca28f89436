"""The folder of an update: whenever the power goes it is gone on with, and ends up right."""

import hashlib
import json
import subprocess

import needs
import pytest

from mesh.core.resources.bundle import File, write_list

# an update of a file that the board has, and two that it fetches in pieces
BEGIN = """
import sys
sys.path[:0] = [{compiled!r}, {tests!r}]
import asyncio, hashlib, json, os
from cut_flash import during, empty
from collections import namedtuple
from mesh.core.errors import RemoteError
from mesh.updating import NoRoom, Slot, Taking

def sha256(data):
    return hashlib.sha256(data).digest()

with open({compiled!r} + "/mesh/device/main.mpy", "rb") as file:
    OLD = file.read()
FILES = {{"mesh/device/main.mpy": OLD, "mesh/a.mpy": b"a" * 700, "mesh/b/c.mpy": b"c" * 40}}
LISTING = {listing!r}
CONTENTS = {{sha256(data): data for data in list(FILES.values()) + [LISTING]}}
DIGEST = sha256(LISTING)
Bundle = namedtuple("Bundle", ("signer", "board", "version", "made", "size", "digest"))
BUNDLE = Bundle(b"", "unix", "1", 1, len(LISTING), DIGEST)
asked = []

class Source:  # stands for the peer that has the firmware, and for the board's other parts
    def __init__(self):
        self.console = self.node = self.peer = self.boot = self
        self.more = {{}}
        self.slot = ""  # the base runs
    def tell(self, *_, **__):
        pass
    async def ask(self, peer, wish):
        asked.append(wish)
        return self.sent(CONTENTS[wish[0]][wish[1] : wish[1] + 300])
    def sent(self, piece):
        return piece

def fetch(source=Source(), bundle=BUNDLE):
    offer = b"signed, with " + bundle.digest
    asyncio.run(Taking(source, b"peer").fetch(bundle, Slot("next"), offer))
    return all(read("next/" + path) == FILES[path] for path in FILES)

def read(path):
    with open(path, "rb") as file:
        return file.read()
"""
CUTS = """
start = empty({vfs!r}, {blocks})
n = cuts = most = left = 0
while left <= 0:
    cut, _, left = during({vfs!r}, start, fetch, n)
    asked.clear()
    _, whole, _ = during({vfs!r}, cut, fetch)
    assert whole
    most = max(most, len(asked))
    cuts += 1
    n += 2
print("result", json.dumps([cuts, most, len(asked)]))
"""
GOES_ON = """
def needs():
    slot = Slot("next")
    slot.begin(b"offer", b"offer")
    slot.append("list", LISTING)
    none = slot.needs()
    for path in FILES:
        if path != "mesh/a.mpy":
            slot.append(path, FILES[path])
    return [none, slot.needs()]

print("result", json.dumps(during({vfs!r}, empty({vfs!r}, {blocks}), needs)[1]))
"""
ROM = """
def replaced():
    Slot("next").replace_base("other", "")
    try:
        os.stat("base")
        return True
    except OSError:
        return False

def with_base():
    os.mkdir("mesh")
    return replaced()

data = empty({vfs!r}, {blocks})
print("result", json.dumps([during({vfs!r}, data, step)[1] for step in (replaced, with_base)]))
"""
ROOM = """
def refused(data, **more):
    asked.clear()
    try:
        during({vfs!r}, data, lambda: fetch(**more))
    except RemoteError as error:
        return [type(error).__name__, error.detail, len(asked)]

class Wrong(Source):
    def sent(self, piece):
        return piece.replace(b"aaa", b"aab")

class Long(Source):
    def sent(self, piece):
        return piece + b"a"

whole = empty({vfs!r}, {blocks})
found = [refused(empty({vfs!r}, 20))]
found += [refused(whole, source=source) for source in (Wrong(), Long())]
# what another update left is not mixed in
data, _, _ = during({vfs!r}, whole, fetch)
other = {other!r}
CONTENTS[sha256(other)] = other
bundle = Bundle(b"", "unix", "2", 2, len(other), sha256(other))
FILES.pop("mesh/b/c.mpy")
FILES.pop("mesh/device/main.mpy")
def again():
    good = fetch(bundle=bundle)
    return [good, sorted(os.listdir("next")), os.listdir("next/mesh")]
found.append(during({vfs!r}, data, again)[1])
print("result", json.dumps(found))
"""


def listing(files):
    return write_list(
        [File(path, len(data), hashlib.sha256(data).digest()) for path, data in files.items()]
    )


@pytest.fixture
def run(compiled, micropython):
    """Run some code with those pieces, on a file system; its result."""

    def ran(code, vfs, blocks=128):
        tests = str(needs.ROOT / "tests" / "device")
        old = (compiled / "mesh/device/main.mpy").read_bytes()
        new = {"mesh/a.mpy": b"a" * 700}
        more = {"mesh/device/main.mpy": old, "mesh/b/c.mpy": b"c" * 40}
        text = (BEGIN + code).format(
            compiled=str(compiled), tests=tests, vfs=vfs, blocks=blocks,
            listing=listing(new | more), other=listing(new),
        )  # fmt: skip
        done = subprocess.run(
            [micropython, "-c", text], capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stdout[-2000:]
        # around it, what MicroPython says of files that were open when the power went
        told = [line for line in done.stdout.splitlines() if line.startswith("result ")]
        return json.loads(told[0].partition(" ")[2])

    return ran


def test_power_may_go_at_any_write(run):
    cuts, most, least = run(CUTS, "VfsLfs2")
    assert cuts > 20, "hardly anything was cut"
    assert most == 5, "all pieces, if the power went before the first was there"
    assert least == 0, "nothing, if it went when all was there"


def test_what_has_no_room_or_is_wrong_is_refused(run):
    small, wrong, long, other = run(ROOM, "VfsLfs2")
    assert small[0] == "NoRoom"
    assert "bytes are needed" in small[1]
    assert small[2] == 1, "the list alone was fetched"
    assert wrong[:2] == ["RemoteError", "mesh/a.mpy has another hash than was signed"]
    assert long[:2] == ["RemoteError", "list: a piece of another size"]
    assert other == [True, ["list", "mesh", "offer"], ["a.mpy"]]


def test_a_base_in_rom_stays_the_base(run):
    assert run(ROM, "VfsLfs2") == [False, True]


def test_what_is_gone_on_with_needs_no_more_folders(run):
    (count, whole), (same, rest) = run(GOES_ON, "VfsLfs2")
    assert (count, same) == (3, 3)
    assert whole >= 18 + 2
    assert rest <= 18 // 2 + 2, "one of three files is missing"
