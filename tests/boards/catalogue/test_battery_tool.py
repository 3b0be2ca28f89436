"""tools/battery.py, against what was worked out by hand."""

import importlib.util
import json
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def battery():
    """The tool as a module, with figures that are easy."""
    spec = importlib.util.spec_from_file_location("battery", ROOT / "tools" / "battery.py")
    made = importlib.util.module_from_spec(spec)
    sys.modules["battery"] = made
    spec.loader.exec_module(made)
    return made


@pytest.fixture
def round_figures(battery, monkeypatch):
    """Currents of which sums can be done in the head: mA at 1 V."""
    figures = {"WAITING": 10, "BUSY": 30, "RADIO": 100, "SENDING": 500, "ASLEEP": 1}
    for name, ma in figures.items():
        monkeypatch.setattr(battery, name, battery.Figure(ma, 1, "-"))
    return battery


def test_energy_of_a_waking(round_figures):
    waking = round_figures.Waking(10, 5, 4, (100, 12_500))
    # 100 frames of 1 ms and 100,000 bits at 1 Mbit/s are 0.2 s
    assert round_figures.parts_mj(waking) == pytest.approx(
        {"waiting": 100, "computing": 100, "radio": 400, "sending": 100}
    )


def test_how_long_it_lasts(round_figures):
    waking = round_figures.Waking(10, 5, 4, (100, 12_500))
    # 700 mJ awake and 90 s at 1 mW make 790 mJ in 100 s
    assert round_figures.mean_mw(waking, 100) == pytest.approx(7.9)
    assert round_figures.days(waking, 100, 2.37) == pytest.approx(10)


def test_a_radio_that_stays_on_counts_while_asleep(round_figures):
    waking = round_figures.Waking(10, 5, 4, (100, 12_500), radio_asleep=True)
    assert round_figures.mean_mw(waking, 100) == pytest.approx(7.9 + 90)


def test_a_waking_that_does_not_fit_is_refused(round_figures):
    with pytest.raises(ValueError, match="does not fit"):
        round_figures.mean_mw(round_figures.Waking(10, 5, 4, (0, 0)), 9)


def test_the_median_of_all_but_the_first(battery):
    rows = [(99, 9), (8, 3), (10, 4), (9, 5)]
    lines = [
        {"awake": a, "busy": a - 1, "radio": r, "sent": [r, 10 * r], "radio_asleep": 0}
        for a, r in rows
    ]
    waking = battery.typical("\n".join(map(json.dumps, lines)))
    assert waking == battery.Waking(9, 8, 4, (4, 40), False)
    with pytest.raises(ValueError, match="two wakings"):
        battery.typical(json.dumps(lines[0]))


def test_what_it_tells(battery, capsys):
    assert battery.main(["--wh", "10", "--every", "600"]) == 0
    told = capsys.readouterr().out
    assert "not measured on this firmware" in told
    assert f"{battery.days(battery.MEASURED, 600, 10):.0f} days" in told


def test_a_file_that_is_none_is_told(battery, capsys, tmp_path):
    file = tmp_path / "wakings"
    for text in ("", "no JSON\n" * 3, '{"awake": 1}\n' * 3, "[]\n[]\n"):
        file.write_text(text)
        assert battery.main(["--wakings", str(file)]) == 2
        assert str(file) in capsys.readouterr().err
