"""Somebody reads a page and types what it shows, after `pip install`: it is what he sees."""

import re

import pages
import pytest
import rest
from namespaces import Namespace
from place import Place
from shapes import lost
from terminal import COLUMNS

from mesh.cli.command_table import COMMANDS

# three boards are flashed first, one after the other, on whatever machine this is
pytestmark = pytest.mark.timeout(600)
SHOWN = pages.shown()
PHRASE = "correct horse"
BOARDS = ("birch", "cedar", "maple")  # of the demo
DEMO_S = 480  # its own limits, and time to compile
ELSEWHERE = "--home other"  # another computer, which nobody named to the greenhouse


def typed(here, one):
    """The words as they are typed here: with this port, for a board that can be had here."""
    words = re.sub(r"/dev/pts/\d+", getattr(here, "port", "PORT"), one.words)
    if pages.by_another(one):
        words += f" {ELSEWHERE}"
    if words.startswith("watch"):
        words = "watch --count 12"  # each of all sensors comes by
    if words.startswith("board settings"):
        words = words.replace("board settings", f"board settings {here.port}")
    words = words.replace("dist/pico_w", "dist/unix")
    return words.replace("build --board pico_w", "build --board unix")


@pytest.mark.parametrize("one", [pytest.param(s, id=f"{s.page}: {s.words}") for s in SHOWN])
def test_what_is_shown_is_seen(here, one):
    if one.words == "up":
        seen = here.up.read_text()
    elif one.words.startswith("board virtual"):
        if not hasattr(here, "port"):
            here.log = here.start(one.words, "port: ")
            here.port = here.log.read_text().split("port: ")[1].split()[0]
        seen = here.log.read_text()
    else:
        code, seen = here.mesh(typed(here, one))
        refused = any(line.startswith(("mesh: ", "error ")) for line in one.says)
        assert bool(code) == refused, seen
        assert "Traceback" not in seen
    missing = lost(one.says, seen)
    assert not missing, "shown, and not seen:\n" + "\n".join(missing) + f"\nbut:\n{seen}"


def test_every_page_that_shows_commands_is_walked():
    assert pages.every_page_with_commands() == set(pages.PAGES)


@pytest.mark.parametrize(("words", "part"), rest.REST, ids=[words for words, _ in rest.REST])
def test_what_no_page_shows_goes_well(here, words, part):
    code, seen = here.mesh(
        words.replace("PORT", getattr(here, "port", "PORT")), MESH_PASSPHRASE=PHRASE
    )
    assert code == 0, seen
    assert part in seen


def test_every_command_was_run_from_the_wheel():
    run = [f"{words} " for words in [one.words for one in SHOWN] + [one for one, _ in rest.REST]]
    missed = {name for name in COMMANDS if not any(words.startswith(f"{name} ") for words in run)}
    # the demo comes below; tests/interop/test_whole_peers_conform.py has what conform says of
    # `up`; in tests/device, test_board_wifi.py a board that was moved, test_agreeing.py what
    # `mesh ask` gets
    assert missed == {"conform", "demo", "board wifi", "ask"}


STEP = re.compile(r" *(\d+\.\d) s  ✓ ([^:]+):")
MET, LAST = "they find each other", "without the desktop the boards go on"


def test_the_demo_fits_a_terminal(python, tmp_path):
    with (
        Namespace() as network,
        Place(python, tmp_path, network.wrap).terminal("demo") as terminal,
    ):
        code = terminal.run(DEMO_S)
        end = [line for line in terminal.lines() if line]
    assert code == 0, "\n".join(end)
    assert end[-1].startswith("9 of 9 were seen"), "the result is not the last line"
    assert end[0].startswith("What was to be seen"), "its beginning is gone"
    seen = {}  # step: when it was
    for lines in terminal.screens:
        assert all(len(line) <= COLUMNS for line in lines)
        steps = [match for line in lines if (match := STEP.match(line))]
        assert not seen or not steps or float(steps[-1][1]) >= max(seen.values()), "an old one"
        seen |= {step[2]: float(step[1]) for step in steps}
        if "cutting maple's power" in " ".join(lines) and lines[0].startswith("othermesh: "):
            assert [line.split()[0] for line in lines[2:10:2]] == ["desktop", *BOARDS]
    assert {MET, LAST} <= set(seen)
    assert any("compiling the files that go on a board: " in " ".join(s) for s in terminal.screens)
