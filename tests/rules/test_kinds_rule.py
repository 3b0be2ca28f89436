"""Kinds of entries are tables: nobody compares the name of one outside of its own file."""

import ast

import pytest
from needs import ROOT

from mesh.core.kinds.accepting import BUILT_IN

OWN = ("mesh/core/kinds/",)


def names_of(node):
    """The texts and attributes in one side of a comparison."""
    for part in ast.walk(node):
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            yield part.value
        if isinstance(part, ast.Attribute) and part.attr == "NAME":
            yield ast.unparse(part.value).rpartition(".")[2]


def compared(source):
    """Lines that compare something with the name of a kind of entry, or match it."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
        elif isinstance(node, ast.MatchValue):
            sides = [node.value]
        else:
            continue
        if any(set(names_of(side)) & set(BUILT_IN) for side in sides):
            yield node.lineno


# who compares other things of the same name: an event of the demo's boards, no entry
OTHERS = {"mesh/lab/demo/boards.py"}


def test_nobody_asks_for_the_kind_of_an_entry():
    paths = {path.relative_to(ROOT).as_posix(): path for path in ROOT.glob("mesh/**/*.py")}
    files = [name for name in paths if not name.startswith(OWN) and name not in OTHERS]
    found = [f"{name}:{line}" for name in files for line in compared(paths[name].read_text())]
    assert len(files) > 300
    assert not found, (
        "what is done with a kind of entry stands in tables (mesh/core/kinds, mesh/hub/store/"
        "projecting.py, entry_view.py, entry_rows.py): whoever asks for its name elsewhere has to "
        f"be changed for each new kind. {found}"
    )


@pytest.mark.parametrize(
    "source",
    [
        'if kind == "reading": pass', 'if "asleep" != entry[2]: pass', 'x = kind in ("actuated",)',
        "if last == asleep.NAME: pass", 'match kind:\n    case "reading": pass',
    ],
)  # fmt: skip
def test_it_is_found(source):
    assert list(compared(source))


@pytest.mark.parametrize("source", ['x = {"reading": 1}', 'write(now, "reading", 1)', "a == b"])
def test_a_table_and_a_call_are_none(source):
    assert not list(compared(source))
