"""Boards without hardware: compiled once, each test starts its own in folders of their own."""

import json
import shutil
import subprocess

import needs
import pytest
from desk import Desk
from interpreters import SharedModule, Unix
from namespaces import Namespace

from mesh.boards.virtual.process import HEAP, VirtualBoard, build, configure

LOOPBACK = {"console": "json", "port": 0, "discovery": {"layers": [], "interface": "127.0.0.1"}}
SECONDS = 60


def pytest_pycollect_makemodule(module_path, parent):
    """Drivers of chips need no board, so they run on both interpreters."""
    if module_path.name.startswith("test_sensors_"):
        return SharedModule.from_parent(parent, path=module_path, others=[Unix()])
    return None


@pytest.fixture(scope="session")
def compiled(tmp_path_factory):
    """A board's files, to copy."""
    return build(tmp_path_factory.mktemp("board") / "compiled")


@pytest.fixture
def board(compiled, tmp_path, micropython):
    """Make a board on loopback, without discovery: board(folder, wrap=, heap=, **settings)."""
    made = []

    def make(folder="board", /, wrap=(), heap=HEAP, **settings):
        path = tmp_path / folder
        if not path.exists():
            shutil.copytree(compiled, path)
        configure(path, {**LOOPBACK, **settings})
        made.append(VirtualBoard(path, heap=heap, wrap=wrap))
        return made[-1]

    yield make
    for one in made:
        one.kill()


@pytest.fixture
def there(micropython):
    """Run code under MicroPython: there(code) gives what it prints as JSON lines."""

    def run(code, wrap=()):
        code = f"import json, sys\nsys.path.insert(0, {str(needs.ROOT)!r})\n" + code
        done = subprocess.run(
            [*wrap, micropython, "-c", code],
            capture_output=True, text=True, timeout=SECONDS, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    return run


@pytest.fixture
def desk():
    """A desktop's peer that a test drives by hand."""
    with Desk() as one:
        yield one


@pytest.fixture
def namespace():
    """A network of its own, with nothing in it but loopback."""
    with Namespace() as one:
        yield one
