"""Joins the modules of Ed25519 into one file, which takes fewer blocks of flash than five.

They are joined as they are: their machine code has types in annotations, and names that the rest
of the linker does not know.
"""

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

from mesh.boards.firmware.lean_names import short_names
from mesh.boards.firmware.link_text import Line, Text
from mesh.core.errors import LocalError

WHOLE = "mesh.device.ed25519"
PARTS = ("tables25519", "field25519", "scalar25519", "sha512")  # each after those that it imports
MODULES = (*(f"mesh.device.{name}" for name in PARTS), WHOLE)


def join(
    trees: Mapping[str, ast.Module],
    places: Mapping[str, Path],
    texts: dict[Path, str],
    lines: dict[Path, tuple[Line, ...]],
) -> None:
    """Put the one file into `texts` in place of the modules, and the origins of its lines into
    `lines`, if all modules are there. LocalError if two have the same name for something.
    """
    if not places.keys() >= set(MODULES):
        return
    text = Text()
    seen: set[str] = set()
    free = short_names()  # those that other files have, as a board keeps each name once
    for module in MODULES:
        whole = _Whole(_modules(trees[module]), free)
        body = [whole.visit(node) for node in trees[module].body if not _is_known(node, seen)]
        names = set[str]().union(*map(_named, body))
        if seen & names:
            raise LocalError(f"{module} has a name of another module: {sorted(seen & names)}")
        seen |= names
        text.add(places[module].as_posix(), body)
    for module in MODULES:
        del texts[places[module]]
    texts[places[WHOLE]], lines[places[WHOLE]] = text.source(), tuple(text.lines)


def _modules(tree: ast.Module) -> set[str]:
    """The names by which a module has others of these."""
    return {
        alias.asname or alias.name
        for node in tree.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if f"{node.module}.{alias.name}" in MODULES
    }


def _is_known(node: ast.stmt, seen: set[str]) -> bool:
    """Whether a statement imports what is in the file already."""
    if isinstance(node, ast.ImportFrom):
        names = {f"{node.module}.{alias.name}" for alias in node.names}
        return node.module in MODULES or names <= set(MODULES)
    return isinstance(node, ast.Import) and _named(node) <= seen


def _named(node: ast.stmt) -> set[str]:
    """The names that a statement of a module makes."""
    return set(_names(node))


def _names(node: ast.stmt) -> Iterator[str]:
    match node:
        case ast.FunctionDef(name):
            yield name
        case ast.Import(names) | ast.ImportFrom(_, names):
            yield from (alias.asname or alias.name for alias in names)
        case ast.Assign(targets):
            for target in targets:
                yield from (one.id for one in ast.walk(target) if isinstance(one, ast.Name))


class _Whole(ast.NodeTransformer):
    """Replaces module.name by name, of the modules that are in the file, and gives each private
    name of a module the next free one.
    """

    def __init__(self, modules: set[str], free: Iterator[str]) -> None:
        self._modules = modules
        self._free = free
        self._private: dict[str, str] = {}

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        match node:
            case ast.Attribute(ast.Name(name), attribute, context) if name in self._modules:
                return ast.copy_location(ast.Name(attribute, context), node)
        self.generic_visit(node)
        return node

    def visit_Name(self, node: ast.Name) -> ast.Name:
        node.id = self._renamed(node.id)
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        node.name = self._renamed(node.name)
        self.generic_visit(node)
        return node

    def _renamed(self, name: str) -> str:
        if not name.startswith("_"):
            return name
        if name not in self._private:
            self._private[name] = next(self._free)
        return self._private[name]
