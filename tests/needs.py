"""What tests need from the machine: found here, or a clear word about what is missing."""

import importlib
import os
import shutil
import sys
from pathlib import Path
from types import ModuleType
from typing import NoReturn

import pytest

ROOT = Path(__file__).parent.parent
# MicroPython with words of 32 bits, which tools/setup.py installs from npm
WASM = (
    ROOT
    / ".venv/node/node_modules"
    / "@micropython/micropython-webassembly-pyscript/micropython.mjs"
)
MPY_TOOL = ROOT / ".venv/mpy-tool"  # MicroPython's mpy-tool, as a package
CI = os.environ.get("CI", "") not in ("", "0", "false")


def program(*names: str) -> str | None:
    """The path of the first of these programs, looked for beside this Python first; or None."""
    own = str(Path(sys.executable).parent)
    path = os.pathsep.join([own, os.environ.get("PATH", ""), "/usr/sbin", "/sbin"])
    return next(filter(None, (shutil.which(name, path=path) for name in names)), None)


def module(name: str) -> ModuleType:
    """A module of an optional package; skip, and in CI fail, without it."""
    try:
        return importlib.import_module(name)
    except ImportError:
        missing(f"no module `{name}`")


def micropython() -> str | None:
    """The MicroPython interpreter of the tests: $MICROPYTHON, or the installed one; or None."""
    return os.environ.get("MICROPYTHON") or program("micropython")


def missing(what: str) -> NoReturn:
    """Skip a test because something is missing; in CI, where nothing may be lost, fail it."""
    if CI:
        pytest.fail(f"{what} (CI skips nothing)", pytrace=False)
    pytest.skip(what)
