"""Text of joined modules, one statement a line, with a map to the lines of the sources."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field

Line = tuple[str, int, str]  # (path, line of the source, function name in the text)
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
MODULE = "<module>"


def bare(tree: ast.Module) -> ast.Module:
    """The tree without docstrings, annotations and __all__. Field names of a namedtuple become one
    text, which is smaller than a tuple.
    """
    for node in ast.walk(tree):
        if isinstance(node, ast.arg):
            node.annotation = None
        elif isinstance(node, FUNCTIONS):
            node.returns = None
        elif isinstance(node, ast.Call):
            _join_fields(node)
        for name in ("body", "orelse", "finalbody"):
            statements = getattr(node, name, None)
            if isinstance(statements, list):
                setattr(node, name, _bare(statements, name == "body" and node is not tree))
    return tree


def _join_fields(call: ast.Call) -> None:
    match call:
        case ast.Call(ast.Name("namedtuple"), [name, ast.Tuple() as fields]):
            call.args = [name, ast.Constant(" ".join(ast.literal_eval(fields)))]


def _bare(statements: list[ast.stmt], needed: bool) -> list[ast.stmt]:
    made: list[ast.stmt] = []
    for one in statements:
        match one:
            case ast.Expr(ast.Constant(str())) | ast.Assign([ast.Name("__all__")]):
                continue
            case ast.AnnAssign(target, _, value):
                if value is not None:
                    made.append(ast.copy_location(ast.Assign([target], value), one))
            case _:
                made.append(one)
    if needed and not made:
        made.append(ast.copy_location(ast.Pass(), statements[0]))
    return made


@dataclass
class Text:
    """The text, to which modules are added."""

    lines: list[Line] = field(default_factory=list)
    _text: list[str] = field(default_factory=list)

    def add(self, path: str, statements: list[ast.stmt]) -> None:
        """Add statements of a source, with their line numbers."""
        for statement in statements:
            ast.fix_missing_locations(statement)
            text = "\n".join(line for line in ast.unparse(statement).split("\n") if line.strip())
            new = ast.parse(text).body
            found = dict(_pairs([statement], new, MODULE))
            last = (statement.lineno, MODULE)
            for number, line in enumerate(text.split("\n"), 1):
                last = found.get(number, last)
                self.lines.append((path, *last))
                self._text.append(line)

    def source(self) -> str:
        """The whole text."""
        return "\n".join(self._text) + "\n"


def _pairs(
    old: list[ast.stmt], new: list[ast.stmt], function: str
) -> Iterator[tuple[int, tuple[int, str]]]:
    """(line of the text, (line of the source, function)) for each statement."""
    for one, two in zip(old, new, strict=True):
        yield two.lineno, (one.lineno, function)
        inside = two.name if isinstance(two, (*FUNCTIONS, ast.ClassDef)) else function
        for name in ("body", "orelse", "finalbody"):
            yield from _pairs(getattr(one, name, []), getattr(two, name, []), inside)
        for first, second in zip(
            getattr(one, "handlers", []), getattr(two, "handlers", []), strict=True
        ):
            yield second.lineno, (first.lineno, function)
            yield from _pairs(first.body, second.body, inside)
