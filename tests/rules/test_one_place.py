"""What the protocol agrees on stands in one place: a second one could say something else."""

import ast

import pytest
from needs import ROOT

from mesh.core import codes

# names of numbers, and the file that has them
NAMES = {
    "COSE": "mesh/core/codec/formats.py",
    "HEAD_SIZE": "mesh/core/feed/tail.py",
    "RUN_SIZE": "mesh/core/feed/tail.py",
}
IN_CORE = NAMES | {"CBOR": "mesh/core/codec/formats.py"}
CODES = "mesh/core/codes.py"
RESPONSES = range(codes.CREATED, codes.NO_PROXY + 1)
TAKERS = {"RemoteError", "Message", "expect_code", "_refuse", "__init__"}  # of a code


def assigned(folder):
    """(name, file) of each whole number that a module gives a name in capitals."""
    for path in sorted((ROOT / folder).rglob("*.py")):
        for node in ast.parse(path.read_text()).body:
            value = getattr(getattr(node, "value", None), "value", None)
            if isinstance(node, ast.Assign) and isinstance(value, int):
                for target in node.targets:
                    yield getattr(target, "id", ""), path.relative_to(ROOT).as_posix()


def test_numbers_are_named_once():
    for folder, names in (("mesh", NAMES), ("mesh/core", IN_CORE)):
        for name, home in names.items():
            found = [file for given, file in assigned(folder) if given == name]
            assert found == [home], f"{name} is in {found}: import it of {home}"


def test_what_begins_a_feed_is_said_once():
    said = [
        path.relative_to(ROOT).as_posix()
        for path in sorted((ROOT / "mesh").rglob("*.py"))
        if "othermesh feed v" in path.read_text()
    ]
    assert said == ["mesh/core/feed/chain.py"]


def numbers(tree):
    """What a module calls a whole number, with that number."""
    for node in tree.body:
        if isinstance(node, ast.Assign):
            names, values = node.targets[0], node.value
            both = zip(*(getattr(one, "elts", [one]) for one in (names, values)), strict=False)
            yield from ((n.id, v.value) for n, v in both if isinstance(v, ast.Constant))


def codes_in(node):
    """The expressions in a node that are response codes, so far as its form tells."""
    match node:
        case ast.Call(ast.Name(name) | ast.Attribute(_, name), said) if name in TAKERS:
            return said
        case ast.Compare(left, _, to) if any(map(is_code, sides := [left, *to])):
            return [one for side in sides for one in getattr(side, "elts", [side])]
        case ast.Tuple(said) | ast.List(said) | ast.Set(said) | ast.Dict(said):
            return said if any(map(is_named, said)) else []
        case ast.Assign([ast.Name(name)], value) if hasattr(codes, name):
            return [value]
    return []


def is_code(node):
    """Whether it is called so, as in `answer.code`."""
    return getattr(node, "attr", getattr(node, "id", "")) == "code"


def is_named(node):
    """Whether it is one of mesh.core.codes."""
    return getattr(getattr(node, "value", None), "id", "") == "codes"


def bare(text):
    """The lines of a text where a response code is a number instead of one of mesh.core.codes."""
    tree = ast.parse(text)
    own = dict(numbers(tree))
    for node in ast.walk(tree):
        match node:
            case ast.BinOp(ast.Constant(), ast.LShift(), ast.Constant(5)):
                yield node.lineno
        for one in codes_in(node):
            value = getattr(one, "value", own.get(getattr(one, "id", "")))
            if isinstance(value, int) and value in RESPONSES:
                yield one.lineno


def test_response_codes_are_named():
    for path in sorted((ROOT / "mesh").rglob("*.py")):
        file = path.relative_to(ROOT).as_posix()
        found = list(bare(path.read_text())) if file != CODES else []
        assert not found, f"{file}, lines {found}: mesh.core.codes has names of response codes"


@pytest.mark.parametrize(
    "text",
    [
        'raise RemoteError("nothing here", 0x84)',
        "BUSY = 0xA3\nraise errors.RemoteError(why, BUSY)",
        "if answer.code == 0x45: pass",
        "if answer.code in (0, 0x9D): pass",
        "BUSY, LARGE = 0xA3, 0x8D\nif 0x40 < answer.code < LARGE: pass",
        "UNHEARD = (0, codes.TOO_MANY, 0xA3)",
        'TITLES = {codes.NOT_FOUND: "not here", 0xA3: "busy"}',
        "NOT_FOUND = 0x84",
        "code = 4 << 5 | 4",
        "reply = coap.Message(132)",
    ],
)
def test_that_it_finds_bare_codes(text):
    assert list(bare(text))


def test_heads_are_made_and_read_in_one_place():
    files = {p.relative_to(ROOT).as_posix(): p.read_text() for p in (ROOT / "mesh").rglob("*.py")}
    for what in ("othermesh-head", "def claim(", "def genesis(", "def seam("):
        found = [file for file, text in files.items() if what in text]
        assert found == ["mesh/core/feed/chain.py"], f"{what} is in {found}"
