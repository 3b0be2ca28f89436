"""A virtual board's pretend radio: what is in the air is a file of JSON."""

import json

import pytest

from mesh.boards.virtual import air
from mesh.cli import app as cli
from mesh.core.errors import LocalError
from mesh.hub.failure import USAGE

HOUSE = {"networks": {"house": {"password": "correct horse", "address": "127.0.0.3"}}}


def test_it_is_read_and_given(tmp_path):
    (tmp_path / "air.json").write_text(json.dumps(HOUSE))
    read = air.read(tmp_path / "air.json")
    assert read == HOUSE
    air.give(tmp_path, read)
    assert json.loads((tmp_path / air.FILE).read_text()) == HOUSE
    compile((tmp_path / air.MODULE).read_text(), air.MODULE, "exec")


@pytest.mark.parametrize(
    "text", ["", "[]", '{"networks": ["house"]}', '{"networks": {"house": 1}}']
)
def test_what_is_wrong_is_told(tmp_path, text):
    (tmp_path / "air.json").write_text(text)
    with pytest.raises(LocalError):
        air.read(tmp_path / "air.json")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--air", "none.json"], "there is no file none.json"),
        (["--air", "air.json", "--flash", "1M"], "--air needs a folder"),
    ],
)
def test_the_command_looks_first(tmp_path, monkeypatch, capsys, words, said):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "air.json").write_text(json.dumps(HOUSE))
    assert cli.run(["board", "virtual", "attic", *words]) == USAGE
    assert not (tmp_path / "attic").exists()
    assert said in capsys.readouterr().err
