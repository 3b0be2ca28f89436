"""The structure of mesh/ as a table: folders, sizes, imports, circles, writes to attributes.

Usage: structure.py [--json] [--check] [--update]. Every import counts, also those in functions and
those for types alone. `--update` writes the table into ARCHITECTURE.md; `--check` exits 1 if there
are more circles, names in two places or writes across folders than pyproject.toml allows under
[tool.othermesh.structure]: these numbers may only go down. Writes for which there is a reason, in
[tool.othermesh.structure.reasons], are counted apart, and the table tells it.
"""

import argparse
import ast
import fnmatch
import json
import sys
import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "ARCHITECTURE.md"
BEGIN, END = "<!-- structure: begin -->\n", "<!-- structure: end -->\n"
SPECIAL = ("__init__", "__main__")  # names that every package may have


@dataclass(frozen=True)
class Module:
    """A file: its name with dots, its folder, its lines and its tree."""

    name: str
    folder: str
    lines: int
    tree: ast.Module


@dataclass(frozen=True)
class Structure:
    """What is told. `arrows`: (folder, folder): modules; writes as "file:line name.attribute"."""

    folders: Mapping[str, tuple[int, int, str, int]]  # files, lines, the largest, its lines
    arrows: Mapping[tuple[str, str], int]
    circles: list[tuple[str, ...]]
    twice: dict[str, list[str]]
    across: list[str]
    within: list[str]
    reasoned: dict[str, list[str]]  # pattern of those in `across` for which there is a reason


def modules(root: Path, package: str = "mesh") -> dict[str, Module]:
    """Each module of a package in this folder, by its name."""
    found = {}
    for path in sorted((root / package).rglob("*.py")):
        name = path.relative_to(root).with_suffix("").as_posix().replace("/", ".")
        text = path.read_text(encoding="utf-8")
        folder = path.parent.relative_to(root).as_posix()
        name = name.removesuffix(".__init__")
        found[name] = Module(name, folder, text.count("\n"), ast.parse(text))
    return found


def imports(module: Module, known: Mapping[str, Module]) -> set[str]:
    """The modules of ours that one imports, wherever in its text."""
    found = set()
    for node in ast.walk(module.tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                found.add(whole if whole in known else node.module)
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return found & known.keys() - {module.name}


def reached(graph: Mapping[str, set[str]], start: str) -> set[str]:
    """All that a module leads to."""
    found: set[str] = set()
    left = [start]
    while left:
        more = graph[left.pop()] - found
        found |= more
        left += more
    return found


def circles(graph: Mapping[str, set[str]]) -> list[tuple[str, ...]]:
    """Groups of modules each of which leads to all of its group."""
    to = {name: reached(graph, name) for name in graph}
    return sorted({tuple(sorted(n for n in to[name] if name in to[n])) for name in graph} - {()})


def declared(kind: ast.ClassDef) -> Iterator[str]:
    """The attributes of a class, as far as its own text tells."""
    for node in kind.body:
        for target in getattr(node, "targets", [getattr(node, "target", None)]):
            if isinstance(target, ast.Name):
                yield target.id
    for node in ast.walk(kind):
        mine = isinstance(node, ast.Attribute) and getattr(node.value, "id", "") == "self"
        if mine and isinstance(node.ctx, ast.Store):
            yield node.attr


def owners(known: Mapping[str, Module]) -> dict[str, set[str]]:
    """The folders whose classes have an attribute of this name."""
    found: dict[str, set[str]] = defaultdict(set)
    for module in known.values():
        for kind in ast.walk(module.tree):
            if isinstance(kind, ast.ClassDef):
                for name in declared(kind):
                    found[name].add(module.folder)
    return found


def writes(module: Module) -> Iterator[tuple[int, str, str]]:
    """Each write to an attribute of another object: line, object as it is written, attribute."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store | ast.Del):
            whose = ast.unparse(node.value)
            if whose not in ("self", "cls"):
                yield node.lineno, whose, node.attr


def reason(told: str, reasons: Iterable[str]) -> str | None:
    """Which of these patterns a write is of: "module object.attribute", with * for anything."""
    module, _, rest = told.partition(":")
    name = f"{module} {rest.partition(' ')[2]}"
    return next((one for one in reasons if fnmatch.fnmatchcase(name, one)), None)


def measure(root: Path, package: str = "mesh", reasons: Iterable[str] = ()) -> Structure:
    """The structure of a package in this folder; `reasons`: patterns of writes that may be."""
    known = modules(root, package)
    graph = {name: imports(module, known) for name, module in known.items()}
    arrows = Counter(
        (known[name].folder, known[other].folder)
        for name, others in graph.items()
        for other in others
        if known[name].folder != known[other].folder
    )
    places: dict[str, list[str]] = defaultdict(list)
    by_folder: dict[str, list[Module]] = defaultdict(list)
    for name, module in known.items():
        by_folder[module.folder].append(module)
        is_package = any(other.startswith(name + ".") for other in known)
        if not is_package and name.rpartition(".")[2] not in SPECIAL:
            places[name.rpartition(".")[2]].append(name)
    of = owners(known)
    across, within = [], []
    reasoned: dict[str, list[str]] = {pattern: [] for pattern in reasons}
    for name, module in known.items():
        for line, whose, attribute in writes(module):
            told = f"{name}:{line} {whose}.{attribute}"
            theirs = of.get(attribute, set())
            if not theirs or module.folder in theirs:
                within.append(told)
            else:
                reasoned.get(reason(told, reasoned) or "", across).append(told)
    folders = {}
    for folder, files in sorted(by_folder.items()):
        most = max(files, key=lambda one: one.lines)
        total = sum(one.lines for one in files)
        folders[folder] = (len(files), total, most.name.rpartition(".")[2], most.lines)
    twice = {name: where for name, where in places.items() if len(where) > 1}
    return Structure(folders, arrows, circles(graph), twice, across, within, reasoned)


def table(found: Structure, reasons: Mapping[str, str]) -> str:
    """As Markdown; `reasons` of writes by their patterns."""
    rows = ["| folder | files | lines | largest file | uses |", "|---|---|---|---|---|"]
    for folder, (files, lines, largest, most) in found.folders.items():
        theirs = [(b, n) for (a, b), n in sorted(found.arrows.items()) if a == folder]
        uses = ", ".join(f"{other.removeprefix('mesh/')} {n}" for other, n in theirs)
        rows.append(f"| `{folder}` | {files} | {lines:,} | {largest}, {most} | {uses} |")
    rows += [
        "",
        f"Arrows between folders: {len(found.arrows)}. Names in two places: {len(found.twice)}. "
        "Attributes of others' classes written across folders: "
        f"{len(found.across)}, within a folder: {len(found.within)}; across folders for a reason: "
        f"{sum(map(len, found.reasoned.values()))}. "
        f"Circles of imports between files: {len(found.circles)}"
        + (":" if found.circles else "."),
        "",
        *(f"- {', '.join(one.removeprefix('mesh.') for one in group)}" for group in found.circles),
        "",
        "Attributes written across folders, and why:",
        "",
        *(
            f"- `{pattern.removeprefix('mesh.')}`, {len(some)}: {reasons[pattern]}"
            for pattern, some in found.reasoned.items()
        ),
    ]
    return "\n".join(rows).rstrip() + "\n"


def excess(found: Structure, allowed: Mapping[str, Any]) -> list[str]:
    """What there is more of than is allowed, in words."""
    numbers = {
        "circles": len(found.circles),
        "twice": len(found.twice),
        "across": len(found.across),
    }
    more = [
        f"{name}: {n}, and {allowed[name]} are allowed"
        for name, n in numbers.items()
        if n > allowed[name]
    ]
    idle = [pattern for pattern, some in found.reasoned.items() if not some]
    return more + [f"reasons: nothing is written as in {pattern}" for pattern in idle]


def allowed() -> dict[str, Any]:
    """What pyproject.toml says of it."""
    tables = tomllib.loads((ROOT / "pyproject.toml").read_text())
    return dict(tables["tool"]["othermesh"]["structure"])


def updated(page: str, text: str) -> str:
    """A page with this text between its marks."""
    before, _, rest = page.partition(BEGIN)
    return before + BEGIN + text + END + rest.partition(END)[2]


def main() -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    for name in ("json", "check", "update"):
        parser.add_argument(f"--{name}", action="store_true")
    options = parser.parse_args()
    settings = allowed()
    reasons = settings["reasons"]
    found = measure(ROOT, reasons=reasons)
    if options.json:
        arrows = [[a, b, n] for (a, b), n in sorted(found.arrows.items())]
        print(json.dumps(vars(found) | {"arrows": arrows}, indent=1))
    elif options.update:
        PAGE.write_text(updated(PAGE.read_text(), table(found, reasons)))
    else:
        print(table(found, reasons), end="")
    if options.check:
        complaints = excess(found, settings)
        print("\n".join(complaints), file=sys.stderr)
        return 1 if complaints else 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
