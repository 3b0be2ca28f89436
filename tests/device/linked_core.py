"""The core as boards have it, joined, for tests that import it module by module."""

import ast
import shutil

from mesh.boards.firmware import lean
from mesh.boards.firmware.lean_names import module_of
from mesh.boards.firmware.link import link


def lay_out(folder):
    """Write the joined sources, and for each module one with all its names; give what was joined.

    Private names stay as they are, as tests look at some; what was written out in place of a
    number, and what a module only imports, tests ask for too.
    """
    texts = lean.leaned(short=False)
    made = link(texts, frozenset(module_of(path) for path in texts))
    root = lean.SOURCES.parent
    for path, text in made.texts.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text + (_more(path, texts[path]) if path in texts else ""))
    shutil.copytree(root / "mesh/core/full", folder / "mesh/core/full", dirs_exist_ok=True)
    promised = "mesh/core/relations/promised.py"
    shutil.copy(root / promised, folder / promised)
    return made


def _more(path, text):
    numbers = lean.constants((lean.SOURCES.parent / path).read_text())
    lines = [f"{name} = {number}" for name, number in numbers.items()]
    imports = [node for node in ast.parse(text).body if isinstance(node, ast.ImportFrom)]
    lines += [ast.unparse(node) for node in imports if node.module.startswith("mesh")]
    return "".join(f"{line}\n" for line in lines)
