"""Shortens private names in a board's sources: each name costs heap, once for all modules.

MicroPython keeps all names in one table, which it doubles when it is full: at 1,260 names it takes
9 KB more with 32-bit words. A private name means nothing in other modules, so all of them can have
the same few.
"""

import ast
import io
import keyword
import re
import string
import tokenize
from collections.abc import Iterator, Mapping
from itertools import count, product
from pathlib import Path

PRIVATE = re.compile(r"_[A-Za-z0-9]\w*(?<!__)")
Place = tuple[int, int, str]  # line, column in characters, name


def shortened(texts: Mapping[Path, str]) -> dict[Path, str]:
    """The modules with their private names shortened, line by line.

    A name stays if any module uses it as anything but a name of its own or an attribute of `self`:
    an import, a keyword, a text, part of an f-string. Modules whose classes inherit from each
    other get the same short name for the same private one.
    """
    trees = {path: ast.parse(text) for path, text in texts.items()}
    places = {path: list(_private(text)) for path, text in texts.items()}
    kept = set().union(*(_exposed(tree) for tree in trees.values()))
    short: dict[Path, dict[str, str]] = {}
    for family in _families(trees):
        mine = sorted({name for path in family for _, _, name in places[path]} - kept)
        free = (name for name in short_names() if name not in kept)
        names = dict(zip(mine, free, strict=False))
        short |= dict.fromkeys(family, names)
    return {path: _renamed(text, places[path], short[path]) for path, text in texts.items()}


def _private(text: str) -> Iterator[Place]:
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.NAME and PRIVATE.fullmatch(token.string):
            yield (*token.start, token.string)


def _exposed(tree: ast.AST) -> Iterator[str]:
    """Private names that may be used outside of the module."""
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(ast.Name("self" | "cls")):
                continue
            case ast.Attribute(_, name) | ast.keyword(str(name)) | ast.Constant(str(name)):
                yield name
            case ast.alias(name, as_name):
                yield from name.split(".")
                yield as_name or name
            case ast.ImportFrom(str(name)):
                yield from name.split(".")
            case ast.JoinedStr():
                yield from (n.id for n in ast.walk(node) if isinstance(n, ast.Name))
                yield from (n.attr for n in ast.walk(node) if isinstance(n, ast.Attribute))


def _families(trees: Mapping[Path, ast.Module]) -> list[list[Path]]:
    """Groups of modules: no class of one group inherits from one of another."""
    family = {path: [path] for path in trees}
    homes = {module_of(path): path for path in trees}
    for path, tree in trees.items():
        for there in _bases(tree, homes):
            if family[there] is not family[path]:
                family[there] += family[path]
                for member in family[path]:
                    family[member] = family[there]
    return [sorted(members) for path, members in family.items() if min(members) == path]


def _bases(tree: ast.Module, homes: Mapping[str, Path]) -> Iterator[Path]:
    """The modules from which a module's classes inherit."""
    froms: dict[str, Path] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                home = homes.get(f"{node.module}.{alias.name}") or homes.get(node.module or "")
                if home:
                    froms[alias.asname or alias.name] = home
    for node in ast.walk(tree):
        for base in node.bases if isinstance(node, ast.ClassDef) else ():
            root = base.value if isinstance(base, ast.Attribute) else base
            if isinstance(root, ast.Name) and root.id in froms:
                yield froms[root.id]


def module_of(path: Path) -> str:
    """The dotted name of the module in a file."""
    return ".".join(path.with_suffix("").parts).removesuffix(".__init__")


def short_names() -> Iterator[str]:
    """Private names, the shortest first."""
    letters = string.ascii_lowercase
    for length in count(1):
        for some in product(letters, repeat=length):
            name = "_" + "".join(some)
            if not keyword.iskeyword(name):
                yield name


def _renamed(text: str, places: list[Place], short: Mapping[str, str]) -> str:
    lines = text.splitlines(keepends=True)
    for line, column, name in reversed(places):
        if name in short:
            old = lines[line - 1]
            lines[line - 1] = old[:column] + short[name] + old[column + len(name) :]
    return "".join(lines)
