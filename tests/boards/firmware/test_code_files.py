"""What of a Pico's firmware can be used where it lies in flash, and what is written besides: by
MicroPython, on littlefs, compared with what mpy-tool reads in the same files.
"""

import json
import subprocess
from collections import Counter
from pathlib import Path

import pytest
from mpy_tool import functions, texts

from mesh.boards.firmware import build

HERE = Path(__file__).resolve().parents[1]
BLOCK, RESERVE, LEAST = 4096, 12, 12
LEFT = (
    "main",
    "code_in_flash",
    "code_files",
    "pointers",
    "once",
    "flash_files",
    "start",
)
START = """
import json, os, sys
sys.path[:0] = [{here!r}, {files!r}]
from flash_in_memory import copied, mounted, put, read
from mesh.device import code_files, flash_files

flash = mounted()
files = flash_files.FlashFiles(flash, flash.look)
"""
WRITE = """
copied({files!r})
put("code/0", b"old")
put("code/31", b"old")
put("code/stamp", b"old")
if {room} is not None:  # so many blocks are free
    fillers = []
    try:
        while True:
            fillers.append("filler" + str(len(fillers)))
            put(fillers[-1], bytes(4096))
    except OSError:
        for name in fillers[: {room}]:
            os.remove(name)
code_files.write("code", "mesh", files)
told = {{"in place": [], "written": [], "files": sorted(os.listdir("code"))}}
told["files"].remove("index")
with open("code/index", "rb") as index:
    while size := index.read(1):
        path = str(index.read(size[0]), "utf-8")
        count = int.from_bytes(index.read(2), "little")
        rows = index.read(6 * count)
        parts = files.blocks(path)
        for i in range(0, 6 * count, 6):
            block, offset, _ = parts[rows[i]]
            at, size = [int.from_bytes(rows[i + j : i + j + 2], "little") for j in (2, 4)]
            data = flash.look(block, offset + at, size + 1)
            told["in place"].append([path, rows[i + 1], bytes(data).hex()])
for number in range(len(told["files"])):
    parts = files.blocks("code/" + str(number))
    assert len(parts) == 1 and parts[0][1:] == (0, 4096), parts
    view = flash.look(*parts[0])
    at = 0
    while at + 4 < 4096 and (size := view[at] | view[at + 1] << 8):
        data = bytes(view[at + 4 : at + 4 + size + 1])
        told["written"].append([at + 4, bool(view[at + 2]), data.hex()])
        at = at + 4 + size + 4 & -4
    assert not any(view[at:])
print("result", json.dumps(told))
"""
FIND = """
import random
random.seed(1)
kept = {{}}
for turn in range(60):
    name = "file" + str(random.randrange(12))
    size = random.choice((513, 4096, 4097, 8184, 8185, 12268, 30000, 61000))
    put(name, bytes((random.randrange(256) for _ in range(64))) * (size // 64 + 1))
    kept[name] = size
for name in kept:
    parts = files.blocks(name)
    views = files.views(parts)
    assert b"".join([bytes(view) for view in views]) == read(name), name
    for block, offset, size in parts:  # the file has that block, and no older copy of it
        before = read(name)
        flash.look(block, offset, size)[size - 1] ^= 255
        assert before != read(name) == b"".join([bytes(view) for view in views]), name
        flash.look(block, offset, size)[size - 1] ^= 255
for size in (0, 1, 512):
    put("small", bytes(size))
    try:
        files.blocks("small")
        assert 0, size
    except ValueError:
        pass
try:
    files.blocks("none")
    assert 0
except OSError:
    pass
print("result", len(kept))
"""


@pytest.fixture(scope="module", params=["pico_w", "pico2_w"])
def firmware(request, tmp_path_factory):
    return build.build(request.param, tmp_path_factory.mktemp("firmware"))


def run(micropython, firmware, program, **names):
    """Have MicroPython run a program on flash in memory; what it tells."""
    files = str(firmware.folder / "files")
    text = (START + program).format(here=str(HERE), files=files, **names)
    done = subprocess.run(
        [micropython, "-X", "heapsize=16M", "-c", text], capture_output=True, text=True,
        timeout=100, check=False,
    )  # fmt: skip
    assert done.returncode == 0, (done.stdout + done.stderr)[-2000:]
    return json.loads(done.stdout.partition("result ")[2])


def write(micropython, firmware, room=None):
    """Have a board write the files of code; what is in place, and what is in them."""
    return run(micropython, firmware, WRITE, room=room)


def all_pieces(firmware):
    """The code that may be used in place, (bytes, whether it is machine code); names and texts."""
    files = firmware.folder / "files"
    paths = [files / "start.mpy", *(files / "mesh").rglob("*.mpy")]
    paths = [path for path in paths if path.stat().st_size > BLOCK // 8]
    code = [one for path in paths if path.stem not in LEFT for one in functions(path)]
    worth = [(one, is_native) for one, is_native in code if LEAST <= len(one) < BLOCK - 4]
    return worth, [text for path in paths for text in texts(path) if text]


def test_all_that_a_file_has_is_found_in_place_or_written(firmware, micropython):
    told = write(micropython, firmware)
    code, names = all_pieces(firmware)
    found = {True: [], False: []}
    for _, is_code, data in told["in place"]:
        found[bool(is_code)].append(bytes.fromhex(data)[:-1])
        assert is_code or data.endswith("00"), "a text ends in 0"
    written = {True: [], False: []}
    for at, is_code, data in told["written"]:
        assert at % 4 == 0, "machine code has to begin at a multiple of 4"
        written[is_code].append(bytes.fromhex(data)[:-1])
        assert data.endswith("00"), "a text ends in 0"
    assert Counter(found[True] + written[True]) == Counter(one for one, _ in code)
    assert Counter(written[True]) >= Counter(one for one, is_native in code if is_native)
    assert {*found[False], *written[False]} == {*names}
    by_path = {}
    for path, is_code, data in told["in place"]:
        if not is_code:
            by_path.setdefault(path, []).append(bytes.fromhex(data)[:-1])
    loaded = [one for path in by_path if "/linked" in path for one in by_path[path]]
    assert len(loaded) == len({*loaded}) > 500
    assert len(found[False]) < len(names) * 2 / 3, "of what every board loads once is enough"
    for path in (firmware.folder / "files/mesh").rglob("*.mpy"):
        if path.stat().st_size > BLOCK // 8:
            own = by_path.get(path.relative_to(firmware.folder / "files").as_posix(), [])
            assert {*texts(path)} - {b""} <= {*own, *loaded, *written[False]}, path
    assert len(found[True]) > 1000
    assert len(names) > 1500
    assert len(told["files"]) < 12, "most of it is in place"


def test_without_room_fewer_files_are_written(firmware, micropython):
    told = write(micropython, firmware, RESERVE + 3)
    assert 0 < len(told["files"]) < 5
    assert "stamp" not in told["files"], "older files are replaced"


def test_the_blocks_of_a_file_are_found(firmware, micropython):
    assert run(micropython, firmware, FIND) > 5


def test_a_file_of_another_version_is_refused(firmware, micropython):
    program = """
for data in (b"M" + bytes(600), b"X" + bytes(600), b"M\\x06\\x00\\x1f" + b"\\x7f" * 600):
    put("mesh/a.mpy", data)
    pieces = code_files.Pieces(files.views(files.blocks("mesh/a.mpy")))
    try:
        print(list(pieces.all()))
    except ValueError as error:
        print("refused", error)
    else:
        assert 0, data[:8]
print("result", 1)
"""
    assert run(micropython, firmware, program) == 1
