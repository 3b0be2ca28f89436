"""Victims of attacks, how often each attack strikes, and the table of what was seen."""

import os
import shutil

import figures
import needs
import pytest
from victims import BoardVictim, DesktopVictim

from mesh.boards.virtual.process import build

FULL = os.environ.get("ATTACKS", "") == "full"
ROWS = pytest.StashKey()


@pytest.fixture
def times():
    """times(short, full): how often an attack strikes, in `make test` and in `make attacks`."""
    return lambda short, full: full if FULL else short


@pytest.fixture(scope="session")
def compiled(tmp_path_factory):
    """A board's files, to copy."""
    return build(tmp_path_factory.mktemp("board") / "compiled")


@pytest.fixture
def made():
    """The peers of a test: none of them outlives it."""
    peers = []
    yield peers
    for peer in peers:
        peer.kill()


@pytest.fixture
def desktop(tmp_path, made):
    """Start `mesh up` on loopback: desktop(name, host=, **settings)."""

    def make(name="desktop", **settings):
        made.append(DesktopVictim(tmp_path / name, **settings))
        return made[-1].start()

    return make


@pytest.fixture
def board(compiled, micropython, tmp_path, made):
    """Start MicroPython with a board's files on loopback: board(name, heap=, **settings)."""
    assert needs.micropython()

    def make(name="board", **settings):
        folder = tmp_path / name
        if not (folder / "main.py").exists():
            shutil.copytree(compiled, folder, dirs_exist_ok=True)
        made.append(BoardVictim(folder, **settings))
        return made[-1].start()

    return make


@pytest.fixture
def seen(request):
    """seen(attack, victim, **figures): a row of the table at the end; see figures.Row."""
    rows = request.config.stash.setdefault(ROWS, [])

    def note(attack, victim, **values):
        rows.append(figures.Row(attack, victim, **values))

    return note


def pytest_terminal_summary(terminalreporter, config):
    """The table, as docs/security.md has it."""
    if rows := config.stash.get(ROWS, []):
        terminalreporter.section("attacks")
        terminalreporter.write_line(figures.when())
        for line in figures.table(rows):
            terminalreporter.write_line(line)
