"""The examples in the documents about hardware."""

import re
import tomllib
from pathlib import Path

import pytest

from mesh.boards.catalogue.hardware_schema import BOARD, DEVICE, complaints
from mesh.core.policy.checking import check

DOCS = Path(__file__).parents[3] / "docs"


def blocks(name):
    found = re.findall(
        r"^```TOML\n(.*?)^```$", (DOCS / name).read_text(), re.MULTILINE | re.DOTALL
    )
    return [tomllib.loads(text) for text in found]


@pytest.mark.parametrize("data", blocks("add-a-board.md"))
def test_parts_of_a_board(data):
    check(data, "", BOARD)


def test_a_board_is_told_whole():
    told = {key for data in blocks("add-a-board.md") for key in data}
    assert set(BOARD) - told <= {"source", "i2c"}
    assert "[i2c]" in (DOCS / "add-a-board.md").read_text()


def test_a_pin_is_told_whole():
    text = (DOCS / "add-a-board.md").read_text()
    assert [key for key in BOARD["pins"]["*"] if f"| `{key}` |" not in text] == []


@pytest.mark.parametrize("data", blocks("hardware.md"))
def test_a_sensor(data):
    assert complaints("sensor", data) == []
    assert set(DEVICE) - set(data) == {"made", "bus"}
