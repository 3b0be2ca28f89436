"""Scope analysis by Python's rules: which names of a module are its globals; renames them."""

import ast
from collections.abc import Callable, Iterable, Iterator

Scope = tuple[bool, frozenset[str]]  # (whether it is a class, names bound in it)
Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
Comprehension = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
NEW_SCOPE = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)

Hidden = frozenset[str]  # names that are local where a global is used
Rename = Callable[[str, Hidden], str]
Member = Callable[[str, str, Hidden], str | None]


def bound(statements: Iterable[ast.AST]) -> frozenset[str]:
    """The names that statements bind in their scope."""
    return frozenset(_bound(statements)) - frozenset(_declared(statements))


def imported(alias: ast.alias) -> str:
    """The name that an import binds."""
    return alias.asname or alias.name.partition(".")[0]


def _bound(nodes: Iterable[ast.AST]) -> Iterator[str]:
    for node in nodes:
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                yield node.name
                continue
            case ast.Lambda():
                continue
            case ast.Name(name, ast.Store() | ast.Del()) | ast.ExceptHandler(_, str(name)):
                yield name
            case ast.alias():
                yield imported(node)
        if isinstance(node, COMPREHENSIONS):  # its targets are local to it, := is not
            yield from (
                n.target.id
                for n in ast.walk(node)
                if isinstance(n, ast.NamedExpr) and isinstance(n.target, ast.Name)
            )
        else:
            yield from _bound(ast.iter_child_nodes(node))


def _declared(nodes: Iterable[ast.AST]) -> Iterator[str]:
    """Names declared by `global` and `nonlocal`."""
    for node in nodes:
        if isinstance(node, ast.Global | ast.Nonlocal):
            yield from node.names
        elif not isinstance(node, NEW_SCOPE):
            yield from _declared(ast.iter_child_nodes(node))


class Renaming(ast.NodeTransformer):
    """Renames the globals of a module.

    rename(name, hidden) gives the new name of a global or built-in; member(name, attribute,
    hidden) the new name for `name.attribute`, or None to leave it.
    """

    def __init__(self, rename: Rename, member: Member) -> None:
        self._rename = rename
        self._member = member
        self._scopes: list[Scope] = []

    def _hidden(self) -> Hidden:
        """The local names here: of this scope and of the functions around it."""
        inner = self._scopes[-1:]
        around = [scope for scope in self._scopes[:-1] if not scope[0]]
        return frozenset().union(*(names for _, names in (*inner, *around)))

    def _new(self, name: str) -> str:
        hidden = self._hidden()
        return name if name in hidden else self._rename(name, hidden)

    def _inside(self, scope: Scope, nodes: list[ast.AST]) -> list[ast.AST]:
        self._scopes.append(scope)
        made = [self.visit(node) for node in nodes]
        self._scopes.pop()
        return made

    def visit_Name(self, node: ast.Name) -> ast.Name:
        node.id = self._new(node.id)
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        if isinstance(node.value, ast.Name) and isinstance(node.ctx, ast.Load):
            hidden = self._hidden()
            if node.value.id not in hidden:
                new = self._member(node.value.id, node.attr, hidden)
                if new is not None:
                    return ast.copy_location(ast.Name(new, node.ctx), node)
        self.generic_visit(node)
        return node

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> ast.AST:
        if node.name:
            node.name = self._new(node.name)
        return self.generic_visit(node)

    def visit_alias(self, node: ast.alias) -> ast.alias:
        new = self._new(imported(node))
        node.asname = new if new != node.name else None
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.ClassDef:
        node.decorator_list = [self.visit(one) for one in node.decorator_list]
        node.bases = [self.visit(base) for base in node.bases]
        node.keywords = [self.visit(one) for one in node.keywords]
        node.name = self._new(node.name)
        node.body = self._inside((True, bound(node.body)), list(node.body))  # type: ignore[assignment]
        return node

    def _function(self, node: "Function") -> "Function":
        arguments = node.args
        arguments.defaults = [self.visit(one) for one in arguments.defaults]
        arguments.kw_defaults = [one and self.visit(one) for one in arguments.kw_defaults]
        names = {arg.arg for arg in ast.walk(arguments) if isinstance(arg, ast.arg)}
        body = [node.body] if isinstance(node, ast.Lambda) else list(node.body)
        made = self._inside((False, bound(body) | names), list(body))
        if isinstance(node, ast.Lambda):
            node.body = made[0]  # type: ignore[assignment]
        else:
            node.decorator_list = [self.visit(one) for one in node.decorator_list]
            node.name = self._new(node.name)
            node.body = made  # type: ignore[assignment]
        return node

    visit_FunctionDef = visit_AsyncFunctionDef = visit_Lambda = _function

    def _comprehension(self, node: "Comprehension") -> "Comprehension":
        first = node.generators[0]
        first.iter = self.visit(first.iter)
        seen, first.iter = first.iter, ast.Constant(None)
        targets = bound([one.target for one in node.generators])
        self._scopes.append((False, targets))
        self.generic_visit(node)
        self._scopes.pop()
        first.iter = seen
        return node

    visit_ListComp = visit_SetComp = visit_DictComp = visit_GeneratorExp = _comprehension
