"""The demo on a terminal of 80x24: the newest step is to be seen, and the result comes last."""

import io
import time

import pytest
from rich.console import Console

from mesh.lab.demo import view as demo_view
from mesh.lab.demo.view import Row, View

NAMES = ("desktop", "birch", "cedar", "maple")
LONG = "✓ they find each other: 4 peers, 12 signed first contacts, 0.2 s after the last came up"


@pytest.fixture
def view():
    rows = {name: Row(name, "board") for name in NAMES}
    for row in rows.values():
        row.short, row.state, row.heap = "g4eqcwr5", "up", "293 of 324"
        for sensor in ("disk", "load", "memory", "network", "uptime"):
            row.readings[sensor] = (123456789.5, "B", time.monotonic() - 60)
    made = View(rows, as_json=False)
    made._console = Console(
        width=80, height=24, file=io.StringIO(), force_terminal=True, highlight=False
    )
    return made


def shown(view):
    console = Console(width=80, height=24)
    with console.capture() as captured:
        console.print(view.picture(console))
    return captured.get().splitlines()


def test_the_newest_steps_are_seen_however_many_and_long(view):
    with view:
        for number in range(30):
            view.happened("check", f"{LONG} {number}" if number % 2 else f"short {number}")
            lines = shown(view)
            assert len(lines) < 24
            assert all(len(line) <= 80 for line in lines)
            assert str(number) in " ".join(lines[-2:])
        assert all(any(name in line for line in lines) for name in NAMES)


def test_the_result_is_what_the_screen_ends_with(view):
    checks = {f"step {n}": (True, LONG) for n in range(9)}
    with view:
        view.happened("check", LONG)
        view.summary(checks, {"messages verified": 139})
    text = view._console.file.getvalue()
    end = text[text.rindex("What was to be seen") :].splitlines()
    assert "9 of 9 were seen" in end[-1]
    assert demo_view.TITLE not in "".join(end)
    assert "messages verified 139" in end[-2]
