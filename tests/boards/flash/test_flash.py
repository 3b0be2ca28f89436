"""`mesh flash` against virtual boards: from blank to a member, again, and what is refused."""

import asyncio
import json
import tomllib

import pytest
import serial
from flashing import ALWAYS_NEW, SETTINGS, Desk, board, key, snapshot

from mesh.boards.cable import inspection
from mesh.boards.cable.cable import Cable
from mesh.boards.firmware import build as firmware
from mesh.boards.flash import flashing as flash
from mesh.boards.flash.order import Order, Tools
from mesh.boards.virtual.virtual_board import Virtual
from mesh.hub.home.home import Home

pytestmark = pytest.mark.usefixtures("micropython")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The firmware of virtual boards, built once."""
    return firmware.build("unix", tmp_path_factory.mktemp("dist")).folder


@pytest.fixture(scope="module")
def flashed(tmp_path_factory, made):
    """The folder of a board that was flashed, and the desk that did it."""
    folder = tmp_path_factory.mktemp("flashed")
    with Virtual(folder / "board") as virtual:
        Desk(folder / "home", made).flash(virtual.port)
    return folder


@pytest.fixture
def desk(tmp_path, made):
    return Desk(tmp_path / "home", made)


@pytest.fixture
def known(tmp_path, made, flashed):
    """The desk that has flashed that board."""
    import shutil  # noqa: PLC0415

    shutil.copytree(flashed / "home", tmp_path / "home")
    return Desk(tmp_path / "home", made)


def test_a_blank_board_is_read_by_the_desktop(tmp_path, made):
    events = []

    async def go(port):
        order = Order(Home(tmp_path / "home"), port, firmware=made, settings=SETTINGS)
        async for event in flash.flash(order, ["127.0.0.1"]):
            events.append(event)  # noqa: PERF401 - what came before a failure is of interest

    with Virtual(tmp_path / "board") as virtual:
        asyncio.run(go(virtual.port))
    told = {event["event"]: event for event in events}
    assert [row["verified"] for row in told["reading"]["rows"]] == [True]
    assert told["reading"]["rows"][0]["sensor"] == "heap"
    who = told["identity"]["id"]
    assert told["identity"]["new"]
    assert told["done"] == {"event": "done", "id": who, "name": "hut"}
    names = tomllib.loads((tmp_path / "home" / "settings.toml").read_text())["names"]
    assert names == {"hut": who}
    settings = json.loads((tmp_path / "board" / "settings.json").read_text())
    own = settings["names"][settings["introduced_by"]]
    from mesh.core.peer_id import to_text  # noqa: PLC0415

    assert own == to_text(Home(tmp_path / "home").peer_id())


def test_the_secret_never_leaves_the_board(tmp_path, desk):
    with board(tmp_path / "board") as virtual:
        desk.flash(virtual.port)
        secret = key(tmp_path / "board")[:32]
        for form in (secret.hex(), repr(secret)[2:-1]):
            assert form not in repr(desk.events)
            assert form not in virtual.log.console


def test_the_same_again_changes_nothing(tmp_path, known, flashed):
    folder = tmp_path / "board"
    with board(folder, flashed / "board") as virtual:
        before = snapshot(folder, ALWAYS_NEW)
        kept = {path: path.stat().st_mtime_ns for path in folder.rglob("*.mpy")}
        told = known.flash(virtual.port)
        assert told["firmware"]["copied"] == 0
        assert not told["settings"]["changed"]
        assert not told["identity"]["new"]
        assert snapshot(folder, ALWAYS_NEW) == before
        assert {path: path.stat().st_mtime_ns for path in folder.rglob("*.mpy")} == kept


def test_own_settings_are_kept_and_given_ones_are_added(tmp_path, known, flashed):
    folder = tmp_path / "board"
    with board(folder, flashed / "board") as virtual:
        more = {
            "sensors": {"disk": {"every_s": 30}},
            "wifi": [{"ssid": "a", "password": "bcdefghi"}],
        }
        assert known.flash(virtual.port, settings=more)["settings"]["changed"]
        own = json.loads((folder / "settings.json").read_text())
    assert own["name"] == "hut"
    assert own["sensors"] == {"heap": {"every_s": 60}, "disk": {"every_s": 30}}
    assert own["wifi"] == more["wifi"]
    assert "bcdefghi" not in repr(known.events), "a password was told"


def test_files_of_another_firmware_and_of_updates_make_room(tmp_path, known, flashed):
    folder = tmp_path / "board"
    with board(folder, flashed / "board") as virtual:
        for name in ("mesh/core/old.mpy", "next/mesh/core/cbor.mpy", "boot", "main.py.new"):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(b"old")
        (folder / "mine.py").write_text("x = 1\n")
        known.flash(virtual.port)
        there = snapshot(folder)
    assert not {"mesh/core/old.mpy", "next/mesh/core/cbor.mpy", "main.py.new"} & set(there)
    assert b"old" not in (folder / "boot").read_bytes() if (folder / "boot").exists() else True
    assert "mine.py" in there, "what is not ours stays"


def test_a_new_identity_only_if_it_is_asked_for(tmp_path, known, flashed):
    folder = tmp_path / "board"
    with board(folder, flashed / "board") as virtual:
        before = key(folder)
        first = known.flash(virtual.port)["identity"]["id"]
        assert key(folder) == before
        told = known.flash(virtual.port, new_identity=True)["identity"]
        assert told["new"]
        assert told["id"] != first
        assert key(folder) != before
        assert told["name"] == f"hut-{told['id'][:8]}", "hut is another peer"


# refused before anything is harmed


def is_untouched(folder, desk, **order):
    """Flash a board that is to be refused; it must be as before. Gives the Mishap."""
    with board(folder, **order.pop("virtual", {})) as virtual:
        with Cable(virtual.port):
            before = snapshot(folder)  # it is up, and has made its file system
        failure = desk.refused(virtual.port, **order)
        assert snapshot(folder) == before
    return failure


@pytest.mark.parametrize(
    ("settings", "word"),
    [
        ({"nam": "x"}, "did you mean"),
        ({"sensors": {"x": {"kind": "heat"}}}, "heap"),
        ({"name": 5}, "name"),
        ({"rules": [{"when": "self/none", "above": 1, "set": "x", "to": True}]}, "none"),
        ({"follow": ["stranger"]}, "follow"),
    ],
)
def test_wrong_settings_are_refused(tmp_path, desk, settings, word):
    failure = is_untouched(tmp_path / "board", desk, settings=settings)
    assert failure.name == "settings-wrong"
    assert word in failure.detail + failure.help


def test_settings_that_only_the_board_refuses_change_nothing(tmp_path, known, flashed):
    folder = tmp_path / "board"
    with board(folder, flashed / "board") as virtual:
        before = snapshot(folder, ALWAYS_NEW)
        wrong = {"sensors": {"disk": {"pth": "/"}}}
        failure = known.refused(virtual.port, settings=wrong)
        assert failure.name == "settings-wrong"
        assert "pth" in failure.detail
        assert snapshot(folder, ALWAYS_NEW) == before


def test_a_full_file_system_is_refused(tmp_path, desk):
    failure = is_untouched(tmp_path / "board", desk, virtual={"flash": "64k"})
    assert failure.name == "no-space"


def test_a_busy_port_is_refused(tmp_path, desk):
    with board(tmp_path / "board") as virtual:
        with serial.Serial(virtual.port, exclusive=True):
            assert desk.refused(virtual.port).name == "port-busy"
        desk.flash(virtual.port)


def test_a_port_that_is_none_is_told(tmp_path, desk):
    assert desk.refused("/dev/ttyNONE").name == "no-such-port"
    (tmp_path / "file").touch()
    assert desk.refused(str(tmp_path / "file")).name == "no-such-port"


def test_another_board_than_is_said_is_refused(tmp_path, desk):
    assert is_untouched(tmp_path / "board", desk, board="pico_w").name == "other-board"
    assert is_untouched(tmp_path / "board", desk, board="pico_v").name == "which-board"


def test_an_image_for_a_board_that_takes_none_is_refused(tmp_path, desk):
    (tmp_path / "x.uf2").write_bytes(b"UF2\n")
    failure = is_untouched(tmp_path / "board", desk, image=tmp_path / "x.uf2")
    assert failure.name == "no-image-needed"


def test_an_old_micropython_is_refused_with_what_to_download(tmp_path, desk, monkeypatch):
    monkeypatch.setattr(inspection, "OLDEST", (99, 0))
    failure = is_untouched(tmp_path / "board", desk)
    assert failure.name == "old-micropython"
    assert "99.0" in failure.detail


def test_a_damaged_firmware_and_one_for_another_board_are_refused(tmp_path, desk, made):
    import shutil  # noqa: PLC0415

    copy = tmp_path / "copy"
    shutil.copytree(made, copy)
    with (copy / "files" / "main.py").open("a") as file:
        file.write("#")
    assert is_untouched(tmp_path / "board", desk, firmware=copy).name == "firmware-damaged"
    other = firmware.build("pico_w", tmp_path).folder
    assert is_untouched(tmp_path / "board", desk, firmware=other).name == "firmware-other-board"


def test_what_does_not_arrive_whole_is_not_put_in_place(tmp_path, known, flashed):
    folder = tmp_path / "board"
    file = folder / "mesh" / "core" / "cbor.mpy"
    with board(folder, flashed / "board") as virtual:
        file.write_bytes(b"the old one")
        wrong = Spoiling(known)
        failure = known.refused(virtual.port, tools=Tools(cable=wrong.cable))
        assert failure.name == "hash-wrong"
        assert wrong.spoilt == 2, "it is tried once more"
        assert file.read_bytes() == b"the old one"
        assert not file.with_name("cbor.mpy.new").exists()
        assert known.flash(virtual.port)["firmware"]["copied"]
        assert file.read_bytes() != b"the old one"


class Spoiling:
    """A cable on which one bit of a file gets lost, each time that it is sent."""

    def __init__(self, desk):
        self.desk = desk
        self.spoilt = 0

    def cable(self, port):
        cable = self.desk.cable(port)
        put = cable.do

        def do(step, what, path=""):
            found = put(step, what, path)
            if step == "writing mesh/core/cbor.mpy" and path:
                self.spoilt += 1
                code = "f=open('mesh/core/cbor.mpy.new','r+b');f.write(b'?');f.close()"
                put("spoiling", lambda t: t.exec_raw(code))
            return found

        cable.do = do
        return cable


@pytest.mark.parametrize("file", ["identity", "counter"])
def test_a_damaged_key_is_never_replaced(tmp_path, known, flashed, file):
    folder = tmp_path / "board"
    with board(folder, flashed / "board") as virtual:
        (folder / file).write_bytes(b"damaged")
        failure = known.refused(virtual.port)
        assert failure.name == "identity-damaged"
        assert (folder / file).read_bytes() == b"damaged"
        assert known.flash(virtual.port, new_identity=True)["identity"]["new"]
