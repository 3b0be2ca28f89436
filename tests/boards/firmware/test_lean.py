"""What a board gets compiled says the same as what was written, in fewer names."""

import ast

from mesh.boards.firmware import lean

FIRST = """A = 5
B, C = A << 2, 7
_OWN = 3
name = 1
D = name
SHOWN = 9
AGAIN = 1
AGAIN = 2
text = f"{SHOWN}"
"""


def leaned(source, **others):
    known = {name: lean.constants(text) for name, text in others.items()}
    return lean.lean(source, "here", known | {"here": lean.constants(source)})


def test_constants_are_whole_numbers_bound_once_and_not_in_a_text():
    assert lean.constants(FIRST) == {"A": 5, "B": 20, "C": 7, "_OWN": 3}


def test_constants_are_written_out_where_they_are_used():
    source = "SIZE = 4\n\n\ndef f(x=SIZE):\n    return x + SIZE\n"
    assert leaned(source) == "\n\n\ndef f(x=4):\n    return x + 4\n"


def test_constants_of_other_modules_are_not_imported():
    source = "from first import A, name, B as b\nfrom pack import first\n"
    source += "x = A + b, first.C, first.name\n"
    text = leaned(source, first=FIRST, **{"pack.first": FIRST})
    assert text == "from first import name\nfrom pack import first\nx = 5 + 20, 7, first.name\n"


def test_an_import_over_several_lines_keeps_the_numbers_of_the_rest():
    source = "from first import (\n    A,\n    C,\n)\nx = A\n"
    assert leaned(source, first=FIRST) == "\n\n\n\nx = 5\n"


def test_a_name_in_a_text_stays_a_name():
    source = "from first import A\nx = A\ny = f'{A}'\n"
    assert leaned(source, first=FIRST) == source


def test_what_only_type_checkers_read_is_left_out():
    source = (
        "a = 1\nTYPE_CHECKING = False\nif TYPE_CHECKING:\n    import x\n\n    y = x\n\nz = 1\n"
    )
    assert leaned(source) == "a = 1\n\n\n\n\n\n\nz = 1\n"


def for_types(tree):
    """What is in blocks that only type checkers read, protocols for instance."""
    blocks = [n for n in ast.walk(tree) if isinstance(n, ast.If)]
    blocks = [n for n in blocks if getattr(n.test, "id", "") == "TYPE_CHECKING"]
    return {id(n) for block in blocks for n in ast.walk(block)}


def functions(text):
    """Each function's name, or only that it is private, and its line."""
    tree = ast.parse(text)
    found = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)]
    left = [n for n in found if id(n) not in for_types(tree)]
    return [("_" if n.name[0] == "_" != n.name[1] else n.name, n.lineno) for n in left]


def test_every_file_of_a_board_keeps_its_lines_and_its_functions():
    texts = lean.leaned()
    assert not texts.pop(lean.PACKAGE).strip(), "what `import mesh` gives to programs"
    for path, text in texts.items():
        source = (lean.SOURCES.parent / path).read_text()
        assert text.count("\n") == source.count("\n"), path
        assert functions(text) == functions(source), path
