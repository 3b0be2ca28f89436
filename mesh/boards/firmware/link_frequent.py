"""Orders a file's table of names by frequency, to save bytes.

Byte code takes one byte for each of the first 128 names, and two for others. The compiler numbers
names in the order of their first use.
"""

import ast
from collections import Counter
from keyword import iskeyword

from mesh.boards.firmware.link_scopes import Hidden, Renaming

SHORT = 124  # number of names: others of the first 128 are used by the .mpy itself


def first_line(text: str) -> str:
    """A line without effect that uses the most frequent names of a text."""
    names = [name for name, _ in sorted(_counted(text).items(), key=lambda n: (-n[1], n[0]))]
    return f"0 == __name__ and _.{'.'.join(names[:SHORT])}"


def _counted(text: str) -> "Counter[str]":
    """How often byte code uses each name."""
    found: Counter[str] = Counter()
    for node in ast.walk(ast.parse(text)):
        match node:
            case ast.Attribute(_, name) | ast.keyword(str(name)) | ast.arg(name):
                found[name] += 1
            case ast.Constant(str(name)) if name.isidentifier() and not iskeyword(name):
                found[name] += 1
            case ast.FunctionDef(name) | ast.AsyncFunctionDef(name) | ast.ClassDef(name):
                found[name] += 1

    def count(name: str, _: Hidden) -> str:
        found[name] += 1
        return name

    Renaming(count, lambda *_: None).visit(ast.parse(text))
    return found
