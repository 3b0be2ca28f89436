"""Joined modules do what each of them did, under one roof."""

import ast
import gc
import re
import subprocess
import sys
from pathlib import Path

import pytest

from mesh.boards.firmware import lean, link
from mesh.boards.firmware.link import by_cable
from mesh.core.errors import LocalError

LOW = """
import json
LETTERS = "abc"
parse = "low"
_a = [1]
class Base:
    def parse(self, LETTERS=LETTERS):
        return LETTERS + parse
def open(path):
    return "low " + path
def sized(x):
    return [LETTERS + 1 for LETTERS in x], sorted(x, key=lambda parse: -parse)
def dumps(x): return json.dumps(x)
"""
MID = """
from mesh.core import low
from mesh.core.low import LETTERS as letters
from mesh.core.low import Base, _a as mine
try:
    import nothing_there as found
except ImportError:
    found = None
parse = "mid"
class Child(Base):
    low = 5
    size: "int" = low
    many = [low.LETTERS for low in [low_ for low_ in [Base]] if False]
    def both(self, letters=letters):
        "Docs."
        def low_(): return parse, letters
        low2: "int"
        return low_() + (self.parse(), f"{parse} {low.parse!r:>6}", self.low)
def opened(path, low_parse=low.parse):
    return open(path).read(), low.open(path), low_parse, [low.parse for _ in range(2)]
def shadowed(low):
    parse = low.parse
    return parse
"""
TOP = """
from mesh.core import low
from mesh.core import mid
from mesh.core.mid import letters
import json
def main(path):
    class Fake: parse = "fake"
    child = mid.Child()
    from mesh.core.late import late
    told = [child.both(), child.both("x"), mid.opened(path), mid.shadowed(Fake), mid.found]
    try:
        raise ValueError("told")
    except ValueError as letters_:
        told.append(str(letters_))
    told += [letters, low.sized([1, 2]), late(), json.dumps(mid.mine), child.many]
    return told
"""
LATE = """
from mesh.core import mid
from mesh.core import low as lower
from mesh.core.low import parse, \\
    dumps as words
def late():
    from mesh.core.low import Base as Root
    return [mid.parse, lower.parse, lower.dumps([parse, words(1)]), Root().parse("z")]
"""
START = "import sys\nsys.path.insert(0, sys.argv[1])\nfrom mesh.device.main import main\n"
START += "print(main(sys.argv[2]))"


def sources(**more):
    """A package of modules; mesh.device.board is the root."""
    texts = {
        "__init__": "", "core/__init__": "", "device/__init__": "",
        "core/low": LOW, "core/mid": MID, "core/late": LATE, "device/board": TOP,
        "device/main": "from mesh.device.board import main\n", **more,
    }  # fmt: skip
    return {Path("mesh", f"{name}.py"): text for name, text in texts.items()}


def run(texts, folder, interpreter=sys.executable):
    """What main() gives."""
    for path, text in texts.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    (folder / "words").write_text("in the file")
    done = subprocess.run(
        [interpreter, "-c", START, str(folder), str(folder / "words")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.replace(str(folder), "")


@pytest.mark.parametrize("most", [3000, 20])
def test_joined_modules_do_what_they_did(tmp_path, monkeypatch, most):
    monkeypatch.setattr(link, "MOST", most)
    made = link.link(sources())
    assert len(made.lines) == (1 if most == 3000 else 3)
    assert not set(made.texts) & {Path("mesh/core/low.py"), Path("mesh/device/board.py")}
    expected = run(sources(), tmp_path / "apart")
    assert all(word in expected for word in ("abclow", "zlow", "low /words", "told", "[2, 3]"))
    assert run(made.texts, tmp_path / "joined") == expected


def test_the_same_sources_give_the_same_text():
    assert link.link(sources()) == link.link(dict(reversed(sources().items())))


def test_nothing_of_it_stays_in_memory():
    """A program that links again and again would take 25 MB more each time."""
    before = modules_in_memory()
    link.link(sources())
    assert modules_in_memory() == before


def modules_in_memory():
    gc.collect()
    return sum(isinstance(one, ast.Module) for one in gc.get_objects())


def test_a_line_is_a_statement_and_leads_to_its_source():
    for path, lines in link.linked().lines.items():
        text = link.linked().texts[path].split("\n")
        assert len(text) == len(lines) + 1
        names = set()
        for line, (source, number, _) in zip(text, lines, strict=False):
            there = lean.SOURCES.parent / source
            if not there.is_file():
                continue
            names.add(source)
            words = line.split()
            if words[0] in ("return", "raise", "while", "for", "with", "try:", "class"):
                assert words[0] in there.read_text().split("\n")[number - 1]
        few = {"ruling": 1, "found": 2, "sometimes": 2}
        least = 11 if path.stem.startswith("linked") else few.get(path.stem, 3)
        assert len(names) >= least


def test_what_is_read_once_is_apart_and_can_be_forgotten():
    once = link.link(
        sources(
            **{
                "device/config": "from mesh.core import mid\nfrom mesh.core import rare\n"
                "def load(path): return [mid.parse, rare.words(), path]\n",
                "core/rare": "from mesh.core.low import dumps\ndef words(): return dumps(1)\n",
                "device/main": "from mesh.device import config\n"
                "def main(path): return config.load(path)\n",
            }
        )
    )
    assert set(once.lines) == {Path("mesh/linked1.py"), Path("mesh/once.py")}
    assert "def words" not in once.texts[Path("mesh/linked1.py")]
    assert "import once as config" in once.texts[Path("mesh/device/main.py")]
    texts = link.linked().texts
    for path, text in texts.items():
        if path.stem.startswith("linked"):
            assert "mesh.once" not in text, "what stays would have it loaded again"
    forgotten = next(
        node.value for node in ast.parse(texts[Path("mesh/device/main.py")]).body
        if isinstance(node, ast.Assign) and node.targets[0].id == "FORGOTTEN"
    )  # fmt: skip
    assert ("mesh", "once") in ast.literal_eval(forgotten)


def test_what_may_be_asked_for_by_name_has_a_stub():
    texts = link.linked().texts
    assert "mesh.device.identity" in by_cable(lean.SOURCES / "boards")
    for name in ("core/cbor", "core/errors", "device/identity", "device/sensors/__init__"):
        assert texts[Path("mesh", name + ".py")].startswith("from mesh.linked"), name
    assert Path("mesh/core/node.py") not in texts


def test_modules_that_the_guide_lets_files_import_are_on_a_board():
    guide = (lean.SOURCES.parent / "docs/add-a-sensor.md").read_text()
    named = re.search(r"copied to a board by hand may import (.*?):", guide, re.DOTALL)[1]
    modules = re.findall(r"`(mesh\.[\w.]+)`", named)
    assert len(modules) == 4
    texts = link.linked().texts
    for module in modules:
        path = Path(*module.split("."))
        assert path.with_suffix(".py") in texts or path / "__init__.py" in texts, module


def test_machine_code_stays_apart_with_what_is_there_for_it():
    native = "import micropython\nfrom mesh.device.tables import T\n@micropython.viper\ndef f(): T"
    made = link.link(sources(**{
        "device/fast": native, "device/tables": "T = [1]",
        "device/user": "from mesh.device import fast",
        "device/board": "from mesh.device import user\nfrom mesh.core import mid\n" + TOP,
    })).texts  # fmt: skip
    apart = {path.stem for path in made if path.parent.name == "device"}
    assert apart == {"__init__", "main", "fast", "tables", "user"}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (
            "from mesh.core import mid\ndef main(x): return [mid]",
            "is joined, and here it is used as a value",
        ),
        ("def main(x):\n    from mesh.core import low\n    return low", "in a function"),
        ("n = 0\ndef main(x):\n    global n\n    n = x", "changes a global"),
        (
            "from mesh.core import low\ndef main(x): low.parse = x",
            "is joined, and here it is used",
        ),
        ("from mesh.core import mid\ndef main(x): return mid.low.parse", "is joined, and here"),
        ("from mesh.core.low import nothing\nmain = nothing", "has no nothing"),
    ],
)
def test_what_cannot_be_joined_is_said(text, why):
    with pytest.raises(LocalError, match=why):
        link.link(sources(**{"device/board": "from mesh.core import low as _\n" + text}))
