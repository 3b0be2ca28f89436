"""The guards of all tests themselves: what they must catch fails."""

import os
import shutil
import subprocess
import sys

import pytest
from needs import ROOT

CASES = """
import asyncio, threading, warnings, pytest

def test_leaves_a_thread():
    threading.Thread(target=threading.Event().wait, args=(30,), daemon=True).start()

def test_leaves_a_task():
    async def main():
        main.task = asyncio.create_task(asyncio.sleep(30))
    asyncio.run(main())

def test_ends_its_task():
    async def main():
        task = asyncio.create_task(asyncio.sleep(30))
        await asyncio.sleep(0)
        task.cancel()
    asyncio.run(main())

def test_warns():
    warnings.warn("unannounced")

def test_skips():
    pytest.skip("no reason")

def test_passes():
    pass
"""


def outcomes(folder, ci):
    """Outcome by test of a run of its own with tests/conftest.py."""
    text = (ROOT / "tests/conftest.py").read_text().replace("PATIENCE = 5", "PATIENCE = 0.1")
    (folder / "conftest.py").write_text(text)
    (folder / "test_cases.py").write_text(CASES)
    shutil.copy(ROOT / "pyproject.toml", folder)
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "tests"), "CI": ci}
    command = [sys.executable, "-m", "pytest", "-rA", "--tb=no", "-p", "no:cacheprovider", folder]
    run = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    words = [line.split() for line in run.stdout.splitlines() if "test_cases.py::" in line]
    return {line[1].split("::")[1]: line[0] for line in words if line[0].isupper()}, run.stdout


@pytest.mark.parametrize(("ci", "skipped"), [("true", "FAILED"), ("", None)])
def test_guards(tmp_path, ci, skipped):
    found, output = outcomes(tmp_path, ci)
    assert found.get("test_skips") == skipped, output
    assert found["test_leaves_a_thread"] == "ERROR", output
    assert found["test_leaves_a_task"] == "ERROR", output
    assert found["test_warns"] == "FAILED", output
    assert found["test_ends_its_task"] == "PASSED", output
    assert found["test_passes"] == "PASSED", output


def test_ci_misses_micropython(tmp_path):
    environment = {**os.environ, "CI": "true", "MICROPYTHON": str(tmp_path / "none")}
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider"]
    test = ROOT / "tests/core/test_ids.py"
    run = subprocess.run(
        [*command, test], env=environment, capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert run.returncode, "without MicroPython half of the tests are lost, so CI must fail"
