"""MicroPython onto a board: esptool's own code over a pretend chip, and a folder as a drive."""

import errno
import hashlib
import os
import threading
import zlib
from pathlib import Path

import pytest
from esptool.logger import EspLog
from esptool.targets import ESP32C3ROM, ESP32C6ROM
from esptool.util import FatalError
from making_images import esp, table, uf2

from mesh.boards.cable import images, writers
from mesh.boards.catalogue import hardware
from mesh.boards.mishaps import Mishap

C3 = hardware.board("esp32_c3")
FLASH = 4 << 20


class Port:
    closed = False

    def close(self):
        self.closed = True


class Chip(ESP32C3ROM.STUB_CLASS):
    """An ESP32-C3 with the helper of esptool running, over a flash of bytes."""

    def __init__(self, flash, breaks_after=None, forgets=False):
        self.flash = flash
        self._port = Port()
        self.secure_download_mode = False
        self.was_reset = False
        self.left = breaks_after
        self.forgets = forgets

    IS_STUB = True
    cache = {}

    def get_secure_boot_enabled(self):
        return False

    get_secure_boot_v1_enabled = get_secure_boot_enabled
    get_flash_encryption_enabled = get_secure_boot_enabled
    get_encrypted_download_disabled = get_secure_boot_enabled
    uses_key_manager_for_flash_encryption = get_secure_boot_enabled

    def get_chip_revision(self):
        return 3

    def get_minor_chip_version(self):
        return 3

    def flash_id(self, cache=True):
        return 0x164020  # 4 MiB

    def flash_set_parameters(self, size):
        pass

    def flash_defl_begin(self, size, compressed, offset, encrypted_write=False):
        self.at, self.inflate = offset, zlib.decompressobj()

    def flash_defl_block(self, data, seq, timeout=None):
        if self.left is not None:
            self.left -= 1
            if self.left < 0:
                raise OSError(errno.EIO, "Input/output error")
        plain = self.inflate.decompress(data)
        if not self.forgets:
            self.flash[self.at : self.at + len(plain)] = plain
        self.at += len(plain)

    def flash_defl_finish(self, reboot=False, timeout=None):
        pass

    def flash_md5sum(self, addr, size):
        return hashlib.md5(self.flash[addr : addr + size]).hexdigest()  # noqa: S324 - as esptool does

    def read_flash(self, offset, length, progress_fn=None):
        return bytes(self.flash[offset : offset + length])

    def hard_reset(self, uses_usb=False):
        self.was_reset = True


def flash_of(data=b"", files=b""):
    made = bytearray(b"\xff" * FLASH)
    made[: len(data)] = data
    made[0x200000 : 0x200000 + len(files)] = files
    return made


def write(chip, data, keep_files=True, told=None):
    progress = (lambda done, of: told.append((done, of))) if told is not None else lambda *_: None
    writers.write_esp(
        "port", Path("x.bin"), data, C3, progress, keep_files=keep_files, connect=lambda _: chip
    )


def large(offset=0):
    """An image whose compressed form has several blocks."""
    from making_images import program  # noqa: PLC0415

    noise = b"".join(hashlib.sha256(bytes([i, j])).digest() for i in range(256) for j in range(8))
    plain = program(5, 9000, hashed=False)
    return esp(5, offset, app=plain) + noise


def test_an_image_is_written_where_it_belongs_and_checked(capsys):
    data, told = large(), []
    chip = Chip(flash_of(files=b"the board's own files"))
    write(chip, data, told=told)
    assert chip.flash[: len(data)] == data
    assert chip.flash[0x200000:].startswith(b"the board's own files")
    assert chip.was_reset
    assert chip._port.closed
    assert len(told) > 2
    assert told[-1][0] == told[-1][1]
    assert capsys.readouterr() == ("", ""), "esptool printed by itself"
    assert type(EspLog.instance).__name__ == "EsptoolLogger", "esptool's own words are lost"


def test_a_cable_pulled_while_esptool_writes_is_told_and_the_same_again_repairs():
    data = large()
    chip = Chip(flash_of(files=b"key"), breaks_after=1)
    chip.WRITE_FLASH_ATTEMPTS = 1
    with pytest.raises(Mishap) as caught:
        write(chip, data)
    assert caught.value.name == "cable-pulled"
    assert chip._port.closed
    again = Chip(chip.flash)
    write(again, data)
    assert again.flash[: len(data)] == data
    assert again.flash[0x200000:].startswith(b"key")


def test_flash_that_does_not_keep_what_it_is_told_is_found():
    with pytest.raises(Mishap) as caught:
        write(Chip(flash_of(), forgets=True), large())
    assert caught.value.name == "esptool-failed"


def test_another_chip_than_the_board_has_is_refused_before_writing():
    chip = Chip(flash_of())
    chip.IMAGE_CHIP_ID, chip.CHIP_NAME = ESP32C6ROM.IMAGE_CHIP_ID, ESP32C6ROM.CHIP_NAME
    with pytest.raises(Mishap) as caught:
        write(chip, large())
    assert caught.value.name == "other-chip"
    assert "ESP32-C6" in caught.value.detail
    assert chip.flash == flash_of()
    assert chip._port.closed


def test_an_image_with_the_files_elsewhere_is_refused_while_a_board_has_some():
    before = flash_of(large())
    moved = esp(5, 0, partitions=table(files_at=0x300000, files_size=0x100000))
    none = esp(5, 0, partitions=table(name=b""))
    for data in (moved, none):
        chip = Chip(bytearray(before))
        with pytest.raises(Mishap) as caught:
            write(chip, data)
        assert caught.value.name == "image-over-files"
        assert chip.flash == before
        write(chip, data, keep_files=False)
        assert chip.flash[: len(data)] == data


@pytest.mark.parametrize(
    ("error", "name"),
    [
        (FatalError("Failed to connect to ESP32-C3: No serial data received."), "chip-silent"),
        (OSError(errno.EBUSY, "busy"), "port-busy"),
        (OSError(errno.EACCES, "denied"), "no-permission"),
        (OSError(errno.ENOENT, "none"), "no-such-port"),
    ],
)
def test_a_chip_that_cannot_be_reached_is_told_by_its_cause(error, name):
    def fails(port):
        raise error

    with pytest.raises(Mishap) as caught:
        writers.write_esp("p", Path("x"), b"", C3, print, keep_files=True, connect=fails)
    assert caught.value.name == name
    assert type(EspLog.instance).__name__ == "EsptoolLogger"


# the drive of an RP2


@pytest.fixture
def drive(tmp_path):
    folder = tmp_path / "RPI-RP2"
    folder.mkdir()
    (folder / writers.INFO).write_text(
        "UF2 Bootloader v3.0\r\nModel: Raspberry Pi RP2\r\nBoard-ID: RPI-RP2\r\n"
    )
    device = tmp_path / "device"
    device.touch()
    found = writers.read_drive(folder, device)
    assert found.label == hardware.board("pico_w").usb.bootsel
    return found


DATA = uf2(0xE48BFF56, 400)


def leaves_at(drive, done_at=1.0):
    """A board that takes the image and starts: its drive goes away."""

    def progress(done, of):
        if done >= of * done_at:
            drive.device.unlink(missing_ok=True)

    return progress


def test_an_image_copied_to_the_drive_is_all_there_when_the_board_leaves(drive):
    writers.write_uf2(Path("x.uf2"), DATA, drive, leaves_at(drive))
    assert (drive.path / "firmware.uf2").read_bytes() == DATA
    assert images.load(drive.path / "firmware.uf2", hardware.board("pico_w")) == DATA


def test_a_drive_that_stays_is_told(drive):
    with pytest.raises(Mishap) as caught:
        writers.write_uf2(Path("x.uf2"), DATA, drive, lambda *_: None, patience_s=0)
    assert caught.value.name == "drive-stays"


def test_a_drive_that_cannot_be_written_is_told(drive, monkeypatch):
    monkeypatch.setattr(writers, "no_link", lambda _, flags: os.open("/dev/full", flags))
    with pytest.raises(Mishap) as caught:
        writers.write_uf2(Path("x.uf2"), DATA, drive, leaves_at(drive))
    assert caught.value.name == "drive-failed"
    assert "No space" in caught.value.detail


def test_a_link_on_a_drive_is_not_followed(drive, tmp_path):
    other = tmp_path / "other"
    other.write_text("kept")
    (drive.path / "firmware.uf2").symlink_to(other)
    with pytest.raises(Mishap, match="it is a link"):
        writers.write_uf2(Path("x.uf2"), DATA, drive, leaves_at(drive))
    assert other.read_text() == "kept"


def test_a_drive_taken_away_in_the_middle_is_told_and_the_same_again_repairs(drive):
    def pulled(done, of):
        raise OSError(errno.EIO, "Input/output error")

    with pytest.raises(Mishap) as caught:
        writers.write_uf2(Path("x.uf2"), DATA, drive, pulled)
    assert caught.value.name == "drive-failed"
    writers.write_uf2(Path("x.uf2"), DATA, drive, leaves_at(drive))
    assert (drive.path / "firmware.uf2").read_bytes() == DATA


def test_an_error_after_the_last_block_is_the_board_that_starts(drive, monkeypatch):
    def gone(_):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(writers.os, "fsync", gone)
    writers.write_uf2(Path("x.uf2"), DATA, drive, leaves_at(drive))
    drive.device.touch()
    with pytest.raises(Mishap):
        writers.write_uf2(Path("x.uf2"), DATA, drive, lambda *_: None)


def test_the_drive_is_waited_for_by_its_label(drive):
    looks = iter([[], [drive._replace(label="RP2350")], [drive]])
    assert writers.wait_drive("RPI-RP2", lambda: next(looks)) == drive
    with pytest.raises(Mishap) as caught:
        writers.wait_drive("RP2350", lambda: [drive], patience_s=0)
    assert caught.value.name == "drive-not-found"


def test_only_boot_loaders_are_taken_for_drives(tmp_path, monkeypatch, drive):
    assert writers.read_drive(tmp_path, tmp_path) is None
    (tmp_path / writers.INFO).write_text("something else")
    assert writers.read_drive(tmp_path, tmp_path) is None
    part = type("Part", (), {"mountpoint": str(drive.path), "device": str(drive.device)})
    other = type("Part", (), {"mountpoint": str(tmp_path), "device": "x"})
    monkeypatch.setattr(writers.psutil, "disk_partitions", lambda all: [other, part])
    assert writers.drives() == [drive]
    assert threading.active_count() == 1
