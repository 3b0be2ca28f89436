"""Joins the modules that every board loads into a few, as a linker does: mesh/linked1.py and on.

A module costs a board an object, a dictionary, a table of names, and a copy of each name that it
imports; one that has been joined costs none of them. Which ones are joined follows from their
imports. The others import from the joined one, and so does a stub in place of each module that
may be asked for by its own name: by kinds of sensors, which people write too, and over the cable.
"""

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from mesh.core.errors import LocalError
from mesh.hub.lean import SOURCES, leaned
from mesh.hub.lean_names import module_of
from mesh.hub.link_arguments import Arguments, given_by_name
from mesh.hub.link_frequent import first_line
from mesh.hub.link_names import Names
from mesh.hub.link_outside import Imports, Origin
from mesh.hub.link_text import Line, Text, bare

ROOTS = ("mesh.device.console", "mesh.device.board")  # what mesh.device.main runs
KINDS = ("mesh.device.sensors", "mesh.device.actuators")
LINKED = "mesh.linked{}"
MOST = 3000  # statements of a file: 50 KB or less, as an update takes 64 KiB (mesh/core/bundle.py)
MACHINE_CODE = re.compile(r"micropython\.(viper|native)")
BY_CABLE = re.compile(r"^ *from (mesh\.(?:device|core)[\w.]*) import ([\w, ]+)", re.MULTILINE)

NAMED = re.compile(r"\b(\w+) ?=")


@dataclass(frozen=True)
class Linked:
    """A board's sources as they are compiled, and where each line of a joined file came from."""

    texts: Mapping[Path, str]
    lines: Mapping[Path, tuple[Line, ...]]


@cache
def linked() -> Linked:
    """What lean.leaned() gives, with the modules joined that every board loads."""
    return link(leaned())


@cache
def named_by_cable(folder: Path) -> frozenset[str]:
    """The arguments that programs in the texts of these sources name."""
    return frozenset(
        word
        for path in sorted(folder.glob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        if BY_CABLE.search(node.value)
        for word in NAMED.findall(node.value)
    )


@cache
def by_cable(folder: Path) -> frozenset[str]:
    """The modules that programs in the texts of these sources import: a desktop has a board run
    them, whatever its firmware.
    """
    found: set[str] = set()
    for path in sorted(folder.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                for module, names in BY_CABLE.findall(node.value):
                    found |= {module, *(f"{module}.{name.strip()}" for name in names.split(","))}
    return frozenset(found)


def link(texts: Mapping[Path, str], asked: frozenset[str] = frozenset()) -> Linked:
    """Join modules: lean texts by path. `asked`: which ones more are asked for by their own names.

    LocalError: what cannot be joined.
    """
    places = {module_of(path): path for path in texts}
    trees = {module: ast.parse(texts[path]) for module, path in places.items()}
    uses = {module: set(_loads(tree, places)) for module, tree in trees.items()}
    alone = _alone({m for m in places if MACHINE_CODE.search(texts[places[m]])}, uses)
    joined = [module for module in _order(uses) if module not in alone]
    _check(alone, joined, uses)
    _check_state({module: trees[module] for module in joined})
    of_kinds = {m for m in places if m.startswith(KINDS)}
    bared = {module: bare(trees[module]) for module in joined}
    homes = _homes(bared)
    imports = Imports(homes, trees)
    by_people = asked | of_kinds.union(*(uses[module] for module in of_kinds))
    asked = by_people | by_cable(SOURCES / "hub") | imports.values()
    stubs = {module: imports.public(module) for module in joined if module in asked}
    shown = imports.used()
    for module, origins in stubs.items():
        for origin in origins:
            shown.setdefault(origin, set()).add(homes[module])
    files: dict[str, dict[str, ast.Module]] = {}
    for module, home in homes.items():
        files.setdefault(home, {})[module] = bared[module]
    by_name = given_by_name(trees.values()) | named_by_cable(SOURCES / "hub")
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
    return Linked(made, lines)


def _check_state(trees: Mapping[str, ast.Module]) -> None:
    """A file copies what it imports: a global that changes would not be the same for all."""
    for module, tree in trees.items():
        if any(isinstance(node, ast.Global) for node in ast.walk(tree)):
            raise LocalError(f"{module} changes a global, and cannot be joined")


def _homes(trees: Mapping[str, ast.Module]) -> dict[str, str]:
    """The file of each joined module: as few as can be, of about the same length."""
    sizes = {m: sum(isinstance(n, ast.stmt) for n in ast.walk(t)) for m, t in trees.items()}
    whole = sum(sizes.values())
    count = whole // MOST + 1
    homes: dict[str, str] = {}
    before = 0
    for module, size in sizes.items():
        homes[module] = LINKED.format((before + size // 2) * count // whole + 1)
        before += size
    return homes


def _loads(tree: ast.Module, places: Mapping[str, Path]) -> Iterator[str]:
    """The modules of ours that a module imports when it is loaded."""
    for node in tree.body:
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                if whole in places:
                    yield whole
                elif node.module in places:
                    yield str(node.module)


def _alone(native: set[str], uses: Mapping[str, set[str]]) -> set[str]:
    """What stays apart: machine code, which is for one processor, and what is there for it."""
    found = native.union(*(uses[module] for module in native))
    more = {module for module, used in uses.items() if used and used <= found}
    return found | more


def _order(uses: Mapping[str, set[str]]) -> list[str]:
    """What the roots load, each module after those that it loads."""
    found: list[str] = []
    begun: set[str] = set()

    def load(module: str) -> None:
        if module not in begun:
            begun.add(module)
            for used in sorted(uses[module]):
                load(used)
            found.append(module)

    for root in ROOTS:
        if root in uses:
            load(root)
    return found


def _check(alone: set[str], joined: list[str], uses: Mapping[str, set[str]]) -> None:
    """Nothing that is loaded amid the joined module may need it whole."""
    for module in sorted(alone.intersection(set().union(*(uses[m] for m in joined)))):
        if uses[module].intersection(joined):
            raise LocalError(f"{module} has machine code, and may not import what is joined")


def _stub(home: str, origins: Mapping[Origin, str], names: Mapping[Origin, str]) -> str:
    """A module that has public names of one that was joined."""
    words = [
        names[origin] + (f" as {name}" if names[origin] != name else "")
        for origin, name in sorted(origins.items())
    ]
    return f"from {home} import {', '.join(words)}\n" if words else "\n"
