"""Imports of joined modules: where each name comes from, and imports rewritten."""

import ast
import re
from collections.abc import Iterator, Mapping, Set

from mesh.boards.firmware.lean import Edit, edited
from mesh.boards.firmware.link_scopes import bound, imported
from mesh.core.errors import LocalError

PRIVATE = re.compile(r"_[a-z]{1,2}")  # names made by lean_names.py
Origin = tuple[str, str]  # the module that binds a name, and the name; "" is the module itself


class Imports:
    """The imports of joined modules. `homes`: the file that each one is joined into, in loading
    order; `trees`: all modules.
    """

    def __init__(self, homes: Mapping[str, str], trees: Mapping[str, ast.Module]) -> None:
        self._homes = homes
        self._trees = trees
        self._scopes: dict[str, dict[str, Origin]] = {}
        for module in homes:  # in this order each comes after those that it imports
            self._scopes[module] = self._scope(module)
        self.private = sorted(
            {n for t in trees.values() for n in _private(t)}, key=lambda name: (len(name), name)
        )

    def _scope(self, module: str) -> dict[str, Origin]:
        tree = self._trees[module]
        found = {name: (module, name) for name in bound(tree.body)}
        for node in tree.body:
            if isinstance(node, ast.Import):
                found |= {imported(alias): (alias.name, "") for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                for alias in node.names:
                    found[imported(alias)] = self._origin(node, alias)
        return found

    def _origin(self, node: ast.ImportFrom, alias: ast.alias) -> Origin:
        home, whole = str(node.module), f"{node.module}.{alias.name}"
        if whole in self._trees:
            return (whole, "")
        if home in self._scopes:
            return self._there(home, alias.name)
        return (home, alias.name)

    def _there(self, module: str, name: str) -> Origin:
        found = self._scopes[module].get(name)
        if found is None:
            raise LocalError(f"{module} has no {name}, and another module asks for it")
        return found

    def scope(self, module: str) -> Mapping[str, Origin]:
        """The origin of each global of a joined module."""
        return self._scopes[module]

    def is_joined(self, origin: Origin) -> bool:
        """Whether an origin is a joined module itself."""
        return not origin[1] and origin[0] in self._scopes

    def is_class(self, origin: Origin) -> bool:
        """Whether an origin is a class, whose name is visible."""
        body = self._trees[origin[0]].body
        return any(isinstance(one, ast.ClassDef) and one.name == origin[1] for one in body)

    def member(self, module: str, name: str, attribute: str) -> Origin | None:
        """The origin of name.attribute, if the name is a joined module."""
        home = self._scopes[module].get(name)
        if home is None or not self.is_joined(home):
            return None
        return self._there(home[0], attribute)

    def public(self, module: str) -> dict[Origin, str]:
        """The public names of a joined module, which others may use."""
        own = self._scopes[module].items()
        return {o: name for name, o in own if o == (module, name) and name[0] != "_"}

    def used(self) -> dict[Origin, set[str]]:
        """What others import from joined modules, also within functions; and the files that must
        have it.
        """
        found: dict[Origin, set[str]] = {}
        for module, tree in self._trees.items():
            modules: dict[str, str] = {}
            for node in self._late(module):
                for alias in node.names:
                    origin = self._origin(node, alias)
                    if self.is_joined(origin):
                        modules[imported(alias)] = origin[0]
                    elif origin[0] in self._scopes:
                        found.setdefault(origin, set()).add(self._homes[origin[0]])
            if modules and module in self._scopes:
                raise LocalError(
                    f"{module} imports a joined module in a function: name what of it"
                )
            for member, home in _members(tree, modules):
                origin = self._there(home, member.attr)
                found.setdefault(origin, set()).add(self._homes[home])
        return found

    def values(self) -> set[str]:
        """The joined modules that others use as values, not only for their members."""
        found: set[str] = set()
        for module, tree in self._trees.items():
            values = _values(tree)
            for node in self._late(module):
                for alias in node.names:
                    origin = self._origin(node, alias)
                    if self.is_joined(origin) and imported(alias) in values:
                        found.add(origin[0])
        return found

    def _late(self, module: str) -> Iterator[ast.ImportFrom]:
        """The imports that remain when a module runs."""
        tree = self._trees[module]
        gone = tree.body if module in self._scopes else []
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node not in gone:
                yield node

    def again(self, node: ast.ImportFrom, names: Mapping[Origin, str], values: Set[str]) -> str:
        """An import rewritten for the joined module; "" if it may stay. `values`: names of modules
        that are used as values.
        """
        kept: list[ast.alias] = []
        texts: dict[str, list[str]] = {}
        for alias in node.names:
            origin, name = self._origin(node, alias), imported(alias)
            home = self._homes.get(origin[0], "")
            if not home or (self.is_joined(origin) and name in values):
                kept.append(alias)
                continue
            package, _, last = home.rpartition(".")
            place, new = (package, last) if self.is_joined(origin) else (home, names[origin])
            texts.setdefault(place, []).append(new if new == name else f"{new} as {name}")
        if not texts:
            return ""
        parts = [ast.unparse(ast.ImportFrom(node.module, kept, 0))] if kept else []
        parts += [f"from {place} import {', '.join(words)}" for place, words in texts.items()]
        return "; ".join(parts)

    def rewritten(self, module: str, source: str, names: Mapping[Origin, str]) -> str:
        """A source that is not joined, with its imports rewritten, and each line at its place."""
        modules: dict[str, str] = {}
        edits: list[Edit] = []
        tree = self._trees[module]
        values = _values(tree)
        for node in self._late(module):
            text = self.again(node, names, values)
            if text:
                edits += _instead(source, node, text)
                homes = {imported(alias): self._origin(node, alias) for alias in node.names}
                modules |= {n: o[0] for n, o in homes.items() if self.is_joined(o)}
        modules = {name: home for name, home in modules.items() if name not in values}
        in_text = {
            id(n) for t in ast.walk(tree) if isinstance(t, ast.JoinedStr) for n in ast.walk(t)
        }
        for member, home in _members(tree, modules):
            new = names[self._there(home, member.attr)]
            if new == member.attr:
                continue
            if id(member) in in_text:  # before Python 3.12 its position is unknown
                raise LocalError(f"{module}: {member.attr} cannot get another name in an f-string")
            line, end = member.end_lineno or 0, member.end_col_offset or 0
            edits.append((line, end - len(member.attr), end, new))
        return edited(source, edits)


def _members(tree: ast.AST, modules: Mapping[str, str]) -> Iterator[tuple[ast.Attribute, str]]:
    """Each name.attribute of a module, with that module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            home = modules.get(node.value.id)
            if home is not None:
                yield node, home


def _values(tree: ast.AST) -> set[str]:
    """The names that are used other than as name.attribute."""
    within = {id(n.value) for n in ast.walk(tree) if isinstance(n, ast.Attribute)}
    names = (n for n in ast.walk(tree) if isinstance(n, ast.Name) and id(n) not in within)
    return {name.id for name in names}


def _instead(source: str, node: ast.stmt, text: str) -> list[Edit]:
    """Edits that replace a statement by a text, and keep the number of lines."""
    lines = source.encode().split(b"\n")
    first, last = node.lineno, node.end_lineno or node.lineno
    end = len(lines[first - 1]) if last > first else node.end_col_offset or 0
    rest = [(line, 0, len(lines[line - 1]), "") for line in range(first + 1, last + 1)]
    return [(first, node.col_offset, end, text), *rest]


def _private(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        for name in ("id", "attr", "name"):
            found = getattr(node, name, None)
            if isinstance(found, str) and PRIVATE.fullmatch(found):
                yield found
