"""Strips a board's sources of what only readers and type checkers need.

Integer constants are replaced by their values, as a C compiler does: a name costs a board heap,
and so does each module that imports it. Where nothing else of a module is needed, it is not
imported. Private names are shortened (lean_names.py). Every line keeps its number, so that a
traceback of a board points into the source.
"""

import ast
import operator
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from mesh.boards.firmware.lean_names import module_of, shortened
from mesh.hub import packaged

SOURCES = packaged.PACKAGE
PACKAGE = Path(SOURCES.name, "__init__.py")
PARTS = ("core", "device")
# requests of a desktop's programs, and its store; who looks at promises and keys of others
NOT_ON_BOARDS = ("full", "promised.py", "key.py", "succession.py")
OPERATORS: Mapping[type[ast.operator], Callable[[int, int], int]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Pow: operator.pow,
    ast.LShift: operator.lshift,
    ast.RShift: operator.rshift,
    ast.BitOr: operator.or_,
}

Constants = Mapping[str, int]
Edit = tuple[int, int, int, str]  # (line, from column, to column in bytes, text)


def sources() -> list[Path]:
    """All files that run on a board, relative to the folder that contains the package."""
    found = [SOURCES / "__init__.py"]
    for part in PARTS:
        files = sorted((SOURCES / part).rglob("*.py"))
        found += [path for path in files if not {path.parent.name, path.name} & {*NOT_ON_BOARDS}]
    return [path.relative_to(SOURCES.parent) for path in found]


def leaned(short: bool = True) -> dict[Path, str]:
    """The lean text of all sources(), with short or original private names."""
    texts = {path: (SOURCES.parent / path).read_text(encoding="utf-8") for path in sources()}
    texts[PACKAGE] = ""  # the Python API is for desktops
    known = {module_of(path): constants(text) for path, text in texts.items()}
    lean_ones = {path: lean(text, module_of(path), known) for path, text in texts.items()}
    return shortened(lean_ones) if short else lean_ones


def ports(source: str, port: str) -> tuple[str, ...]:
    """The MicroPython ports that a source declares in PORTS; `port` if it does not."""
    for statement in ast.parse(source).body:
        for name, value in _bound(statement):
            if name == "PORTS":
                return tuple(ast.literal_eval(value))
    return (port,)


def without_ports(source: str) -> str:
    """A source without PORTS, which boards do not need; its lines keep their numbers."""
    return re.sub(r"^PORTS = .*$", "", source, flags=re.MULTILINE)


def constants(source: str) -> dict[str, int]:
    """A module's integer constants by name: in capitals, and assigned once."""
    tree = ast.parse(source)
    found: dict[str, int] = {}
    for statement in tree.body:
        pairs = list(_bound(statement))
        numbers = [_number(value, found) for _, value in pairs]
        if all(number is not None for number in numbers):
            found |= {
                name: number
                for (name, _), number in zip(pairs, numbers, strict=True)
                if number is not None
            }
    stored = [
        n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
    ]
    in_text = {n.id for t in _texts(tree) for n in ast.walk(t) if isinstance(n, ast.Name)}
    return {n: v for n, v in found.items() if stored.count(n) == 1 and n not in in_text}


def _bound(statement: ast.stmt) -> Iterator[tuple[str, ast.expr]]:
    """The constants that a statement assigns, with their values."""
    if not isinstance(statement, ast.Assign) or len(statement.targets) != 1:
        return
    target, value = statement.targets[0], statement.value
    pairs = [(target, value)]
    if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
        pairs = list(zip(target.elts, value.elts, strict=True))
    for name, one in pairs:
        if isinstance(name, ast.Name) and name.id.lstrip("_").isupper():
            yield name.id, one


def _number(node: ast.expr, known: Constants) -> int | None:
    """The integer value of an expression of literals and known constants, or None."""
    if isinstance(node, ast.Constant) and type(node.value) is int:
        return node.value
    if isinstance(node, ast.Name):
        return known.get(node.id)
    if isinstance(node, ast.BinOp) and type(node.op) in OPERATORS:
        left, right = _number(node.left, known), _number(node.right, known)
        if left is not None and right is not None:
            return OPERATORS[type(node.op)](left, right)
    return None


def _texts(tree: ast.AST) -> list[ast.JoinedStr]:
    """The f-strings: before Python 3.12 positions inside of them are unknown."""
    return [node for node in ast.walk(tree) if isinstance(node, ast.JoinedStr)]


def lean(source: str, module: str, known: Mapping[str, Constants]) -> str:
    """The source of a module for a board. `known`: the constants of all modules."""
    source = _without_types(source)
    tree = ast.parse(source)
    own, modules = _within_reach(tree, module, known)
    skipped = {id(node) for text in _texts(tree) for node in ast.walk(text)}
    numbers = {
        node: number
        for node in ast.walk(tree)
        if id(node) not in skipped and (number := _used(node, own, modules)) is not None
    }
    needless = own.keys() | modules.keys() - _named_still(tree, numbers)
    edits: list[Edit] = []
    for statement in tree.body:
        bound = [name for name, _ in _bound(statement)]
        if bound and all(name in own for name in bound):
            edits += _instead(source, statement, "")
        elif isinstance(statement, ast.ImportFrom) and statement.module:
            kept = [a for a in statement.names if (a.asname or a.name) not in needless]
            if len(kept) < len(statement.names):
                edits += _instead(source, statement, _import(statement.module, kept))
    gone = {edit[0] for edit in edits}
    for node, number in numbers.items():
        if isinstance(node, ast.expr) and node.lineno not in gone:
            edits.append((node.lineno, node.col_offset, node.end_col_offset or 0, str(number)))
    return edited(source, edits)


def _within_reach(
    tree: ast.Module, module: str, known: Mapping[str, Constants]
) -> tuple[Constants, Mapping[str, Constants]]:
    """The constants that a module has by their names, and those of the modules it imports."""
    in_text = {n.id for t in _texts(tree) for n in ast.walk(t) if isinstance(n, ast.Name)}
    own = dict(known[module])
    modules: dict[str, Constants] = {}
    for statement in tree.body:
        if isinstance(statement, ast.ImportFrom) and statement.module:
            there = known.get(statement.module, {})
            for alias in statement.names:
                name, whole = alias.asname or alias.name, f"{statement.module}.{alias.name}"
                if alias.name in there and name not in in_text:
                    own[name] = there[alias.name]
                if whole in known:
                    modules[name] = known[whole]
    return own, modules


def _named_still(tree: ast.Module, numbers: Mapping[ast.AST, int]) -> set[str]:
    """The names that a module needs once these nodes are written as numbers."""
    within = {id(inner) for node in numbers for inner in ast.walk(node)}
    return {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and id(n) not in within}


def _used(node: ast.AST, own: Constants, modules: Mapping[str, Constants]) -> int | None:
    """The constant that a name, or an attribute of a module, refers to."""
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
        return own.get(node.id)
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        return modules.get(node.value.id, {}).get(node.attr)
    return None


def _import(module: str, kept: list[ast.alias]) -> str:
    names = [a.name + (f" as {a.asname}" if a.asname else "") for a in kept]
    return f"from {module} import {', '.join(names)}" if kept else ""


def _instead(source: str, node: ast.stmt, text: str) -> list[Edit]:
    """Edits that put a text on a statement's first line, and empty its other lines."""
    lines = source.encode().split(b"\n")
    first, last = node.lineno, node.end_lineno or node.lineno
    rest = [(line, 0, len(lines[line - 1]), "") for line in range(first + 1, last + 1)]
    return [(first, 0, len(lines[first - 1]), text), *rest]


def edited(source: str, edits: list[Edit]) -> str:
    """A source with all edits applied; they must not overlap."""
    lines = source.encode().split(b"\n")
    for line, start, end, text in sorted(edits, reverse=True):
        lines[line - 1] = lines[line - 1][:start] + text.encode() + lines[line - 1][end:]
    return b"\n".join(lines).decode()


def _without_types(source: str) -> str:
    lines = source.splitlines()
    inside = False
    for number, line in enumerate(lines):
        if line == "if TYPE_CHECKING:":
            inside = True
        elif line and not line[0].isspace():
            inside = False
        if inside or line == "TYPE_CHECKING = False":
            lines[number] = ""
    return "\n".join(lines) + "\n"
