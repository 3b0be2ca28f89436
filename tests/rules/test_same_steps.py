"""What signs takes the same steps and reads the same memory whatever the secret is.

Read from the source: in the machine code that signing runs, every name in a condition, an index,
a count of shifted bits or an address is one of the few named here, and these are made of nothing
but each other, numbers, and what everybody may know: programs, sizes, columns.
"""

import ast

import pytest
from needs import ROOT

# names that never depend on a secret; of parameters, and of what is read through them
PUBLIC = {
    ("field25519", "run"): {
        "p", "program", "first", "base", "columns", "times", "op", "turn", "count", "slot", "to",
        "pair", "a", "b", "q", "r",
    },
    ("field25519", "product"): {"p", "columns", "sums", "a", "b", "q", "turn"},
    ("field25519", "square"): {"p", "columns"},
    ("scalar25519", "limbs"): {"p", "x", "size", "bits", "i"},
    ("scalar25519", "multiply"): {"p", "to", "k", "a", "q", "i", "j"},
    ("scalar25519", "fold"): {"p", "c", "q", "top", "count", "j"},
    ("scalar25519", "out"): {"p", "r", "bits", "i"},
    ("scalar25519", "odd"): {"s", "i", "order"},
    ("scalar25519", "select"): {"work", "table", "s", "p", "q", "i", "j", "t", "column"},
    ("scalar25519", "unpack"): {"p", "slot", "data", "j", "x", "t"},
    ("scalar25519", "pack"): {"p", "slot", "data", "bits", "i", "j"},
    ("sha512", "_blocks"): {"p", "words", "state", "rounds", "k", "data", "q", "count", "i"},
    ("sha512", "_big_endian"): {"p", "out", "count", "i"},
    ("sha512", "_words"): {"p", "data", "count", "i"},
}  # fmt: skip
READABLE = {"program"}  # buffers that hold no secret
FUNCTIONS = {"ptr8", "ptr32", "uint", "int", "micropython"}
EXEMPT = {("scalar25519", "digits")}  # verify() alone


def machine_code():
    """(module, function): its tree, for every function in machine code."""
    for module in ("field25519", "scalar25519", "sha512"):
        tree = ast.parse((ROOT / "mesh" / "device" / "crypto" / f"{module}.py").read_text())
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef) and node.decorator_list:
                yield (module, node.name), node


def names(expression):
    return {node.id for node in ast.walk(expression) if isinstance(node, ast.Name)} - FUNCTIONS


def fresh(function):
    """Each parameter, and the line on which it is first given another value."""
    stored = {}
    for node in ast.walk(function):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            stored[node.id] = min(node.lineno, stored.get(node.id, node.lineno))
    return {arg.arg: stored.get(arg.arg, 10**6) for arg in function.args.args}


def is_public(expression, public, fresh):
    """Whether a value can be known: of public names, and of nothing read from a secret.

    What a parameter itself is can be known, too: none is a secret, though a buffer holds some.
    """
    for node in ast.walk(expression):
        if isinstance(node, ast.Subscript) and not names(node.value) <= READABLE:
            return False
    first = {name for name, line in fresh.items() if expression.lineno < line}
    return names(expression) <= public | {"L"} | first


def telling(function):
    """Every expression whose value shows in time or in addresses."""
    for node in ast.walk(function):
        if isinstance(node, (ast.If, ast.While, ast.IfExp)):
            yield node.test
        elif isinstance(node, ast.Subscript):
            yield node.slice
        elif isinstance(node, ast.BinOp) and isinstance(node.op, (ast.LShift, ast.RShift)):
            yield node.right
        elif isinstance(node, ast.Call) and node.func.id in ("ptr8", "ptr32"):
            yield node.args[0]
        elif isinstance(node, ast.Call) and node.func.id in ("product", "square"):
            yield from node.args  # a work space, and numbers of its slots


def leaks(function, public):
    """Lines that tell about something not public."""
    first = fresh(function)
    found = [node.lineno for node in telling(function) if not is_public(node, public, first)]
    for node in ast.walk(function):
        if isinstance(node, (ast.Assign, ast.AugAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            bound = {target.id for target in targets if isinstance(target, ast.Name)}
            if bound & public and not is_public(node.value, public, first):
                found.append(node.lineno)
        if isinstance(node, (ast.FloorDiv, ast.Div, ast.Mod, ast.Pow)):
            found.append("a division takes as long as its numbers are")
    return found


def label(value):
    """The same in each process: no address of an object."""
    return ".".join(value) if isinstance(value, tuple) else "code"


@pytest.mark.parametrize(("name", "function"), list(machine_code()), ids=label)
def test_same_steps(name, function):
    if name in EXEMPT:
        return
    assert not leaks(function, PUBLIC[name]), f"{name}: its time or its addresses tell a secret"


@pytest.mark.parametrize(
    "line",
    [
        "if t: i = 1",
        "p[t] = 0",
        "i = s[0]",
        "t = t << t",
        "p = ptr32(int(p) + t)",
        "while s[i]: i += 1",
        "t = t // 3",
        "product(p, t)",
    ],
)
def test_a_leak_would_be_seen(line):
    tree = ast.parse(f"def f(p: ptr32, s: ptr8):\n    {line}\n")
    assert leaks(tree.body[0], {"p", "s", "i"})
