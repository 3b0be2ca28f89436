"""A full disk, a folder that is none, a file that may not be read: each error names the file."""

import os
import resource
import subprocess

import pytest
from commands import LOOPBACK, MESH, make_home
from needs import ROOT

from mesh.hub.cli import system_errors
from mesh.hub.failure import OK, SETUP

GREENHOUSE = ROOT / "hardware" / "examples" / "greenhouse.json"


def run(*arguments, most=None):
    """`mesh` in a process that may write files of `most` bytes, as if the disk was full."""

    def limit():
        if most is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))

    return subprocess.run(
        [*MESH, *map(str, arguments)],
        capture_output=True, text=True, check=False, timeout=100, preexec_fn=limit,
        stdin=subprocess.DEVNULL, env={**os.environ, "COLUMNS": "200"},
    )  # fmt: skip


@pytest.fixture
def home(tmp_path):
    return make_home(tmp_path / "home")


def names_it(result, path):
    assert result.returncode == SETUP, (result.stdout, result.stderr)
    assert "Traceback" not in result.stderr
    assert "Errno" not in result.stderr
    assert str(path) in result.stderr.splitlines()[0]
    assert len(result.stderr.splitlines()) > 1, "it does not say what to do"


@pytest.mark.parametrize(("most", "file"), [(0, "lock"), (20, "state.json"), (400, "store.db")])
def test_a_full_disk_is_told_with_the_file_of_the_home(home, most, file):
    where = ("--home", home.path, "-i", LOOPBACK)
    names_it(run("up", *where, "--port", "0", most=most), home.path / file)
    names_it(run("peers", *where, "-t", "0.1", most=most), home.path / file)
    assert run("peers", *where, "-t", "0.1").returncode == OK, "nothing was lost"


def test_a_name_that_cannot_be_written_is_no_wrong_usage(home):
    names_it(run("name", "self", "x", "--home", home.path, most=0), home.settings_file)


@pytest.mark.parametrize(
    "command",
    [
        ("simulate", "--seed", "1", "--log"),
        ("firmware", "build", "--board", "unix", "--out"),
        ("hardware", "wiring", GREENHOUSE, "--board", "pico_w", "-o"),
    ],
    ids=lambda command: command[0],
)
def test_a_full_disk_is_told_with_what_is_made(tmp_path, command):
    made = tmp_path / "made"
    names_it(run(*command, made, most=20), made)


@pytest.mark.parametrize(
    ("command", "path"),
    [
        (("up", "--home"), "/dev/null"),
        (("up", "--home"), "/proc/nowhere"),
        (("board", "virtual"), "/proc/nowhere"),
        (("firmware", "build", "--board", "unix", "--out"), "/proc/nowhere"),
        (("simulate", "--seed", "1", "--log"), "/proc/nowhere/log"),
    ],
    ids=lambda part: part if isinstance(part, str) else part[0],
)
def test_a_place_that_cannot_be_is_named(command, path):
    names_it(run(*command, path), path)


def test_what_the_system_says_is_put_in_words():
    assert system_errors.told(PermissionError(13, "Permission denied", "/x")) == (
        "/x: Permission denied",
        "this user may not do that; whose is it: ls -ld /x",
    )
    detail, help = system_errors.told(OSError(28, "No space left on device"))
    assert detail == "No space left on device"
    assert "make room" in help
    assert system_errors.told(OSError(18, "Cross-device link", "/a", None, "/b"))[0] == (
        "/a and /b: Cross-device link"
    )
    assert system_errors.told(OSError("odd"))[0] == "odd"
