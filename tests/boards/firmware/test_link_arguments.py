"""Arguments that nobody names are called alike in joined files; what they do is the same."""

import ast

import pytest

from mesh.boards.firmware.link_arguments import Arguments, given_by_name

NAMES = ("_a", "_b", "_c", "_d")


def renamed(text, *calls):
    kept = given_by_name(map(ast.parse, (text, *calls)))
    return ast.unparse(Arguments(kept, NAMES).visit(ast.parse(text)))


@pytest.mark.parametrize(
    ("text", "becomes"),
    [
        ("def f(one, two):\n    return one - two", "def f(_a, _b):\n    return _a - _b"),
        ("def f(self, one=3):\n    self.one = one", "def f(self, _a=3):\n    self.one = _a"),
        ("f = lambda one: one + 1", "f = lambda _a: _a + 1"),
        ("def f(one):\n    return f'{one}'", "def f(_a):\n    return f'{_a}'"),
        ("def f(one):\n    return _a(one)", "def f(_b):\n    return _a(_b)"),
        (
            "def f(one):\n    def g():\n        return one\n    return g",
            "def f(_a):\n\n    def g():\n        return _a\n    return g",
        ),
    ],
)
def test_arguments(text, becomes):
    assert renamed(text) == becomes


@pytest.mark.parametrize(
    "text",
    [
        "def f(one):\n    return [one for one in one]",
        "def f(one):\n    def g():\n        nonlocal one\n        one = 2\n    return g() or one",
        "def f(*one, **two):\n    return (one, two)",
        "def f(*, one):\n    return one",
    ],
)
def test_what_is_bound_again_or_named_stays(text):
    assert "one" in renamed(text)
    inside = ast.parse(renamed(text)).body[0]
    assert [a.arg for a in ast.walk(inside) if isinstance(a, ast.arg)].count("_a") <= 1


def test_what_a_call_names_keeps_its_name():
    assert renamed("def f(one, two):\n    return two", "f(1, two=2)") == (
        "def f(_a, two):\n    return two"
    )


def test_functions_with_renamed_arguments_return_the_same():
    text = (
        "def f(one, two, three=4):\n    return [n * one + (lambda k: k + two)(three) for n in two]"
    )
    values = []
    for source in (text.replace("+ two", "+ 1"), renamed(text.replace("+ two", "+ 1"))):
        made = {}
        exec(source, made)  # noqa: S102 - it is our own
        values.append(made["f"](2, [5, 6]))
    assert values[0] == values[1] == [15, 17]
