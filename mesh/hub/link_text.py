"""The text of joined modules, a statement a line, and where each line came from."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field

Line = tuple[str, int, str]  # path and line of the source; the function, by its name in the text
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
MODULE = "<module>"


def bare(tree: ast.Module) -> ast.Module:
    """The same without what a board does not keep: docstrings and annotations."""
    for node in ast.walk(tree):
        if isinstance(node, ast.arg):
            node.annotation = None
        elif isinstance(node, FUNCTIONS):
            node.returns = None
        for name in ("body", "orelse", "finalbody"):
            statements = getattr(node, name, None)
            if isinstance(statements, list):
                setattr(node, name, _bare(statements, name == "body" and node is not tree))
    return tree


def _bare(statements: list[ast.stmt], needed: bool) -> list[ast.stmt]:
    made: list[ast.stmt] = []
    for one in statements:
        match one:
            case ast.Expr(ast.Constant(str())):
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
    """Grows by one module after the other."""

    lines: list[Line] = field(default_factory=list)
    _text: list[str] = field(default_factory=list)

    def add(self, path: str, statements: list[ast.stmt]) -> None:
        """Add statements of a source; they have its line numbers."""
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
        """All of it."""
        return "\n".join(self._text) + "\n"


def _pairs(
    old: list[ast.stmt], new: list[ast.stmt], function: str
) -> Iterator[tuple[int, tuple[int, str]]]:
    """(line of the text, (line of the source, function)) of each statement."""
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
