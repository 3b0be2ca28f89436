"""Benches run seldom: what they name of the package is there, as far as types tell."""

import os
import subprocess
import sys

from needs import ROOT

BENCH = ROOT / "tests" / "bench"
FOLDERS = ("tests/bench", "tests", "tests/core", "tests/device", "tests/hub", "tests/faults")
OF_MICROPYTHON = "tables.py"
WRONG = ("[attr-defined]", "[name-defined]", "[call-arg]")


def test_what_benches_name_is_there():
    names = sorted(path.name for path in BENCH.glob("*.py") if path.name != OF_MICROPYTHON)
    options = ["--config-file=", "--check-untyped-defs", "--ignore-missing-imports"]
    done = subprocess.run(
        [sys.executable, "-m", "mypy", *options, "--follow-imports=silent", *names],
        cwd=BENCH,
        env={**os.environ, "MYPYPATH": os.pathsep.join(str(ROOT / one) for one in FOLDERS)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout, done.stderr
    assert not [line for line in done.stdout.splitlines() if line.endswith(WRONG)], done.stdout
