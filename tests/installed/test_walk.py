"""Somebody reads a page and types what it shows, after `pip install`: it is what he sees."""

import re

import pages
import pytest
from shapes import lost

# three boards are flashed first, one after the other, on whatever machine this is
pytestmark = pytest.mark.timeout(300)
SHOWN = pages.shown()
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
