"""Names of joined modules: makes the names of each unique within a single module.

A name that no other module uses is replaced by one that exists anyway, of an attribute or private,
as a board keeps each name once.
"""

import ast
import builtins
import copy
import itertools
import string
from collections.abc import Iterator, Mapping, Set

from mesh.boards.firmware.link_arguments import Arguments
from mesh.boards.firmware.link_outside import Imports, Origin
from mesh.boards.firmware.link_scopes import Hidden, Renaming
from mesh.core.errors import LocalError

IMPORTS = (ast.Import, ast.ImportFrom)


class Names:
    """Chooses the names. `trees`: the joined modules, by file; `shown`: names that others use, and
    in which files, which stay if possible; `names`: the chosen names.
    """

    def __init__(
        self,
        imports: Imports,
        files: Mapping[str, Mapping[str, ast.Module]],
        shown: Mapping[Origin, Set[str]],
        arguments: Arguments,
    ) -> None:
        self._imports = imports
        self._arguments = arguments
        self._files = files
        self._shown = shown
        self._home = {module: file for file, trees in files.items() for module in trees}
        # names that are local there
        self._hidden: dict[Origin, set[str]] = {origin: set() for origin in shown}
        self._needed = {file: {o for o in shown if file in shown[o]} for file in files}
        self._built_in: set[str] = set()
        for file, trees in files.items():
            for module, tree in trees.items():
                self._look(file, module, tree)
        self.names: Mapping[Origin, str] = self._chosen()

    def _look(self, file: str, module: str, tree: ast.Module) -> None:
        """Collect which names are used where, without renaming."""

        def note(origin: Origin, hidden: Hidden) -> None:
            if self._imports.is_joined(origin):
                raise LocalError(
                    f"{module}: {origin[0]} is joined, and here it is used as a value"
                )
            self._hidden.setdefault(origin, set()).update(hidden)
            self._needed[file].add(origin)

        def rename(name: str, hidden: Hidden) -> str:
            origin = self._imports.scope(module).get(name)
            if origin is None:
                self._built_in.add(name)
            else:
                note(origin, hidden)
            return name

        def member(name: str, attribute: str, hidden: Hidden) -> str | None:
            origin = self._imports.member(module, name, attribute)
            if origin is not None:
                note(origin, hidden)
            return origin and name  # nothing is renamed yet

        looking = Renaming(rename, member)
        for statement in (one for one in tree.body if not isinstance(one, IMPORTS)):
            looking.visit(copy.deepcopy(statement))

    def _chosen(self) -> dict[Origin, str]:
        taken = dict.fromkeys(self._files, frozenset(self._built_in | set(dir(builtins))))
        names: dict[Origin, str] = {}
        for origin in sorted(self._hidden, key=lambda o: (not self._keeps(o), o)):
            of = self._keeps(origin)
            own = origin[1] or origin[0].rpartition(".")[2]
            options = _numbered(own) if of else self._short()
            home = self._home.get(origin[0])
            # kept names are reserved in all files, others only in their own
            there = [f for f in taken if of or f == home or origin in self._needed[f]]
            hidden = self._hidden[origin].union(*(taken[file] for file in there))
            names[origin] = next(o for o in options if o not in hidden)
            taken.update({file: taken[file] | {names[origin]} for file in there})
        return names

    def _keeps(self, origin: Origin) -> bool:
        """Whether a name stays: it is imported elsewhere, or a class, whose name is visible."""
        return (
            origin in self._shown or origin[0] not in self._home or self._imports.is_class(origin)
        )

    def _short(self) -> Iterator[str]:
        yield from self._imports.private
        yield from _letters()

    def imports(self, file: str) -> list[ast.stmt]:
        """What a file imports from those before it."""
        found: dict[str, list[str]] = {}
        for origin in sorted(self._needed[file]):
            home = self._home.get(origin[0], file)
            if home != file:
                found.setdefault(home, []).append(self.names[origin])
        texts = [f"from {home} import {', '.join(names)}" for home, names in found.items()]
        return ast.parse("\n".join(texts)).body

    def renamed(self, file: str, as_is: Set[str]) -> Iterator[tuple[str, list[ast.stmt]]]:
        """Each module of a file with its statements renamed. Arguments stay in the modules
        `as_is`, whose functions people may call.
        """
        emitted: set[Origin] = set()
        late = _Late(self._imports, self)
        for module, tree in self._files[file].items():
            renaming = self._renaming(module)
            made: list[ast.stmt] = []
            for statement in tree.body:
                if isinstance(statement, IMPORTS):
                    made += self._import(module, statement, emitted)
                else:
                    made.append(renaming.visit(late.visit(statement)))
            yield module, made if module in as_is else list(map(self._arguments.visit, made))

    def _renaming(self, module: str) -> Renaming:
        def rename(name: str, _: Hidden) -> str:
            origin = self._imports.scope(module).get(name)
            return name if origin is None else self.names[origin]

        def member(name: str, attribute: str, _: Hidden) -> str | None:
            origin = self._imports.member(module, name, attribute)
            return None if origin is None else self.names[origin]

        return Renaming(rename, member)

    def _import(
        self, module: str, node: "ast.Import | ast.ImportFrom", emitted: set[Origin]
    ) -> Iterator[ast.stmt]:
        """The import that remains: from outside, once for each file."""
        kept = []
        for alias in node.names:
            origin = self._imports.scope(module)[alias.asname or alias.name]
            if origin[0] in self._home or origin in emitted or origin not in self.names:
                continue
            emitted.add(origin)
            new = self.names[origin]
            kept.append(ast.alias(alias.name, new if new != alias.name else None))
        if kept:
            node.names = kept
            yield node


class _Late(ast.NodeTransformer):
    """Imports within functions."""

    def __init__(self, imports: Imports, names: Names) -> None:
        self._imports = imports
        self._names = names

    def visit_ImportFrom(self, node: ast.ImportFrom) -> "ast.stmt | list[ast.stmt]":
        text = self._imports.again(node, self._names.names, frozenset())
        if not text:
            return node
        return [ast.copy_location(one, node) for one in ast.parse(text).body]


def _numbered(name: str) -> Iterator[str]:
    yield name
    yield from (f"{name}{n}" for n in itertools.count(2))


def _letters() -> Iterator[str]:
    for length in itertools.count(1):
        for some in itertools.product(string.ascii_lowercase, repeat=length):
            yield "_" + "".join(some)
