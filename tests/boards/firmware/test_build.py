"""What is built for each board: the same bytes anywhere, whole, for its processor and its port."""

import ast
import json
import os
import shutil
import struct
import subprocess
import sys

import pytest
from needs import ROOT
from romboard import has_native
from trees import tree

from mesh.boards.catalogue import hardware
from mesh.boards.firmware import build as firmware
from mesh.boards.firmware.build import Firmware, build
from mesh.boards.firmware.lean import ports
from mesh.boards.firmware.link import Linked, linked
from mesh.core.errors import LocalError
from mesh.core.resources.bundle import LARGEST

MARCHES = {
    "x64": 2,
    "armv6m": 4,
    "armv7m": 5,
    "xtensawin": 10,
    "rv32imc": 11,
}  # in a .mpy's header
AGAIN = ("pico_w", "esp32_c3", "unix")  # what is built twice: one of each port
PORTS = {one.port for one in hardware.boards().values()}
# prints every file of the image that is mounted, with its SHA-256
LIST = """
import hashlib, json, os, sys, vfs

with open(sys.argv[1], "rb") as file:
    vfs.mount(vfs.VfsRom(memoryview(file.read())), "/rom")

def walk(folder):
    for name, kind, *_ in os.ilistdir(folder):
        path = folder + "/" + name
        if kind == 0x4000:
            walk(path)
        else:
            with open(path, "rb") as file:
                found[path[5:]] = hashlib.sha256(file.read()).digest().hex()

found = {}
walk("/rom")
print(json.dumps(found))
"""


def built_by_command(board, folder, umask, **environment):
    """That board or all, by the command in a process of its own; its output."""
    folder.mkdir(exist_ok=True)
    done = subprocess.run(
        [sys.executable, "-m", "mesh.cli", "firmware", "build", "--board", board, "--json"],
        cwd=folder, umask=umask, capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def everywhere(tmp_path_factory):
    """What all boards get, and what some get, built as differently as can be."""
    place = tmp_path_factory.mktemp("everywhere")
    one, two = place / "one", place / "another place, with a longer name"
    told = built_by_command("all", one, 0o022, TZ="Asia/Kathmandu", PYTHONHASHSEED="1")
    for board in AGAIN:
        built_by_command(board, two, 0o077, TZ="America/Lima", LC_ALL="C", PYTHONHASHSEED="2")
    assert [row["board"] for row in told] == list(hardware.boards())
    return one / "dist", two / "dist"


def test_the_same_bytes_wherever_it_is_built(everywhere):
    for board in AGAIN:
        assert tree(everywhere[0] / board) == tree(everywhere[1] / board)
    places = [str(place.parent).encode() for place in everywhere] + [str(ROOT).encode()]
    for path in everywhere[0].rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            assert not any(place in data for place in places), f"{path} names a folder"


@pytest.mark.parametrize("board", hardware.boards())
def test_a_board_gets_what_it_can_run(everywhere, board):
    made, data = Firmware.load(everywhere[0] / board), hardware.board(board)
    assert (made.board, made.path("main.py").is_file()) == (board, True)
    assert max(size for size, _ in made.files.values()) <= LARGEST, "no update takes it"
    texts = linked().texts
    here = {path: text for path, text in texts.items() if data.port in ports(text, data.port)}
    native = [path for path, text in here.items() if has_native(text)]
    assert native
    for path in native:
        code = made.path(path.with_suffix(".mpy").as_posix()).read_bytes()
        assert code[2] >> 2 & 15 == MARCHES[data.march], f"{path} is for another processor"
    elsewhere = texts.keys() - here.keys()
    assert elsewhere
    assert not [path for path in elsewhere if path.with_suffix(".mpy").as_posix() in made.files]
    sums = (made.folder / "SHA256SUMS").read_text().splitlines()
    assert len(sums) == len(tree(made.folder)) - 1


def test_ports_are_known_by_name():
    for path, text in linked().texts.items():
        assert set(ports(text, "unix")) <= PORTS, f"{path} declares a port that no board has"


def test_the_image_holds_the_files(built, micropython):
    run = subprocess.run(
        [micropython, "-c", LIST, str(built.romfs)], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert json.loads(run.stdout) == tree(built.folder / "files")


def test_the_version_is_of_the_content(built, tmp_path, micropython, monkeypatch):
    code = "from mesh.version import VERSION, KINDS; print(VERSION); print(sorted(KINDS))"
    told = subprocess.run(
        [micropython, "-c", code], cwd=built.folder / "files",
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert told.stdout.split() == [built.version, "['actuators',", "'sensors']"], told.stderr
    monkeypatch.setattr(firmware, "BOOT", firmware.BOOT + "# another\n")
    assert build("unix", tmp_path).version != built.version


def damage(folder, name):
    path = folder / name
    path.write_bytes(path.read_bytes()[:-1] + b"?")


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (lambda f: damage(f, "files/mesh/linked1.mpy"), "files/mesh/linked1.mpy is damaged"),
        (lambda f: (f / "files/main.py").unlink(), "files/main.py is missing"),
        (lambda f: damage(f, "romfs.img"), "romfs.img is damaged"),
        (lambda f: (f / "manifest.py").unlink(), "manifest.py is missing"),
        (lambda f: (f / "more.py").write_text(""), "more.py is not of this firmware"),
        (lambda f: (f / "firmware.json").write_text("{"), "firmware.json is damaged"),
        (lambda f: (f / "firmware.json").write_text("[]"), "firmware.json is damaged"),
        (lambda f: (f / "firmware.json").unlink(), "firmware.json cannot be read"),
        (lambda f: (f / "SHA256SUMS").unlink(), "SHA256SUMS cannot be read"),
    ],
)  # fmt: skip
def test_damage_is_seen(built, tmp_path, harm, said):
    copy = tmp_path / "copy"
    shutil.copytree(built.folder, copy)
    assert Firmware.load(copy).files == built.files
    harm(copy)
    with pytest.raises(LocalError) as error:
        Firmware.load(copy)
    assert said in error.value.detail
    assert "mesh firmware build" in error.value.help


def test_what_was_built_stays_when_the_next_build_fails(built, tmp_path, monkeypatch):
    shutil.copytree(built.folder, tmp_path / "unix")
    broken = Linked({next(iter(linked().texts)): "return"}, {})
    monkeypatch.setattr(firmware, "linked", lambda: broken)
    with pytest.raises(LocalError, match="does not compile"):
        build("unix", tmp_path)
    assert Firmware.load(tmp_path / "unix").version == built.version
    assert [path.name for path in tmp_path.iterdir()] == ["unix"]


def test_a_folder_of_somebody_else_is_left_alone(tmp_path):
    (tmp_path / "unix").mkdir()
    (tmp_path / "unix" / "thesis.txt").write_text("mine")
    with pytest.raises(LocalError, match="is no firmware"):
        build("unix", tmp_path)
    assert (tmp_path / "unix" / "thesis.txt").read_text() == "mine"


def test_a_slip_of_the_pen_is_answered_by_the_near_name(tmp_path):
    with pytest.raises(LocalError) as error:
        build("pico-w", tmp_path)
    assert "pico_w" in error.value.help


def test_a_new_board_needs_a_folder_and_no_code(tmp_path, monkeypatch):
    shutil.copytree(hardware.root(), tmp_path / "hardware")
    new = tmp_path / "hardware" / "boards" / "shed_board"
    shutil.copytree(hardware.root() / "boards" / "pico_w", new)
    text = (new / "board.toml").read_text()
    (new / "board.toml").write_text(text.replace("RPI_PICO_W", "SHED_BOARD"))
    monkeypatch.setattr(hardware, "root", lambda: tmp_path / "hardware")
    hardware.boards.cache_clear()
    try:
        made = build("shed_board", tmp_path / "dist")
        assert "SHED_BOARD" in (made.folder / "manifest.py").read_text()
        assert (made.folder / "SHED_BOARD" / "mpconfigboard.cmake").is_file()
        (new / "board.toml").write_text(text.replace("fs_kib = 848", "fs_kib = 100"))
        hardware.boards.cache_clear()
        with pytest.raises(LocalError, match="has 100 KiB"):
            build("shed_board", tmp_path / "dist")
    finally:
        hardware.boards.cache_clear()


def test_no_number_is_too_large_to_be_frozen():
    """MicroPython's mpy-tool refuses a module with a float that 32 bits cannot hold."""
    for path, text in linked().texts.items():
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Constant) and isinstance(node.value, float):
                assert struct.pack("<f", node.value), path


def test_sizes_add_up(built):
    found = firmware.sizes(built)
    about = (built.folder / "firmware.json").stat().st_size
    assert found.total == sum(size for size, _ in built.files.values()) + about
    assert sum(found.groups.values()) == found.total
    text = (built.folder / "sizes.txt").read_text()
    assert f"{found.total:,}  all {len(found.files)} files" in text
    assert all(name in text for name in built.files)
