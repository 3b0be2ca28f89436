"""The commands, as a user types them."""

import json
from pathlib import Path

import pytest

from mesh.cli import app as cli

EXAMPLES = Path(__file__).parents[3] / "hardware" / "examples"
DOOR = str(EXAMPLES / "door.json")


def run(capsys, *words):
    code = cli.run(["hardware", *words])
    out, err = capsys.readouterr()
    return code, out, err


def test_list(capsys):
    code, out, _ = run(capsys, "list", "--json")
    assert code == 0
    names = {row["name"]: row["what"] for row in json.loads(out)}
    assert names["pico_w"] == "board"
    assert names["relay"] == "actuator"
    assert "bme280" in run(capsys, "list")[1]


@pytest.mark.parametrize("name", ["pico_w", "unix", "ds18b20", "servo"])
def test_show(capsys, name):
    code, out, _ = run(capsys, "show", name)
    assert code == 0
    assert name in out
    assert json.loads(run(capsys, "show", name, "--json")[1])["is"]


def test_show_nothing(capsys):
    code, _, err = run(capsys, "show", "picow")
    assert code == 2
    assert "did you mean pico_w?" in err


def test_check(capsys, tmp_path):
    code, out, _ = run(capsys, "check", DOOR)
    assert (code, out) == (0, "nothing is wrong with this set-up\n")
    file = tmp_path / "settings.toml"
    file.write_text('board = "esp32"\n[sensors.soil]\npin = 25\n')
    code, out, err = run(capsys, "check", str(file))
    assert code == 1
    assert "ADC2" in out
    assert "1 error" in err
    code, out, _ = run(capsys, "check", str(file), "--json")
    assert code == 1
    assert json.loads(out)[0]["path"] == "sensors.soil.pin"


def test_wiring(capsys, tmp_path):
    picture = tmp_path / "door.svg"
    code, out, _ = run(capsys, "wiring", DOOR, "-o", str(picture), "--json")
    assert code == 0
    assert picture.read_text().startswith("<svg")
    assert {part["count"] for part in json.loads(out)["parts"]} == {1}
    assert "SG90" in run(capsys, "wiring", DOOR, "-o", str(picture))[1]


def test_a_picture_that_cannot_be_written(capsys, tmp_path):
    code, _, err = run(capsys, "wiring", DOOR, "-o", str(tmp_path / "no" / "door.svg"))
    assert code == 2
    assert "there is no folder" in err


def test_power(capsys):
    meadow = str(EXAMPLES / "meadow.json")
    code, out, _ = run(capsys, "power", meadow, "--bare", "--battery", "2000", "--json")
    assert code == 0
    made = json.loads(out)
    assert made["days"] == pytest.approx(51.9, abs=0.1)
    assert all(share["source"] for share in made["shares"])
    code, out, _ = run(capsys, "power", meadow)
    assert code == 0
    assert "█" in out
    assert "days" in out


def test_files_that_are_no_settings(capsys, tmp_path):
    assert run(capsys, "check", str(tmp_path / "none.json"))[0] == 2
    file = tmp_path / "settings.json"
    for text in ("{", "[]", '{"sensors": 3}'):
        file.write_text(text)
        assert run(capsys, "check", "-b", "pico_w", str(file))[0] == 2
