"""A full disk, a folder that is none, a file that may not be read: each error names the file."""

import errno
import os
import resource
import subprocess

import pytest
from commands import LOOPBACK, MESH, make_home
from needs import ROOT

from mesh.cli import system_errors
from mesh.core.errors import LocalError
from mesh.hub.failure import OK, SETUP
from mesh.hub.home import files

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
    assert not list(home.path.glob(".*")), "half of a file was left behind"


def test_what_may_not_be_written_is_told_by_its_own_name_and_not_by_that_of_a_draft(tmp_path):
    wanted, draft = tmp_path / "x.svg", tmp_path / ".x.svg.0123.part"
    with pytest.raises(OSError, match="denied") as denied, files.named(wanted):
        raise PermissionError(errno.EACCES, "denied", str(draft))
    what, help = system_errors.told(denied.value)
    assert what == f"{wanted}: denied"
    assert help.endswith(f"ls -ld {wanted}")


def test_a_lock_that_cannot_be_made_is_told_with_what_to_do(tmp_path):
    with pytest.raises(LocalError, match="cannot open") as caught:
        files.Lock(tmp_path / "none" / "lock").acquire()
    assert "--home FOLDER" in caught.value.help


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
