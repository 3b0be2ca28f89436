"""The code of all functions as a board with memory-mapped flash lays it into files: written by
MicroPython from a Pico's firmware, compared with what mpy-tool reads in it.
"""

import os
import subprocess

import pytest
from mpy_tool import functions

from mesh.boards.firmware import build
from mesh.device.in_place.code_files import SPARE

BLOCK, HEAD, LEAST = 4096, 16, 12


@pytest.fixture(scope="module", params=["pico_w", "pico2_w"])
def firmware(request, tmp_path_factory):
    return build.build(request.param, tmp_path_factory.mktemp("firmware"))


def write(micropython, firmware, place, room):
    """Have a board write the files in a folder; the functions of each, in order."""
    code = (
        f"import sys\nROOM = {room}\n"
        "class Os: pass\n"
        "import os\n"
        "for name in ('listdir', 'mkdir', 'remove', 'stat', 'urandom'):\n"
        "    setattr(Os, name, staticmethod(getattr(os, name)))\n"
        "Os.statvfs = staticmethod(lambda path: (0, 0, 0, ROOM, ROOM))\n"
        f"sys.path.insert(0, {str(firmware.folder / 'files/mesh/device')!r})\n"
        "import code_files\n"
        "code_files.os = Os\n"
        f"code_files.write({str(place)!r}, {str(firmware.folder / 'files/mesh')!r})\n"
    )
    subprocess.run([micropython, "-c", code], check=True, timeout=100)
    return [read(place / str(n)) for n in range(len(os.listdir(place)))]


def read(path):
    """The functions in a file: each begins at a multiple of 4, all in one block of flash."""
    data = path.read_bytes()
    assert len(data) == BLOCK
    found, at = [], HEAD
    while at < BLOCK and (size := int.from_bytes(data[at : at + 2], "little")):
        assert at % 4 == 0
        assert data[at + 2 : at + 4] == bytes(2)
        assert at + 4 + size <= BLOCK
        found.append(data[at + 4 : at + 4 + size])
        at += 4 + (size + 3 & ~3)
    assert not any(data[at:])
    return found


def all_code(firmware):
    never = ("main.mpy", "code_in_flash.mpy", "code_files.mpy", "pointers.mpy", "once.mpy")
    paths = [p for p in (firmware.folder / "files/mesh").rglob("*.mpy") if p.name not in never]
    return [code for path in paths for code, _ in functions(path)]


def test_every_function_that_fits_in_a_block_is_there(firmware, micropython, tmp_path):
    files = write(micropython, firmware, tmp_path / "code", 200)
    expected = [c for c in all_code(firmware) if LEAST <= len(c) <= BLOCK - HEAD - 4]
    assert sorted(code for file in files for code in file) == sorted(expected)
    assert len(expected) > 1000
    heads = {(tmp_path / "code" / str(n)).read_bytes()[:HEAD] for n in range(len(files))}
    assert len(heads) == len(files), "each is told from older copies of it"


def test_what_every_board_loads_comes_first_where_there_is_little_room(
    firmware, micropython, tmp_path
):
    files = write(micropython, firmware, tmp_path / "code", 8 + 10)
    assert len(files) == 10, "the rest is left free"
    linked = [c for c, _ in functions(firmware.folder / "files/mesh/linked1.mpy")]
    assert {code for file in files[:5] for code in file} <= set(linked)


def test_older_files_are_replaced(firmware, micropython, tmp_path):
    place = tmp_path / "code"
    place.mkdir()
    for name in ("0", "63", "stamp"):
        (place / name).write_bytes(b"old")
    files = write(micropython, firmware, place, 200)
    assert len(files) > 20
    assert all(files)


def test_room_for_an_update_is_kept_if_what_every_board_loads_has_room_too(
    firmware, micropython, tmp_path
):
    sizes = [path.stat().st_size for path in (firmware.folder / "files/mesh").rglob("*.mpy")]
    update = sum(-(-size // BLOCK) for size in sizes if size > 512)
    files = write(micropython, firmware, tmp_path / "code", update + SPARE + 24)
    assert len(files) == 24
    every = [firmware.folder / f"files/mesh/{name}.mpy" for name in ("linked1", "linked2")]
    every += (firmware.folder / "files/mesh/device").glob("*25519.mpy")
    pieces = {code for file in files for code in file}
    for path in every:
        expected = {code for code, _ in functions(path) if LEAST <= len(code) <= BLOCK - HEAD - 4}
        assert expected <= pieces, path
