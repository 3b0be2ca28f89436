"""Sections of the settings are a table: nobody keeps a second list of their names."""

import ast
import re

import pytest
from needs import ROOT

from mesh.core.policy.section import BOARD, CABLE, SECRET
from mesh.core.policy.section_table import SECTIONS
from mesh.hub.home.desktop_settings import INSTEAD

KEYS = {row.key for row in SECTIONS}
SETTINGS = " ".join((ROOT / "docs/settings.md").read_text(encoding="utf-8").split())
TABLE = "mesh/core/policy/section_table.py"
# lists that a new section need not be in, and what they are
OTHERS = {
    "mesh/boards/flash/new_settings.py": "tables to which `mesh flash` adds what is given",
}


def flagged(flag):
    return {row.key for row in SECTIONS if row.flags & flag}


def listed(source):
    """Lines with a list, a tuple, a set or a text of three or more names of sections alone."""
    for node in ast.walk(ast.parse(source)):
        words = []
        if isinstance(node, (ast.List, ast.Tuple, ast.Set)):
            words = [getattr(one, "value", None) for one in node.elts]
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            words = node.value.split()
        if len(words) > 2 and all(word in KEYS for word in words):
            yield node.lineno


def test_nobody_lists_sections():
    paths = {path.relative_to(ROOT).as_posix(): path for path in ROOT.glob("mesh/**/*.py")}
    found = {name: list(listed(path.read_text())) for name, path in paths.items() if name != TABLE}
    found = {name: lines for name, lines in found.items() if lines}
    assert set(found) == set(OTHERS), (
        f"what is so of some sections is a flag or a spec of their rows in {TABLE}: a list of "
        f"them elsewhere has to be changed for each new one. {found}"
    )


@pytest.mark.parametrize("source", ['x = ("wifi", "share", "keep")', 'x = "names wifi port"'])
def test_a_list_is_found(source):
    assert list(listed(source))


@pytest.mark.parametrize(
    "source", ['x = ("wifi", "keep")', 'x = {"names": 1, "wifi": 2, "port": 3}']
)
def test_a_pair_and_settings_are_none(source):
    assert not list(listed(source))


def test_each_section_for_boards_says_what_a_desktop_does_instead():
    assert set(INSTEAD) == flagged(BOARD)


def test_docs_have_the_sections_for_boards():
    [told] = re.findall(r"on a desktop the keys that are for boards \(([^)]*)\)", SETTINGS)
    assert set(re.findall(r"`(\w+)`", told)) == flagged(BOARD)


def test_docs_have_what_is_changed_by_cable_alone():
    [told] = re.findall(r"`mesh show` has the line .*?\. (`.*?), and names that would", SETTINGS)
    assert set(re.findall(r"`(\w+)`", told)) == flagged(CABLE | SECRET)
    assert flagged(SECRET) == {"wifi", "setup"}
