"""The names that a file uses most come first in its table of names.

Byte code has one byte for each of the first 128 names, and two for the others; the compiler
numbers names in the order in which it meets them.
"""

import ast
from collections import Counter

from mesh.hub.link_scopes import Hidden, Renaming

SHORT = 124  # names: what stands before them in a .mpy takes the other numbers


def first_line(text: str) -> str:
    """A line that does nothing but name what this text uses most; a board forgets it at once."""
    names = [name for name, _ in sorted(_counted(text).items(), key=lambda n: (-n[1], n[0]))]
    return f"0 == __name__ and _.{'.'.join(names[:SHORT])}"


def _counted(text: str) -> "Counter[str]":
    """How often byte code has each name."""
    found: Counter[str] = Counter()
    for node in ast.walk(ast.parse(text)):
        match node:
            case ast.Attribute(_, name) | ast.keyword(str(name)) | ast.arg(name):
                found[name] += 1
            case ast.Constant(str(name)) if name.isidentifier():
                found[name] += 1
            case ast.FunctionDef(name) | ast.AsyncFunctionDef(name) | ast.ClassDef(name):
                found[name] += 1

    def count(name: str, _: Hidden) -> str:
        found[name] += 1
        return name

    Renaming(count, lambda *_: None).visit(ast.parse(text))
    return found
