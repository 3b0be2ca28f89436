"""What people see at a terminal of 80x24: the command in it, its screen looked at."""

import asyncio

import pytest
from commands import LOOPBACK, MESH, greenhouse, make_home
from terminal import COLUMNS, LINES, Terminal

from mesh.cli import guesses
from mesh.core import peer_id as ids
from mesh.hub.failure import OK, USAGE

LIMIT_S = 60


@pytest.fixture
def home(tmp_path):
    return make_home(tmp_path / "study")


def shown(*arguments):
    """The last screen of a command that ends well, without empty lines at its end."""
    with Terminal(*MESH, *arguments) as terminal:
        assert terminal.run(LIMIT_S) == OK
        lines = terminal.lines()
    assert len(lines) == LINES
    assert all(len(line) <= COLUMNS for line in lines)
    while lines and not lines[-1]:
        lines.pop()
    return lines


def test_what_is_for_every_day_fits_with_the_prompt():
    lines = shown()
    assert lines[0].startswith("Usage: mesh COMMAND")
    assert "mesh --help" in lines[-1]


def test_help_ends_with_the_exit_codes_and_has_a_line_for_each():
    assert "Exit codes" in " ".join(shown("--help"))


def test_peers_show_and_get_have_what_matters_on_one_screen(tmp_path, home):
    async def scenario():
        own = ids.to_text(home.peer_id())
        async with greenhouse(tmp_path, home, introduced_by=own) as peer:
            where = ("--home", str(home.path), "-i", LOOPBACK, "-t", "1")

            def look():
                lines = shown("peers", *where)
                (line,) = [line for line in lines if line.startswith("greenhouse")]
                assert f"{LOOPBACK}:{peer.address[1]}" in line
                assert "up" in line.split()
                lines = shown("show", "greenhouse", *where)
                assert lines[0].split() == ["name", "greenhouse"]
                assert any("21.35 °C" in line for line in lines)
                lines = shown("get", f"coap://{LOOPBACK}:{peer.address[1]}/sensors")
                assert any("21.35" in line for line in lines)
                lines = shown("read", "greenhouse*/temp*", *where)
                assert any("21.35 °C" in line for line in lines)

            await asyncio.to_thread(look)

    asyncio.run(scenario())


def test_an_error_breaks_between_words(home):
    with Terminal(*MESH, "read", "greenhouse", "--home", str(home.path), "-i", "lo") as terminal:
        terminal.run(LIMIT_S)
        lines = [line for line in terminal.lines() if line]
    assert lines[0].startswith("mesh: ")
    with Terminal(*MESH, "config", "--home", str(home.path)) as terminal:
        assert terminal.run(LIMIT_S) == USAGE
        lines = [line for line in terminal.lines() if line]
    assert len(lines) > 2
    assert all(line.startswith("  ") for line in lines[1:])
    words = guesses.SETTINGS.split()
    assert all(word in words for line in lines[1:] for word in line.split())
