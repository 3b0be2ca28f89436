"""The question of `mesh settings` at a terminal, and Ctrl-C while a board tries new settings."""

import contextlib
import json
import threading

import updating
from commands import LOOPBACK, MESH
from terminal import CTRL_C, Terminal

from mesh.hub.failure import FAILED, INTERRUPTED, OK

LIMIT_S = 60
CHANGE = "sensors.heap.every_s=30"
NOTHING = "it was not confirmed, and nothing was done"
TAKEN_BACK = "a board that tries settings takes them back by itself"
GIVEN = {"sensors": {"heap": {"every_s": 60}}}


@contextlib.contextmanager
def changing(home, *words):
    """`mesh settings` at a terminal, which is about the board `shelf`."""
    where = ("--home", home.path, "-i", LOOPBACK, "-t", "30")
    with Terminal(*MESH, "settings", "shelf", *words, *where) as terminal:
        yield terminal


def text(lines):
    return " ".join(" ".join(lines).split())


def ended(terminal, keys):
    """The exit code, and what is on the screen, after a key at the question."""
    assert terminal.run(LIMIT_S, lambda lines: "Go on? [y/N]" in text(lines)) is None
    asked = text(terminal.lines())
    assert '- "every_s": 60' in asked
    assert '+ "every_s": 30' in asked
    assert "To be changed: 1" in asked
    terminal.type(keys)
    return terminal.run(LIMIT_S), terminal.lines()


def test_only_a_y_changes_anything(tmp_path, board):
    with updating.introduced(tmp_path / "home", board, "shelf", **GIVEN) as (home, boards):
        folder = boards["shelf"].folder
        before = (folder / "settings.json").read_bytes()
        for keys, code in (
            ("N\r", FAILED),
            ("\r", FAILED),
            ("\x04", FAILED),
            (CTRL_C, INTERRUPTED),
        ):
            with changing(home, CHANGE) as terminal:
                found, lines = ended(terminal, keys)
            assert (found, keys) == (code, keys), lines
            assert f"mesh: {NOTHING}" in lines, "on a line of its own"
            assert TAKEN_BACK not in text(lines), "it was not offered"
            assert (folder / "settings.json").read_bytes() == before
            assert not (folder / "settings.trial").exists(), "it was never offered"
        with changing(home, CHANGE) as terminal:
            found, lines = ended(terminal, "y\r")
        assert found == OK, lines
        assert json.loads((folder / "settings.json").read_text()) == (
            json.loads(before) | {"sensors": {"heap": {"every_s": 30}}}
        )


@contextlib.contextmanager
def kept_off(one):
    """A board that starts anew in here stays off to the end of it; gives what is set then."""
    start, is_off, may_start = one._run, threading.Event(), threading.Event()

    def start_later():
        is_off.set()
        may_start.wait(LIMIT_S)
        return start()

    one._run = start_later
    try:
        yield is_off
    finally:
        may_start.set()


def test_ctrl_c_during_the_trial_has_them_taken_back(tmp_path, board):
    given = GIVEN | {"limits": {"trial_ms": 3000, "max_retransmit": 1, "ack_timeout_ms": 500}}
    with updating.introduced(tmp_path / "home", board, "shelf", **given) as (home, boards):
        one = boards["shelf"]
        before = (one.folder / "settings.json").read_bytes()
        with kept_off(one) as is_off, changing(home, CHANGE, "--yes") as terminal:
            assert is_off.wait(LIMIT_S)
            assert (one.folder / "settings.new").exists(), "its next start tries them"
            terminal.type(CTRL_C)
            assert terminal.run(LIMIT_S) == INTERRUPTED
            assert TAKEN_BACK in text(terminal.lines())
        one.wait("settings", state="taken back", why="who gave them did not answer in time")
        assert (one.folder / "settings.json").read_bytes() == before
        assert not (one.folder / "settings.new").exists()
