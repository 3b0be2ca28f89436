"""Renames positional arguments to a few common names: a board keeps each name once."""

import ast
from collections.abc import Iterable, Iterator, Sequence, Set

from mesh.boards.firmware.link_scopes import COMPREHENSIONS, NEW_SCOPE, bound

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


def given_by_name(trees: Iterable[ast.AST]) -> frozenset[str]:
    """The arguments that are passed by keyword in these sources: they keep their names."""
    return frozenset(
        node.arg
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.keyword) and node.arg
    )


class Arguments(ast.NodeTransformer):
    """Renames arguments except those in `kept`, to those of `names` that are unused there."""

    def __init__(self, kept: Set[str], names: Sequence[str]) -> None:
        self._kept = kept
        self._names = names

    def _function(self, node: "ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda") -> ast.AST:
        self.generic_visit(node)
        body: list[ast.AST] = [node.body] if isinstance(node, ast.Lambda) else list(node.body)
        elsewhere = {n for inner in body for n in _bound_inside(inner)} | self._kept | {"self"}
        mine = [arg for arg in node.args.args if arg.arg not in elsewhere]
        taken = {n for inner in (node.args, *body) for n in _used(inner)}
        free = (name for name in self._names if name not in taken)
        new = {arg.arg: name for arg, name in zip(mine, free, strict=False)}
        for arg in mine:
            arg.arg = new.get(arg.arg, arg.arg)
        for inner in (n for one in body for n in ast.walk(one)):
            if isinstance(inner, ast.Name):
                inner.id = new.get(inner.id, inner.id)
        return node

    visit_FunctionDef = visit_AsyncFunctionDef = visit_Lambda = _function


def _bound_inside(node: ast.AST) -> Iterator[str]:
    """Names that are not only the function's own: bound in inner scopes, or declared."""
    for one in ast.walk(node):
        if isinstance(one, ast.Global | ast.Nonlocal):
            yield from one.names
        elif isinstance(one, ast.ExceptHandler) and one.name:
            yield one.name
        elif isinstance(one, FUNCTIONS):
            yield from (arg.arg for arg in ast.walk(one.args) if isinstance(arg, ast.arg))
            inner = [one.body] if isinstance(one, ast.Lambda) else one.body
            yield from bound(inner)
        elif isinstance(one, COMPREHENSIONS):
            yield from bound([generator.target for generator in one.generators])
        if isinstance(one, NEW_SCOPE) and not isinstance(one, ast.Lambda):
            yield one.name


def _used(node: ast.AST) -> Iterator[str]:
    for one in ast.walk(node):
        if isinstance(one, ast.Name):
            yield one.id
        elif isinstance(one, ast.arg):
            yield one.arg
