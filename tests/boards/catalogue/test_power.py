"""Budgets, against what was worked out by hand."""

import pytest

from mesh.boards.catalogue.plan import plan
from mesh.boards.catalogue.power import Assumptions, budget
from mesh.core.errors import LocalError

MEADOW = {
    "sensors": {
        "air": {"kind": "sht3x", "every_s": 600},
        "battery": {"kind": "battery", "pin": 3, "divider": 2},
    },
    "sleep": {"every_s": 600},
}


@pytest.fixture
def round_figures(own):
    """A board and a sensor whose figures are easy."""
    file = own / "boards/pico_w/board.toml"
    head = file.read_text().partition("[power]")[0]
    rows = {"wifi_busy": 300, "wifi_on": 100, "deep_sleep": 0.1, "own": 2}
    file.write_text(
        head
        + "[power]\n"
        + "".join(f'{k} = {{ ma = {v}, source = "-", checked = true }}\n' for k, v in rows.items())
    )
    file = own / "sensors/sht3x/sensor.toml"
    head, _, tail = file.read_text().partition("[current]")
    file.write_text(
        head + "[current]\nrest_ua = 10\nactive_ua = 1010\nactive_ms = 500\npeak_ma = 2\n"
        'source = "-"\nchecked = true\n\n' + tail[tail.index("[ranges") :]
    )


def shares(made):
    return {share.what: round(share.ma, 6) for share in made.shares}


@pytest.mark.usefixtures("round_figures")
def test_asleep():
    settings = {"sensors": {"air": {"kind": "sht3x", "every_s": 50}}, "sleep": {"every_s": 100}}
    made = budget(plan("pico_w", settings), Assumptions(1000, 0.8, awake_s=10, sending_s=1))
    assert shares(made) == {
        "board, asleep": 0.09,  # 0.1 mA, 90 of 100 s
        "board, awake": 9.0,  # 100 mA, 9 of 100 s
        "board, sending": 3.0,  # 300 mA, 1 of 100 s
        "board, its other parts": 2.0,
        "air": 0.015,  # 10 uA, and 1000 uA more for 0.5 of 100 s: it is not asked while asleep
    }
    assert made.mean_ma == pytest.approx(14.105)
    assert made.mah_per_day == pytest.approx(338.52)
    assert made.days == pytest.approx(800 / 338.52)


@pytest.mark.usefixtures("round_figures")
def test_awake():
    settings = {"sensors": {"air": {"kind": "sht3x", "every_s": 50, "samples": 4}}}
    made = budget(plan("pico_w", settings), Assumptions(1000, 0.5, bare=True))
    # 10 uA, and 1000 uA more for 4 x 0.5 of 50 s
    assert shares(made) == {"board, awake, Wi-Fi listening": 100.0, "air": 0.05}
    assert made.days == pytest.approx(500 / (100.05 * 24))


@pytest.mark.usefixtures("round_figures")
def test_never_more_than_all_the_time():
    settings = {"sensors": {"air": {"kind": "sht3x", "every_s": 0.1}}}
    assert shares(budget(plan("pico_w", settings)))["air"] == 1.01


def test_with_real_figures():
    made = budget(plan("esp32_c3", MEADOW), Assumptions(bare=True))
    chip = (82 * 5 + 345 * 1 + 0.0048 * 594) / 600
    assert made.mean_ma == pytest.approx(chip + 0.021 + 0.0002 + 1.4998 * 0.0155 / 600)
    assert made.days == pytest.approx(51.9, abs=0.1)
    assert not any("Estimated" in note for note in made.notes)


def test_estimates_are_called_so():
    made = budget(plan("esp32_c3", MEADOW))
    (note,) = [note for note in made.notes if "Estimated" in note]
    assert "board, its other parts" in note


def test_what_does_not_fit_is_refused():
    with pytest.raises(LocalError, match="does not fit"):
        budget(plan("esp32_c3", MEADOW), Assumptions(awake_s=601))


def test_no_figures_no_budget():
    with pytest.raises(LocalError, match="no figures"):
        budget(plan("unix", MEADOW))
