"""docs/protocol.md names every field that the code of boards and desktops tells at /peer."""

import ast
import re

from needs import ROOT

ABOUT = ROOT / "mesh/core/resources/about.py"


def _in_about(tree):
    """The keys of the maps that are made there, but in the one of failing sensors."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Dict):
            yield from (key.value for key in node.keys if isinstance(key, ast.Constant))
        if isinstance(node, ast.Subscript) and ast.unparse(node.value) == "about":
            yield node.slice.value


def _is_more(node):
    return isinstance(node, ast.Attribute) and node.attr == "more"


def _names_of_more(tree):
    """What a module calls the fields that a runtime adds: its names for Peer.more."""
    for node in ast.walk(tree):
        if isinstance(node, ast.NamedExpr) and _is_more(node.value):
            yield node.target.id
        if isinstance(node, ast.Assign) and _is_more(node.value):
            yield from (target.id for target in node.targets if isinstance(target, ast.Name))


def _added(tree):
    names = set(_names_of_more(tree))
    for node in ast.walk(tree):
        if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
            of = node.value.target if isinstance(node.value, ast.NamedExpr) else node.value
            if _is_more(of) or (isinstance(of, ast.Name) and of.id in names):
                yield node.slice.value


def _told():
    fields = set(_in_about(ast.parse(ABOUT.read_text(encoding="utf-8"))))
    for file in sorted((ROOT / "mesh").rglob("*.py")):
        if "lab" not in file.parts:
            fields |= set(_added(ast.parse(file.read_text(encoding="utf-8"))))
    return fields


def test_the_text_names_what_is_told():
    text = (ROOT / "docs/protocol.md").read_text(encoding="utf-8")
    table = text.split("Fields of /peer.")[1].split("An address text")[0]
    rows = re.findall(r"^\| (`.+?) \|", table, re.MULTILINE)
    named = {name for row in rows for name in re.findall(r"`([a-z_]+)`", row)}
    assert named == _told()
    assert {"resets", "failing", "firmware", "refusing", "update", "held"} <= named
