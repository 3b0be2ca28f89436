"""Rules about what goes on a board: it compiles, it is small, it loads."""

import subprocess

import pytest
import sizes
from needs import ROOT

PROCESSORS = [
    (path, kind)
    for path in sizes.sources()
    for kind in (sizes.ARCHITECTURES if sizes.uses_machine_code(path) else sizes.ARCHITECTURES[:1])
]


def name_of(value):
    return value if isinstance(value, str) else value.relative_to(ROOT).as_posix()


@pytest.mark.parametrize(("path", "architecture"), PROCESSORS, ids=name_of)
def test_compiles(path, architecture):
    assert sizes.compiled(path, architecture)


def test_fits_a_board():
    total = sum(size for name, size in sizes.sizes().items() if name not in sizes.APART)
    assert total <= sizes.BUDGET, (
        f"{total:,} bytes of .mpy are too many beside Wi-Fi on a small board, which has room for "
        f"{sizes.BUDGET:,}: `make sizes` shows where they went"
    )


def test_core_loads_on_micropython(micropython):
    names = [
        path.relative_to(ROOT).with_suffix("").as_posix().replace("/", ".")
        for path in sizes.sources()
        if "mesh/core" in path.as_posix() and path.name != "__init__.py"
    ]
    code = f"import sys; sys.path.insert(0, {str(ROOT)!r})\n" + "\n".join(
        f"import {name}" for name in names
    )
    run = subprocess.run([micropython, "-c", code], capture_output=True, text=True, check=False)
    assert run.returncode == 0, f"a file that a board cannot load: {run.stdout}{run.stderr}"
