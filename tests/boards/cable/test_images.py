"""Images of MicroPython are looked at before a byte is written."""

import pytest
from making_images import APP_AT, FILES_AT, esp, program, table, uf2, uf2_block

from mesh.boards.cable import images
from mesh.boards.cable.images import FLASH_AT
from mesh.boards.catalogue import hardware
from mesh.boards.mishaps import Mishap

RP2 = {"pico_w": 0xE48BFF56, "pico2_w": 0xE48BFF59}
ESP = {"esp32": (0, 0x1000), "esp32_s3": (9, 0), "esp32_c3": (5, 0), "esp32_c6": (13, 0)}


def right(board):
    return esp(*ESP[board]) if board in ESP else uf2(RP2[board])


def load(tmp_path, data, board):
    file = tmp_path / "given"
    file.write_bytes(data)
    return images.load(file, hardware.board(board))


def refused(tmp_path, data, board):
    with pytest.raises(Mishap) as caught:
        load(tmp_path, data, board)
    assert caught.value.detail
    assert "safe:" in caught.value.help
    assert "{" not in caught.value.detail + caught.value.help
    return caught.value


@pytest.mark.parametrize("board", [*RP2, *ESP])
def test_the_right_image_is_taken(tmp_path, board):
    assert load(tmp_path, right(board), board) == right(board)


@pytest.mark.parametrize("board", [*RP2, *ESP])
@pytest.mark.parametrize("other", [*RP2, *ESP])
def test_an_image_for_any_other_chip_is_refused(tmp_path, board, other):
    if board == other:
        return
    failure = refused(tmp_path, right(other), board)
    same_kind = (board in ESP) == (other in ESP)
    assert failure.name == ("wrong-chip" if same_kind else "not-an-image")
    if same_kind:
        assert hardware.board(other).chip in failure.detail
        assert hardware.board(board).chip in failure.detail
    assert hardware.board(board).micropython in failure.help


@pytest.mark.parametrize("board", ["pico_w", "esp32", "esp32_c3"])
@pytest.mark.parametrize(
    ("data", "word"),
    [
        (b"", "empty"),
        (b"\n <!DOCTYPE html><html><body>404", "web page"),
        (b"<html lang='en'>", "web page"),
        (b"Not Found\n", "a text"),
        (b"PK\x03\x04" + bytes(100), ".zip"),
        (b"\x7fELF" + bytes(100), ".elf"),
        (bytes(5000), "does not begin"),
        (b"\xff" * 5000, "does not begin"),
    ],
)
def test_what_is_no_image_is_told_as_what_it_is(tmp_path, board, data, word):
    failure = refused(tmp_path, data, board)
    assert failure.name == "not-an-image"
    assert word in failure.detail


@pytest.mark.parametrize("board", [*RP2, *ESP])
def test_an_image_cut_off_anywhere_is_refused(tmp_path, board):
    whole = right(board)
    for end in (1, 100, 513, 4097, len(whole) // 2, len(whole) - 512, len(whole) - 1):
        assert refused(tmp_path, whole[:end], board).name in ("truncated-image", "not-an-image")


@pytest.mark.parametrize("board", [*ESP])
def test_one_wrong_bit_in_an_esp_program_is_found(tmp_path, board):
    whole = bytearray(right(board))
    for at in (60, APP_AT - ESP[board][1] + 5000, len(whole) - 1):
        whole[at] ^= 4
        assert refused(tmp_path, bytes(whole), board).name == "truncated-image"
        whole[at] ^= 4
    assert load(tmp_path, bytes(whole), board)


def test_a_program_without_a_hash_is_taken_by_its_length(tmp_path):
    plain = esp(5, 0, app=program(5, 9000, hashed=False))
    assert load(tmp_path, plain, "esp32_c3")
    assert refused(tmp_path, plain[:-200], "esp32_c3").name == "truncated-image"


def test_the_application_alone_is_no_image(tmp_path):
    alone = program(5, 60_000)
    assert refused(tmp_path, alone, "esp32_c3").name == "not-an-image"
    assert ".app-bin" in refused(tmp_path, alone, "esp32_c3").detail


def test_a_boot_loader_of_the_right_chip_with_another_application_is_refused(tmp_path):
    mixed = esp(5, 0, app=program(13, 9000))
    assert refused(tmp_path, mixed, "esp32_c3").name == "wrong-chip"


def test_an_image_that_would_reach_the_files_of_the_board_is_refused(tmp_path):
    long = esp(5, 0).ljust(FILES_AT + 1, b"\xff")
    assert refused(tmp_path, long, "esp32_c3").name == "image-over-files"
    assert load(tmp_path, long[:-1], "esp32_c3")
    memory = hardware.board("pico_w").memory
    room = (memory.flash_kib - memory.fs_kib) * 1024 // 256
    assert load(tmp_path, uf2(RP2["pico_w"], room), "pico_w")
    over = uf2(RP2["pico_w"], 2, FLASH_AT + 256 * (room - 1))
    assert refused(tmp_path, over, "pico_w").name == "image-over-files"


def test_a_table_without_files_is_taken(tmp_path):
    data = esp(5, 0, partitions=table(name=b""))
    assert load(tmp_path, data, "esp32_c3")
    assert images.files_at(table()).start == FILES_AT
    assert images.files_at(table(name=b"")) is None
    assert images.partitions(b"\xff" * 64) == []


def test_a_missing_block_a_double_one_and_a_foreign_one_are_found(tmp_path):
    whole = uf2(RP2["pico_w"])
    hole = whole[: 512 * 7] + whole[512 * 8 :]
    assert refused(tmp_path, hole, "pico_w").name == "truncated-image"
    assert "block 7" in refused(tmp_path, hole, "pico_w").detail
    double = whole[: 512 * 8] + whole[512 * 7 :]
    assert refused(tmp_path, double, "pico_w").name == "truncated-image"
    foreign = whole + uf2_block(RP2["pico2_w"], 40, 41, FLASH_AT)
    assert refused(tmp_path, foreign, "pico_w").name == "wrong-chip"
    broken = bytearray(whole)
    broken[512 * 5 + 508] ^= 1
    assert refused(tmp_path, bytes(broken), "pico_w").name == "truncated-image"


def test_the_block_that_files_for_an_rp2350_begin_with_is_no_fault(tmp_path):
    assert load(tmp_path, uf2(RP2["pico2_w"], absolute=True), "pico2_w")


def test_blocks_without_a_family_are_refused(tmp_path):
    plain = uf2_block(0, 0, 1, FLASH_AT, flags=0)
    assert refused(tmp_path, plain, "pico_w").name == "wrong-chip"


def test_what_cannot_be_read_is_told_with_the_name_to_download(tmp_path):
    with pytest.raises(Mishap) as caught:
        images.load(tmp_path / "none", hardware.board("pico_w"))
    assert caught.value.name == "no-image-file"
    assert "RPI_PICO_W-YYYYMMDD-vX.Y.Z.uf2" in caught.value.help
    assert "micropython.org/download/RPI_PICO_W" in caught.value.help
    with pytest.raises(Mishap) as caught:
        images.load(tmp_path, hardware.board("pico_w"))
    assert caught.value.name == "no-image-file"


def test_a_file_larger_than_any_flash_is_not_read(tmp_path):
    file = tmp_path / "large"
    with file.open("wb") as large:
        large.truncate(images.MOST + 1)
    with pytest.raises(Mishap) as caught:
        images.load(file, hardware.board("pico_w"))
    assert caught.value.name == "not-an-image"


def test_the_virtual_board_takes_no_image(tmp_path):
    assert refused(tmp_path, right("pico_w"), "unix").name == "no-image-needed"
