"""`mesh flash` cut off anywhere: the same command repairs the board, which stays who it is."""

import json
import random
import shutil
import signal
import subprocess
import sys

import pytest
from flashing import ALWAYS_NEW, SETTINGS, Cut, Desk, board, is_up, key, snapshot

from mesh.boards.cable.cable import Cable
from mesh.boards.firmware.build import Firmware
from mesh.boards.mishaps import Mishap
from mesh.boards.virtual.virtual_board import Virtual
from mesh.core.errors import MeshError

pytestmark = pytest.mark.usefixtures("micropython")

SMALL = ("mesh/device/__init__.mpy", "mesh/core/peer_id.mpy")  # files that travel in few pieces
WAYS = ("killed", "unplugged", "powerless")
FLASH = "1024k"


@pytest.fixture(scope="module")
def worn(tmp_path_factory, built):
    """A board that was flashed once, with all that flashing again has to put right."""
    folder = tmp_path_factory.mktemp("worn")
    with Virtual(folder / "board") as virtual:
        Desk(folder / "home", built.folder).flash(virtual.port)
    wear(folder / "board")
    return folder


def wear(folder):
    """What an older firmware, an update and old settings leave."""
    for name in SMALL:
        (folder / name).write_bytes(b"an older one")
    for name in ("boot", "next/mesh/core/errors.mpy", "mesh/core/old.mpy"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"gone")
    settings = json.loads((folder / "settings.json").read_text())
    (folder / "settings.json").write_text(json.dumps(settings | {"name": "old name"}))


@pytest.fixture
def desk(tmp_path, worn, built):
    shutil.copytree(worn / "home", tmp_path / "home")
    return Desk(tmp_path / "home", built.folder)


def cut_at(number, way, virtual):
    """Cut the flashing off before that piece of code goes to the board."""

    def pause(sent):
        if sent != number:
            return
        if way == "killed":
            raise Cut
        virtual.unplug() if way == "unplugged" else virtual.kill()

    return pause


def whole_files(folder, built, before):
    """Every file has its old content or its new one, never half of it."""
    made = Firmware.load(built.folder)
    for name, digest in snapshot(folder).items():
        if name in made.files:
            assert digest in (made.files[name][1], before.get(name)), f"{name} is half a file"


def flash_cut_off(desk, virtual, number, way):
    """Flash, cut off at that piece of code; whether it came so far."""
    desk.pause = cut_at(number, way, virtual)
    try:
        desk.flash(virtual.port)
    except Cut:
        return True
    except Mishap as failure:
        if failure.name in ("cable-pulled", "no-such-port"):
            return True
        raise
    finally:
        desk.pause = lambda _: None
    return False


def plug_in(virtual, way):
    if way == "unplugged":
        virtual.replug()
    elif way == "powerless":
        virtual.log.lines.clear()
        is_up(virtual.start())


def steps(tmp_path, desk, worn):
    """The numbers of the pieces of code with which another step begins: of the pieces that a file
    travels in, only the first two.
    """
    codes = []
    desk.pause_at = codes.append
    with board(tmp_path / "dry", worn / "board") as virtual:
        desk.flash(virtual.port)
    desk.pause_at = lambda _: None
    kinds = [code.split(b"(")[0] if code.startswith(b"w(") else code for code in codes]
    return [
        number
        for number, kind in enumerate(kinds, 1)
        if kind != b"w" or kinds[number - 3 : number - 1].count(b"w") < 2
    ]


def test_cut_off_at_every_step_it_is_repaired_and_stays_who_it_is(tmp_path, desk, worn, built):
    before = snapshot(worn / "board")
    who = None
    repaired = []  # states of its files from which it was: they need not be tried twice
    numbers = steps(tmp_path, desk, worn)
    assert len(numbers) > 30, "flashing has fewer steps than it takes"
    for turn, number in enumerate(numbers):
        way = WAYS[turn % len(WAYS)]
        folder = tmp_path / f"board{number}"
        with board(folder, worn / "board") as virtual:
            if not flash_cut_off(desk, virtual, number, way):
                assert number > numbers[-3], "what the board itself does takes a piece or two"
                continue
            assert key(folder) == key(worn / "board"), f"another key after piece {number}"
            whole_files(folder, built, before)
            left = snapshot(folder, ALWAYS_NEW)
            if left in repaired:
                continue
            repaired.append(left)
            plug_in(virtual, way)
            told = desk.flash(virtual.port)
            who = who or told["identity"]["id"]
            assert told["identity"]["id"] == who
            is_whole(folder, built)
    assert len(repaired) > 12, "cutting off left the same files wherever it was"


def is_whole(folder, built):
    made = Firmware.load(built.folder)
    there = snapshot(folder)
    assert {name: there.get(name) for name in made.files} == {
        name: digest for name, (_, digest) in made.files.items()
    }
    assert json.loads((folder / "settings.json").read_text())["name"] == SETTINGS["name"]
    assert not [name for name in there if name.endswith((".new", ".try"))]
    assert not [name for name in there if name.startswith("next/")]


def test_a_blank_board_cut_off_has_one_key_from_its_first_on(tmp_path, desk, built):
    """From a few places of a whole first flashing, among them around the birth of the key."""
    with Virtual(tmp_path / "whole") as virtual:
        desk.flash(virtual.port)
        last = desk.sent
    places = [*random.Random(3).sample(range(1, last), 2), *range(last - 1, last + 1)]
    for turn, number in enumerate(places):
        folder, way = tmp_path / f"board{number}", WAYS[turn % len(WAYS)]
        with board(folder) as virtual:
            assert flash_cut_off(desk, virtual, number, way)
            born = key(folder) if (folder / "identity").exists() else None
            plug_in(virtual, way)
            told = desk.flash(virtual.port)
            assert not (born and told["identity"]["new"])
            assert born in (None, key(folder))  # a whole one may make its own when it starts
            is_whole(folder, built)


@pytest.fixture(scope="module")
def image(tmp_path_factory, worn):
    """The same board on littlefs, as boards have it."""
    folder = tmp_path_factory.mktemp("image")
    files = sorted(path for path in (worn / "board").rglob("*") if path.is_file())
    with Virtual(folder, flash=FLASH) as virtual, Cable(virtual.port) as cable:
        for path in files:
            cable.put(path.relative_to(worn / "board").as_posix(), path.read_bytes())
        virtual.kill()  # before its program starts: that would write, too
    return folder / "flash.img"


def test_power_cut_amid_writes_to_the_flash_itself(tmp_path, desk, image, worn):
    """Half of a block is written when power goes: littlefs and flashing again repair it."""
    secret, who = key(worn / "board"), None
    writes = 0
    for cut in (2, 7, 15, 26, 40, 60):
        folder = tmp_path / f"board{cut}"
        folder.mkdir()
        shutil.copy(image, folder / "flash.img")
        with board(folder, flash=FLASH, cut_at=cut) as virtual:
            try:
                desk.flash(virtual.port)
            except MeshError:
                writes += 1
        with board(folder, flash=FLASH) as virtual:
            told = desk.flash(virtual.port)["identity"]
            with Cable(virtual.port) as cable:
                assert cable.get("identity") == secret
            who = who or told["id"]
            assert not told["new"]
            assert told["id"] == who
    assert writes > 3, "power was cut after all was written"


def test_a_killed_process_of_the_command_is_repaired_by_the_same_command(tmp_path, built):
    """The process itself, killed while it copies, and started again."""
    settings = tmp_path / "given.json"
    settings.write_text(json.dumps(SETTINGS))
    with Virtual(tmp_path / "board") as virtual:
        command = [
            sys.executable, "-m", "mesh.cli", "flash", virtual.port, "--json", "--yes",
            "--firmware", str(built.folder), "--settings", str(settings),
            "--home", str(tmp_path / "home"), "--interface", "127.0.0.1",
        ]  # fmt: skip
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            for line in process.stdout:
                if json.loads(line).get("what") == "mesh/linked1.mpy":
                    process.kill()
                    break
            process.stdout.close()
        assert process.returncode == -signal.SIGKILL
        assert not (tmp_path / "board" / "main.py").exists()
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        events = [json.loads(line) for line in done.stdout.splitlines()]
        told = {event["event"]: event for event in events}
        assert told["reading"]["rows"][0]["verified"]
        assert 0 < told["firmware"]["copied"] < told["firmware"]["files"]
        assert key(tmp_path / "board")
