"""Rules about what goes on a board: it compiles, it is small, it loads."""

import subprocess

import pytest
import sizes
from needs import ROOT

from mesh.boards.firmware.lean import sources
from mesh.boards.firmware.link import linked

CASES = [
    (source, text, processor)
    for source, text in linked().texts.items()
    for processor in (
        sizes.ARCHITECTURES if sizes.uses_machine_code(text) else sizes.ARCHITECTURES[:1]
    )
]


@pytest.mark.parametrize(
    ("source", "text", "processor"), CASES, ids=[f"{case[0]}-{case[2]}" for case in CASES]
)
def test_compiles(source, text, processor):
    assert sizes.compiled(source, text, processor)


def test_fits_a_board():
    total = sizes.totals(sizes.sizes())[sizes.ALWAYS]
    assert total <= sizes.MOST, (
        f"{total:,} bytes on every board are more than ever ({sizes.MOST:,}), and the aim is "
        f"{sizes.BUDGET:,}: `make sizes` shows where they went"
    )


def test_core_loads_on_micropython(micropython):
    names = [
        ".".join(source.with_suffix("").parts)
        for source in sources()
        if source.parts[:2] == ("mesh", "core") and source.name != "__init__.py"
    ]
    imports = "\n".join(f"import {name}" for name in names)
    code = f"import sys; sys.path.insert(0, {str(ROOT)!r})\n{imports}"
    run = subprocess.run([micropython, "-c", code], capture_output=True, text=True, check=False)
    assert run.returncode == 0, f"a file that a board cannot load: {run.stdout}{run.stderr}"
