"""A board's sources as they are compiled: without what only readers and type checkers need.

Whole-number constants are written out where they are used, as a C compiler does: a name costs a
board heap, and so does each module that imports it. Private names become short (lean_names.py).
Every line keeps its number, so that a traceback on a board still points into the source.
"""

import ast
import operator
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from mesh.hub.lean_names import module_of, shortened

SOURCES = Path(__file__).resolve().parent.parent
PARTS = ("core", "device")
NOT_ON_BOARDS = ("questions.py", "archived.py")  # a desktop's own questions, and its store
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
Edit = tuple[int, int, int, str]  # line, from column, to column (bytes), text


def sources() -> list[Path]:
    """Every file that runs on a board, relative to the folder that holds the package."""
    found = [SOURCES / "__init__.py"]
    for part in PARTS:
        files = sorted((SOURCES / part).rglob("*.py"))
        found += [path for path in files if path.name not in NOT_ON_BOARDS]
    return [path.relative_to(SOURCES.parent) for path in found]


def leaned(short: bool = True) -> dict[Path, str]:
    """The lean text of each of sources(), with short private names or as they are."""
    texts = {path: (SOURCES.parent / path).read_text(encoding="utf-8") for path in sources()}
    known = {module_of(path): constants(text) for path, text in texts.items()}
    lean_ones = {path: lean(text, module_of(path), known) for path, text in texts.items()}
    return shortened(lean_ones) if short else lean_ones


def ports(source: str, port: str) -> tuple[str, ...]:
    """The ports of MicroPython that a source declares in PORTS; just this one if it does not."""
    for statement in ast.parse(source).body:
        for name, value in _bound(statement):
            if name == "PORTS":
                return tuple(ast.literal_eval(value))
    return (port,)


def constants(source: str) -> dict[str, int]:
    """A module's constants that are whole numbers, by name: in capitals, and bound only once."""
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
    """The constants that a statement binds, and to what."""
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
    """The whole number that an expression of literals and known constants is, or None."""
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
    """The f-strings: before Python 3.12 nobody can say where in the line their parts are."""
    return [node for node in ast.walk(tree) if isinstance(node, ast.JoinedStr)]


def lean(source: str, module: str, known: Mapping[str, Constants]) -> str:
    """The source of a module as a board gets it; `known` has the constants of all modules."""
    source = _without_types(source)
    tree = ast.parse(source)
    in_text = {n.id for t in _texts(tree) for n in ast.walk(t) if isinstance(n, ast.Name)}
    own = dict(known[module])
    modules: dict[str, Constants] = {}
    edits: list[Edit] = []
    for statement in tree.body:
        bound = [name for name, _ in _bound(statement)]
        if bound and all(name in own for name in bound):
            edits += _instead(source, statement, "")
        elif isinstance(statement, ast.ImportFrom) and statement.module:
            there = known.get(statement.module, {})
            taken = {a.asname or a.name: there[a.name] for a in statement.names if a.name in there}
            own |= {name: n for name, n in taken.items() if name not in in_text}
            for alias in statement.names:
                modules[alias.asname or alias.name] = known.get(
                    f"{statement.module}.{alias.name}", {}
                )
            kept = [a for a in statement.names if (a.asname or a.name) not in own]
            if len(kept) < len(statement.names):
                edits += _instead(source, statement, _import(statement.module, kept))
    gone = {edit[0] for edit in edits}
    skipped = {id(node) for text in _texts(tree) for node in ast.walk(text)}
    for node in ast.walk(tree):
        number = None if id(node) in skipped else _used(node, own, modules)
        if number is not None and isinstance(node, ast.expr) and node.lineno not in gone:
            edits.append((node.lineno, node.col_offset, node.end_col_offset or 0, str(number)))
    return edited(source, edits)


def _used(node: ast.AST, own: Constants, modules: Mapping[str, Constants]) -> int | None:
    """The constant that a name, or an attribute of a module, stands for."""
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
        return own.get(node.id)
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        return modules.get(node.value.id, {}).get(node.attr)
    return None


def _import(module: str, kept: list[ast.alias]) -> str:
    names = [a.name + (f" as {a.asname}" if a.asname else "") for a in kept]
    return f"from {module} import {', '.join(names)}" if kept else ""


def _instead(source: str, node: ast.stmt, text: str) -> list[Edit]:
    """Edits that put a text on a statement's first line, and leave its other lines empty."""
    lines = source.encode().split(b"\n")
    first, last = node.lineno, node.end_lineno or node.lineno
    rest = [(line, 0, len(lines[line - 1]), "") for line in range(first + 1, last + 1)]
    return [(first, 0, len(lines[first - 1]), text), *rest]


def edited(source: str, edits: list[Edit]) -> str:
    """A source with all edits made, none of which overlaps another."""
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
