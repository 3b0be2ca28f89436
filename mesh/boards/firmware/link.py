"""Linker: joins the modules that every board loads into a few, mesh/linked1.py and so on;
and those that it unloads once it has read its settings into mesh/once.py.

A module costs a board an object, a dictionary, a table of names, and a copy of each name that it
imports; a joined one costs none of them. Which modules are joined follows from their imports.
Others import from the joined ones. A stub replaces each module that may be imported by its own
name: by kinds of sensors, which people write too, and over the cable.
"""

import ast
import re
import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from mesh.boards.firmware import link_crypto
from mesh.boards.firmware.flatten import flattened
from mesh.boards.firmware.lean import SOURCES, leaned
from mesh.boards.firmware.lean_names import module_of
from mesh.boards.firmware.link_arguments import Arguments, given_by_name
from mesh.boards.firmware.link_frequent import first_line
from mesh.boards.firmware.link_groups import GROUPS, VALUES
from mesh.boards.firmware.link_names import Names
from mesh.boards.firmware.link_outside import Imports, Origin
from mesh.boards.firmware.link_text import Line, Text, bare
from mesh.core.errors import LocalError

ROOTS = ("mesh.device.console", "mesh.device.board")  # modules that mesh.device.main runs
KINDS = ("mesh.device.sensors", "mesh.device.actuators")
LINKED = "mesh.linked{}"
MOST = 3500  # most statements of a file: at most 60 KB, as an update allows 64 KiB (bundle.py)
MACHINE_CODE = re.compile(r"micropython\.(viper|native)")
BY_CABLE = re.compile(r"^ *from (mesh\.(?:device|core)[\w.]*) import ([\w, ]+)", re.MULTILINE)

NAMED = re.compile(r"\b(\w+) ?=")


@dataclass(frozen=True)
class Linked:
    """A board's sources as they are compiled, and the origin of each line of joined files."""

    texts: Mapping[Path, str]
    lines: Mapping[Path, tuple[Line, ...]]


# each of several boards is read by a thread, and CPython 3.11 ends one of two that parse at once
# by the SystemError "AST constructor recursion depth mismatch"
PARSING = threading.RLock()


def linked() -> Linked:
    """The result of lean.leaned(), with the modules joined that every board loads."""
    with PARSING:
        return _linked()


@cache
def _linked() -> Linked:
    flat = flattened(leaned())
    made = link(flat.texts)
    names = {path.as_posix(): origin.as_posix() for path, origin in flat.origins.items()}
    lines = {
        path: tuple((names.get(source, source), line, function) for source, line, function in rows)
        for path, rows in made.lines.items()
    }
    return Linked(made.texts, lines)


@cache
def named_by_cable(folder: Path) -> frozenset[str]:
    """The keyword arguments in programs that are texts in these sources."""
    return frozenset(
        word
        for path in sorted(folder.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        if BY_CABLE.search(node.value)
        for word in NAMED.findall(node.value)
    )


@cache
def by_cable(folder: Path) -> frozenset[str]:
    """The modules imported by programs that are texts in these sources: a desktop runs them on a
    board with any firmware.
    """
    found: set[str] = set()
    for path in sorted(folder.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                for module, names in BY_CABLE.findall(node.value):
                    found |= {module, *(f"{module}.{name.strip()}" for name in names.split(","))}
    return frozenset(found)


def link(texts: Mapping[Path, str], asked: frozenset[str] = frozenset()) -> Linked:
    """Join modules, given as lean texts by path. `asked`: further modules that are imported by
    name.

    LocalError if they cannot be joined.
    """
    places = {module_of(path): path for path in texts}
    trees = {module: ast.parse(texts[path]) for module, path in places.items()}
    uses = {module: set(_loads(tree, places)) for module, tree in trees.items()}
    alone = _alone({m for m in places if MACHINE_CODE.search(texts[places[m]])}, uses)
    staying = [module for module in _order(uses, ROOTS) if module not in alone]
    grouped = _grouped(uses, alone.union(staying, VALUES))
    joined = staying + list(grouped)
    _check(alone, joined, uses)
    _check_state({module: trees[module] for module in joined})
    of_kinds = {m for m in places if m.startswith(KINDS)}
    bared = {module: bare(trees[module]) for module in joined}
    homes = _homes({m: bared[m] for m in staying}, trees) | grouped
    imports = Imports(homes, trees)
    by_people = asked | of_kinds.union(*(uses[module] for module in of_kinds))
    asked = by_people | by_cable(SOURCES / "boards") | imports.values()
    stubs = {module: imports.public(module) for module in joined if module in asked}
    named = frozenset[str]().union(*(_named(tree) for tree in trees.values()))
    for module in bared.keys() - asked:
        _drop_unused(bared[module], named)
    shown = imports.used()
    for module, origins in stubs.items():
        for origin in origins:
            shown.setdefault(origin, set()).add(homes[module])
    files: dict[str, dict[str, ast.Module]] = {}
    for module, home in homes.items():
        files.setdefault(home, {})[module] = bared[module]
    by_name = given_by_name(trees.values()) | named_by_cable(SOURCES / "boards")
    names = Names(imports, files, shown, Arguments(by_name, imports.private))
    made: dict[Path, str] = {}
    lines: dict[Path, tuple[Line, ...]] = {}
    for file in files:
        path = Path(*file.split(".")).with_suffix(".py")
        text = Text()
        text.add(path.as_posix(), names.imports(file))
        for module, statements in names.renamed(file, by_people):
            text.add(places[module].as_posix(), statements)
        made[path] = first_line(text.source()) + "\n" + text.source()
        lines[path] = (text.lines[0], *text.lines)
    made |= {
        path: imports.rewritten(module, texts[path], names.names)
        for module, path in places.items()
        if module not in joined
    }
    made |= {places[module]: _stub(homes[module], stubs[module], names.names) for module in stubs}
    link_crypto.join(trees, places, made, lines)
    return Linked(made, lines)


def _grouped(uses: Mapping[str, set[str]], apart: set[str]) -> dict[str, str]:
    """The file of each module of a group, besides those that are in no group."""
    found: dict[str, str] = {}
    for file, roots in GROUPS.items():
        found |= {m: file for m in _order(uses, roots) if m not in apart and m not in found}
    return found


def _check_state(trees: Mapping[str, ast.Module]) -> None:
    """Refuse globals that change: each file copies what it imports."""
    for module, tree in trees.items():
        if any(isinstance(node, ast.Global) for node in ast.walk(tree)):
            raise LocalError(f"{module} changes a global, and cannot be joined")


def _homes(bared: Mapping[str, ast.Module], trees: Mapping[str, ast.Module]) -> dict[str, str]:
    """The file of each joined module: as few files as possible, each of at most MOST statements,
    cut where the next one imports the fewest names, as it copies them.
    """
    sizes = {m: sum(isinstance(n, ast.stmt) for n in ast.walk(t)) for m, t in bared.items()}
    homes: dict[str, str] = {}
    file, left = 1, list(sizes)
    while left:
        whole = sum(sizes[module] for module in left)
        count = whole // MOST + 1
        cuts = [n for n in range(1, len(left) + 1) if _may_end(left, n, sizes, count)]
        cut = min(cuts, key=lambda n: (_crossing(left[n:], {*homes, *left[:n]}, trees), n))
        homes.update(dict.fromkeys(left[:cut], LINKED.format(file)))
        file, left = file + 1, left[cut:]
    return homes


def _drop_unused(tree: ast.Module, named: frozenset[str]) -> None:
    """Remove functions and methods that no file of a board names: desktops have them too."""
    tree.body = [one for one in tree.body if _is_used(one, named)]
    for one in tree.body:
        if isinstance(one, ast.ClassDef):
            one.body = [of for of in one.body if _is_used(of, named)]


def _is_used(one: ast.stmt, named: frozenset[str]) -> bool:
    return not isinstance(one, ast.FunctionDef) or one.name in named or one.name.startswith("__")


def _named(tree: ast.Module) -> frozenset[str]:
    """All words in a module that refer to something."""
    found: set[str] = set()
    for node in ast.walk(tree):
        match node:
            case ast.Name(name) | ast.Attribute(_, name) | ast.alias(name):
                found.add(name)
            case ast.Constant(str(name)):  # getattr()
                found.add(name)
    return frozenset(found)


def _may_end(left: list[str], cut: int, sizes: Mapping[str, int], count: int) -> bool:
    """Whether a file may end there, with `count - 1` files being enough for the rest."""
    if count == 1:
        return cut == len(left)
    size = sum(sizes[module] for module in left[:cut])
    rest = sum(sizes[module] for module in left[cut:])
    return size <= MOST and rest < MOST * (count - 1)


def _crossing(later: list[str], before: set[str], trees: Mapping[str, ast.Module]) -> int:
    """How many names of modules `before` are used by later ones."""
    return len({name for one in later for name in _needs(trees[one]) if name[0] in before})


def _needs(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """The (module, name) pairs that a module needs when it is loaded, also as module.name."""
    modules: dict[str, str] = {}
    for node in tree.body:
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                modules[alias.asname or alias.name] = f"{node.module}.{alias.name}"
                yield str(node.module), alias.name
    for inner in ast.walk(tree):
        match inner:
            case ast.Attribute(ast.Name(name), attribute) if name in modules:
                yield modules[name], attribute


def _loads(tree: ast.Module, places: Mapping[str, Path]) -> Iterator[str]:
    """Our modules that a module imports when it is loaded."""
    for node in tree.body:
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                if whole in places:
                    yield whole
                elif node.module in places:
                    yield str(node.module)


def _alone(native: set[str], uses: Mapping[str, set[str]]) -> set[str]:
    """Modules that stay apart: machine code, which is for one processor, and its tables."""
    found = native.union(*(uses[module] for module in native))
    more = {module for module, used in uses.items() if used and used <= found}
    return found | more


def _order(uses: Mapping[str, set[str]], roots: Iterable[str]) -> list[str]:
    """The modules that the roots load, each after those that it loads."""
    found: list[str] = []
    begun: set[str] = set()

    def load(module: str) -> None:
        if module not in begun:
            begun.add(module)
            for used in sorted(uses[module]):
                load(used)
            found.append(module)

    for root in roots:
        if root in uses:
            load(root)
    return found


def _check(alone: set[str], joined: list[str], uses: Mapping[str, set[str]]) -> None:
    """Check that no module loaded amid a joined one needs all of it."""
    for module in sorted(alone.intersection(set().union(*(uses[m] for m in joined)))):
        if uses[module].intersection(joined):
            raise LocalError(f"{module} has machine code, and may not import what is joined")


def _stub(home: str, origins: Mapping[Origin, str], names: Mapping[Origin, str]) -> str:
    """A module with the public names of a joined one."""
    words = [
        names[origin] + (f" as {name}" if names[origin] != name else "")
        for origin, name in sorted(origins.items())
    ]
    return f"from {home} import {', '.join(words)}\n" if words else "\n"
