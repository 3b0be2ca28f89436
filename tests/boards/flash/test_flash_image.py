"""Which board it is, and MicroPython itself on its way there, with boards that only pretend."""

import json
from contextlib import contextmanager

import pytest
from flashing import SETTINGS, Desk
from making_images import esp, uf2

from mesh.boards.cable import inspection, writers
from mesh.boards.cable.inspection import Seen
from mesh.boards.cable.usb import LOADER, READY, Found
from mesh.boards.catalogue import hardware
from mesh.boards.flash import find
from mesh.boards.flash.order import Tools
from mesh.boards.mishaps import Mishap, mishap
from mesh.boards.virtual.virtual_board import Virtual

PICO = "Raspberry Pi Pico W with RP2040"
UF2, BIN = uf2(0xE48BFF56, 300), esp(5, 0)


@pytest.fixture
def desk(tmp_path, built):
    return Desk(tmp_path / "home", built.folder)


@pytest.fixture
def drive(tmp_path):
    """A Pico in its boot loader."""
    folder = tmp_path / "RPI-RP2"
    folder.mkdir()
    (folder / writers.INFO).write_text("Board-ID: RPI-RP2\n")
    (tmp_path / "device").touch()
    return writers.read_drive(folder, tmp_path / "device")


def image(tmp_path, data):
    file = tmp_path / "image"
    file.write_bytes(data)
    return file


def taken(drive):
    """Copy as writers do; the board leaves when it has all of it."""

    def write(file, data, to, progress):
        def leaves(done, of):
            progress(done, of)
            if done == of:
                drive.device.unlink()

        writers.write_uf2(file, data, to, leaves)

    return write


class Pretender:
    """A cable to a board that tells these things, and is told some."""

    def __init__(self, **told):
        self.told = {
            "machine": PICO, "version": [1, 26, 0], "platform": "rp2", "block": 4096,
            "free": 800_000, "has_identity": False, "has_counter": False, "settings": None,
        } | told  # fmt: skip
        self.restarts = []

    @contextmanager
    def __call__(self, port):
        yield self

    def exec(self, code, step=""):
        assert code == inspection.LOOK
        return json.dumps(self.told)

    def restart(self, how="reset"):
        self.restarts.append(how)


def refused(desk, port="", **order):
    with pytest.raises(Mishap) as caught:
        desk.flash(port, **order)
    return caught.value


def test_a_new_pico_gets_micropython_and_all_the_rest(tmp_path, desk, drive, micropython):
    with Virtual(tmp_path / "board") as virtual:  # it plays the Pico that comes back
        tools = Tools(cable=desk.cable, ports=lambda board: [virtual.port], write_uf2=taken(drive))
        told = desk.flash("", tools, drive=drive, image=image(tmp_path, UF2))
    assert (drive.path / "firmware.uf2").read_bytes() == UF2
    assert told["image"]["port"] == virtual.port
    assert told["identity"]["new"]
    assert told["joined"]


def test_a_new_pico_without_an_image_names_the_file_to_download(desk, drive):
    failure = refused(desk, drive=drive)
    assert failure.name == "no-micropython"
    assert "RPI_PICO_W-YYYYMMDD-vX.Y.Z.uf2" in failure.help
    assert not (drive.path / "firmware.uf2").exists()


@pytest.mark.parametrize("data", [uf2(0xE48BFF59), BIN, b"<html>", UF2[:-512]])
def test_a_wrong_image_never_reaches_the_drive(tmp_path, desk, drive, data):
    failure = refused(desk, drive=drive, image=image(tmp_path, data))
    assert failure.name in ("wrong-chip", "not-an-image", "truncated-image")
    assert not (drive.path / "firmware.uf2").exists()


def test_a_drive_that_several_boards_show_needs_a_word(tmp_path, desk, drive):
    assert refused(desk, drive=drive, board="esp32").name == "which-board"
    assert refused(desk, drive=drive._replace(label="NEW")).name == "which-board"


def test_a_pico_with_micropython_is_sent_to_its_boot_loader(tmp_path, desk, drive):
    pico = Pretender(version=[1, 20, 0])
    tools = Tools(pico, lambda: [drive], lambda board: ["p"], taken(drive))
    assert refused(desk, "p", tools=tools).name == "old-micropython"
    assert refused(desk, "p", tools=tools, image=image(tmp_path, UF2)).name == "old-micropython"
    assert pico.restarts == ["bootloader"]
    assert (drive.path / "firmware.uf2").read_bytes() == UF2


def test_a_key_that_went_with_the_files_is_told_and_no_other_made(tmp_path, desk, drive):
    pico = Pretender(has_identity=True)

    def forgets(*words):
        taken(drive)(*words)
        pico.told["has_identity"] = False

    tools = Tools(pico, lambda: [drive], lambda board: ["p"], forgets)
    failure = refused(desk, "p", tools=tools, image=image(tmp_path, UF2))
    assert failure.name == "identity-gone"


def test_an_esp_without_a_prompt_is_written_if_its_holder_says_which_it_is(tmp_path, desk):
    written = []

    @contextmanager
    def silent(port):
        raise mishap("no-prompt", port=port, tries=6)
        yield

    def write(port, file, data, board, progress, keep_files):
        written.append((port, data, board.id, keep_files))

    tools = Tools(cable=silent, write_esp=write)
    file = image(tmp_path, BIN)
    assert refused(desk, "p", tools=tools, image=file).name == "no-prompt"
    assert refused(desk, "p", tools=tools, board="esp32_c3").name == "no-micropython"
    assert refused(desk, "p", tools=tools, board="esp32", image=file).name == "wrong-chip"
    assert not written
    refused(desk, "p", tools=tools, board="esp32_c3", image=file)
    assert written == [("p", BIN, "esp32_c3", True)]


@pytest.mark.parametrize(
    ("machine", "platform", "board"),
    [
        (PICO, "rp2", "pico_w"),
        ("Raspberry Pi Pico 2 W with RP2350", "rp2", "pico2_w"),
        ("Raspberry Pi Pico with RP2040", "rp2", None),  # has no Wi-Fi
        ("Generic ESP32 module with ESP32", "esp32", "esp32"),
        ("Generic ESP32S3 module with ESP32S3", "esp32", "esp32_s3"),
        ("ESP32C3 module with ESP32C3", "esp32", "esp32_c3"),
        ("ESP32C6 module with ESP32C6", "esp32", "esp32_c6"),
        ("Some board with STM32F4", "pyboard", None),
        ("linux [GCC 12.2.0] version", "linux", "unix"),
    ],
)
def test_boards_are_known_by_what_they_tell(machine, platform, board):
    seen = Seen(machine, (1, 26, 0), platform, 4096, 1, False, False, None)
    if board is None:
        with pytest.raises(Mishap) as caught:
            inspection.board_of(seen, None)
        assert caught.value.name == "which-board"
        return
    assert inspection.board_of(seen, None).id == board
    assert inspection.board_of(seen, board).id == board
    for other in hardware.boards().keys() - {board}:
        with pytest.raises(Mishap) as caught:
            inspection.board_of(seen, other)
        assert caught.value.name == "other-board"


def test_the_one_board_that_is_there_is_taken(drive):
    pico = Found("/dev/ttyACM0", READY, ("pico_w",), "2e8a:0005", "Board in FS mode")
    loader = Found(str(drive.path), LOADER, ("pico_w",), product="RPI-RP2")
    other = Found("/dev/ttyUSB9", "unknown", (), "1234:5678")

    def choose(said, *found):
        return find.choose(said, lambda: found, lambda: [drive])

    assert choose(None, pico, other) == ("/dev/ttyACM0", None)
    assert choose(None, loader) == ("", drive)
    assert choose(str(drive.path) + "/") == ("", drive)
    assert choose("/dev/pts/7") == ("/dev/pts/7", None)
    for found, name in (
        ((), "no-board"),
        ((other,), "no-board"),
        ((pico, loader), "several-boards"),
    ):
        with pytest.raises(Mishap) as caught:
            choose(None, *found)
        assert caught.value.name == name


def test_what_files_take_is_the_most_at_any_moment():
    block = 4096
    spare = inspection.SPARE
    assert inspection.needed({}, {}, block) == spare * block
    assert inspection.needed({}, {"a": 1, "b": 4097}, block) == (3 + spare) * block
    # both are there until the new one has its name
    assert inspection.needed({"a": 8192}, {"a": 8192}, block) == (2 + spare) * block
    assert inspection.needed({"a": 8192}, {"a": 1, "b": 1}, block) == (1 + spare) * block
    new = {"x/a": 1}
    assert inspection.needed({}, new, block) == (1 + inspection.DIRECTORY + spare) * block


def test_settings_for_a_board_with_wifi_need_a_network(tmp_path, desk, built):
    assert refused(desk, "p", tools=Tools(Pretender()), firmware=pico_firmware(tmp_path)).name == (
        "wifi-missing"
    )


def pico_firmware(tmp_path):
    from mesh.boards.firmware.build import build  # noqa: PLC0415

    assert "wifi" not in SETTINGS
    return build("pico_w", tmp_path / "dist").folder
