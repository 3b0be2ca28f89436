"""The project's rules as small lints: each failure says why the rule is there."""

import ast
import re
import shlex
import subprocess
import tomllib

import pytest
from needs import ROOT

from mesh.core.limits import Limits
from mesh.core.policy.settings import Profile, parse
from mesh.hub import extras

LINES = 300
# by a program, which is what is read; see test_generated.py
MADE = {"mesh/device/crypto/field25519.py", "mesh/device/crypto/tables25519.py"}
MUTATORS = {
    "add", "append", "clear", "discard", "extend", "insert", "pop", "popitem", "popleft", "remove",
    "setdefault", "sort", "update",
}  # fmt: skip
OPEN_ENDS = ("TO" + "DO", "FIX" + "ME", "X" * 3)
# in two parts, so that this file keeps its own rules; mesh/hub/ has a folder of that name
HOST_PATH = re.compile(
    r"(?<![\w.])/ho"
    + "me/[a-z]|/Us"
    + "ers/[A-Za-z]|(?<![a-z.])/ro"
    + r"ot/|(?<![\w.])/wo"
    + "rk/"
)
REGISTRY = re.compile(
    "py" + r"pi\.org|python" + r"hosted\.org|npm" + r"js\.(?:org|com)|deb\.deb" + "ian"
)


def tracked(*patterns):
    """The files that git knows and that are there."""
    command = ["git", "-C", ROOT, "ls-files", "-z", "--", *patterns]
    names = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return [ROOT / name for name in names.split("\0") if name and (ROOT / name).is_file()]


def text(path):
    """Its text; nothing for a file that is none."""
    try:
        return path.read_text()
    except UnicodeDecodeError:
        return ""


def here(path):
    return path.relative_to(ROOT).as_posix()


def core():
    return tracked("mesh/core/*.py")


def test_files_are_short():
    long = {here(path): len(text(path).splitlines()) for path in tracked("*.py")}
    assert set(long) >= MADE, "a file that is said to be made by a program is not there"
    long = {name: lines for name, lines in long.items() if lines > LINES and name not in MADE}
    assert not long, f"over {LINES} lines a file has more than one job: split it by job. {long}"


def test_nothing_is_left_open():
    pattern = re.compile(rf"\b(?:{'|'.join(OPEN_ENDS)})\b")
    found = [here(path) for path in tracked("*.py", "*.md") if pattern.search(text(path))]
    assert not found, f"an open end belongs into an issue, where it is found again: {found}"


def test_no_host_paths():
    found = [here(path) for path in tracked() if HOST_PATH.search(text(path))]
    assert not found, f"paths of one machine are wrong on every other: {found}"


def test_no_registry_hosts():
    found = [here(path) for path in tracked() if REGISTRY.search(text(path))]
    assert not found, f"where packages come from is each machine's own setting: {found}"


def test_every_limit_is_used():
    named = {name for name in dir(Limits) if name[0] != "_"}
    assert len(named) > 30, "the limits are not where this test looks for them"
    rest = [path for path in tracked("mesh/*.py") if path.name != "limits.py"]
    used = {
        node.attr
        for path in rest
        for node in ast.walk(ast.parse(text(path)))
        if isinstance(node, ast.Attribute) and last_name(node.value).endswith("limits")
    }
    assert named <= used, f"a limit that nothing reads limits nothing: {sorted(named - used)}"


def last_name(node):
    """x of x, y.x and y().x; otherwise nothing."""
    return getattr(node, "attr", getattr(node, "id", ""))


# Classes whose values come otherwise than by an __init__ of their own, and what proves it
FILLED = {"Profile": "by parse(), in one go: test_a_profile_has_all_that_it_declares"}


def declared_only(path):
    """Attributes that a class declares and gives no value: "Class.name"."""
    for node in ast.walk(ast.parse(text(path))):
        if isinstance(node, ast.ClassDef) and node.name not in FILLED and not made_for_it(node):
            for part in node.body:
                if isinstance(part, ast.AnnAssign) and part.value is None:
                    yield f"{here(path)}: {node.name}.{part.target.id}"


def made_for_it(node):
    """Whether Python makes the constructor of a class, from what it declares; or it is none."""
    names = {last_name(base) for base in node.bases}
    calls = [getattr(part, "func", part) for part in node.decorator_list]
    return bool(names & {"NamedTuple", "Protocol"} or "dataclass" in map(last_name, calls))


GUARDS = {
    "mesh/device/faults.py", "mesh/hub/guard.py",
    "mesh/hub/store/work.py",  # the store's thread, which reports to the guard
    "mesh/device/start.py",  # before there is a peer: whatever ends a start counts as its failure
}  # fmt: skip


def catches_all(path):
    """Whether it catches Exception, or all."""
    handlers = [n for n in ast.walk(ast.parse(text(path))) if isinstance(n, ast.ExceptHandler)]
    types = [one for n in handlers for one in getattr(n.type, "elts", [n.type])]
    return any(one is None or last_name(one) == "Exception" for one in types)


def test_one_place_of_each_runtime_catches_what_nobody_foresaw():
    found = {here(path) for path in tracked("mesh/*.py", "mesh/**/*.py") if catches_all(path)}
    assert found <= GUARDS, (
        "what nobody foresaw is told, counted and survived in one place, the guard of a runtime "
        f"(kit.guard): elsewhere it would be hidden. {found - GUARDS}"
    )
    assert "mesh/hub/guard.py" in found


def test_what_a_class_declares_has_a_value():
    found = [name for path in tracked("mesh/*.py", "mesh/**/*.py") for name in declared_only(path)]
    assert not found, (
        "an attribute that is only declared has no value until somebody thinks of it, and the "
        "first datagram that needs it ends the peer: give it one in the constructor, by an "
        f"argument, or an inert one (mesh.core.kit.nothing) with the reason. {found}"
    )


def test_a_profile_has_all_that_it_declares():
    declared = set(Profile.__annotations__)
    assert declared
    assert declared == set(vars(parse({}))), "parse() forgot what the others rely on"


def mutable(value):
    """Whether this expression makes something that can change."""
    made = (ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp)
    if isinstance(value, ast.Call) and isinstance(value.func, ast.Name):
        return value.func.id in {"list", "dict", "set", "bytearray", "deque", "OrderedDict"}
    return isinstance(value, made)


def shared_names(body):
    """Names of mutable values in the body of a module or class."""
    for node in body:
        if isinstance(node, ast.ClassDef):
            yield from shared_names(node.body)
        if isinstance(node, (ast.Assign, ast.AnnAssign)) and mutable(node.value):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            yield from (target.id for target in targets if isinstance(target, ast.Name))


def changed_names(tree):
    """Names whose value a statement somewhere changes in place."""
    for node in ast.walk(tree):
        place = None
        if isinstance(node, ast.Subscript) and not isinstance(node.ctx, ast.Load):
            place = node.value
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            place = node.func.value if node.func.attr in MUTATORS else None
        if isinstance(place, ast.Name):
            yield place.id
        if isinstance(place, ast.Attribute):
            yield place.attr


@pytest.mark.parametrize("path", core(), ids=here)
def test_no_shared_state(path):
    tree = ast.parse(text(path))
    shared = set(shared_names(tree.body))
    reason = (
        "state of a module or class is shared by all nodes of a process, so a test with two lies"
    )
    states = sorted(name for name in shared if not name.strip("_").isupper())
    assert not states, f"{reason}: {states} (a table that never changes has an UPPER_CASE name)"
    changed = sorted(shared & set(changed_names(tree)))
    assert not changed, f"{reason}: {changed} change"
    assert not any(isinstance(node, ast.Global) for node in ast.walk(tree)), reason


def test_every_vector_is_run():
    tests = "".join(map(text, tracked("tests/*.py")))
    lost = [here(path) for path in tracked("tests/vectors/*.json") if path.stem not in tests]
    assert not lost, f"a vector that no test names proves nothing: {lost}"


def test_every_dependency_has_a_reason():
    lines = text(ROOT / "pyproject.toml").splitlines()
    project = tomllib.loads("\n".join(lines))["project"]
    extras = project["optional-dependencies"].values()
    wanted = [*project["dependencies"], *(name for extra in extras for name in extra)]
    bare = []
    for name in wanted:
        at = next(i for i, line in enumerate(lines) if f'"{name}"' in line)
        alone = lines[at - 1].lstrip().startswith("#") or "othermesh[" in name
        if "# " not in lines[at] and not alone:
            bare.append(name)
    assert not bare, f"who adds a dependency says in a comment what it is for: {bare}"


def test_pip_lines_name_what_the_extras_name():
    wanted = tomllib.loads(text(ROOT / "pyproject.toml"))["project"]["optional-dependencies"]
    for line, extra in ((extras.BOARDS, "boards"), (extras.PLOT, "plot")):
        told = {word.replace('"', "'") for word in shlex.split(line)[2:]}
        assert told == set(wanted[extra])
    assert shlex.split(extras.PARQUET)[2:] == wanted["parquet"]


def test_links_lead_somewhere():
    link = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)")
    lost = [
        f"{here(path)}: {target}"
        for path in tracked("*.md")
        for target in link.findall(text(path))
        if not (path.parent / target).exists()
    ]
    assert not lost, f"a reader ends nowhere: {lost}"
