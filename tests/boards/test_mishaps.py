"""docs/flashing-fails.md tells every failure that the code knows, in the code's own words."""

import ast
import re
import string
import xml.etree.ElementTree as ET

import pytest
from needs import ROOT

from mesh.boards.catalogue import hardware
from mesh.boards.mishaps import MISHAPS
from mesh.cli.views.flash_view import STEPS
from mesh.hub.failure import MEANINGS

DOC = (ROOT / "docs" / "flashing-fails.md").read_text()
SECTION = re.compile(r"^### (\S+)\n\n(.+?)\n\n- safe: (.+?)\n- next: (.+?)\n", re.MULTILINE)
SAID = {name: (what, safe, todo) for name, what, safe, todo in SECTION.findall(DOC)}


def fields(text):
    return {field for _, field, _, _ in string.Formatter().parse(text) if field}


def told(text):
    """A text of the table with the names of what is filled in."""
    return text.format_map({field: field.upper() for field in fields(text)})


def test_the_document_tells_of_every_failure_and_of_no_other():
    assert set(SAID) == set(MISHAPS)
    assert len(re.findall(r"^### ", DOC, re.MULTILINE)) == len(MISHAPS)


@pytest.mark.parametrize("name", MISHAPS)
def test_the_document_has_the_words_of_the_code(name):
    kind = MISHAPS[name]
    what = told(kind.what)
    assert SAID[name] == (f"{what[0].upper()}{what[1:]}.", told(kind.safe), told(kind.todo))
    assert kind.code in MEANINGS


def raised():
    """(name, words that are given, whether all are seen) of each failure that the code makes."""
    paths = [path for part in ("boards", "cli") for path in (ROOT / "mesh" / part).rglob("*.py")]
    for path in sorted(paths):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            first = node.args[0]
            if name in ("mishap", "_fail") and isinstance(first, ast.Constant):
                words = {word.arg for word in node.keywords}
                yield first.value, words - {None}, None not in words and name == "mishap"


def test_every_failure_of_the_table_is_made_somewhere_and_no_other():
    assert {name for name, _, _ in raised()} == set(MISHAPS)


def test_every_failure_gets_its_words():
    for name, words, all_seen in raised():
        kind = MISHAPS[name]
        wanted = fields(kind.what) | fields(kind.todo)
        assert words <= wanted or not all_seen, f"{name} has no place for {words - wanted}"
        assert wanted <= words or not all_seen, f"{name} lacks {wanted - words}"


@pytest.mark.parametrize("name", ["flash", "flash-again", "flash-refused"])
def test_pictures_of_the_terminal_need_nobody_else(name):
    text = (ROOT / "docs" / "pictures" / f"{name}.svg").read_text()
    assert ET.fromstring(text).tag.endswith("svg")
    assert "url(http" not in text, "it would fetch a font from a server"


def test_the_picture_of_flashing_has_all_its_steps():
    text = (ROOT / "docs" / "pictures" / "flash.svg").read_text()
    shown = {word for word in STEPS if f">{word}" in text}
    assert {"found", "firmware", "settings", "identity", "joined", "reading", "done"} <= shown
    guide = (ROOT / "docs" / "first-board.md").read_text()
    told = set(re.findall(r"^\d\. \*\*(\w+)\*\*", guide, re.MULTILINE))
    assert told == shown - {"done"}, "the guide tells of other steps than the picture shows"


def test_the_table_of_files_is_that_of_the_boards():
    guide = (ROOT / "docs" / "first-board.md").read_text()
    for board in hardware.boards().values():
        if board.image.kind != "none":
            assert f"`{board.micropython}-" in guide, f"no file for {board.name}"
