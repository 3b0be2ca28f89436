"""The firmware as built runs: read and observed by a desktop, another board and a stranger."""

import json
import shutil
import subprocess
import sys

import pytest
from namespaces import Namespace
from romboard import rom_board

from mesh.boards.firmware.build import FILES
from mesh.boards.virtual.process import VirtualBoard, configure

PATIENCE_S = 60
MESH = (sys.executable, "-m", "mesh.cli")
BOARD = {"port": 0, "console": "json", "discovery": {"interface": "127.0.0.1"}}
SENSORS = {"load": {"every_s": 1}, "heap": {"every_s": 1}}


@pytest.fixture
def network():
    with Namespace() as one:
        yield one


class Desktop:
    """`mesh up`, and other commands that go through it."""

    def __init__(self, home, wrap):
        home.mkdir()
        (home / "settings.toml").write_text('name = "hall"\nfollow = "*"\n')
        self._command = [*wrap, *MESH]
        self._home = ["--home", str(home), "--json"]
        here = ["--interface", "127.0.0.1", "--port", "0"]
        self.process = subprocess.Popen(
            [*self._command, "up", *here, *self._home],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.id = self.wait("up")["id"]

    def wait(self, event, **fields):
        """The next such event; the test's own time limit ends it."""
        for line in self.process.stdout:
            told = json.loads(line)
            if told["event"] == event and fields.items() <= told.items():
                return told
        raise AssertionError(f"no {event} {fields}: {self.process.stderr.read()}")

    def mesh(self, *words):
        """The output of a command."""
        return run(*self._command, *words, *self._home)


@pytest.fixture
def desktop(tmp_path, network):
    one = Desktop(tmp_path / "home", network.wrap)
    try:
        yield one
    finally:
        one.process.terminate()
        one.process.communicate(timeout=PATIENCE_S)


@pytest.fixture
def cellar(built, tmp_path, network, desktop, micropython):
    """From the ROM image."""
    settings = {"name": "cellar", "sensors": SENSORS, "actuators": {"led": {}}, **BOARD}
    settings["introduced_by"] = desktop.id  # so it may set the led
    one = rom_board(built, tmp_path / "cellar", network.wrap, **settings)
    with one:
        yield one


@pytest.fixture
def attic(built, tmp_path, network, micropython):
    """From the same firmware's files, copied."""
    folder = tmp_path / "attic"
    shutil.copytree(built.folder / FILES, folder)
    configure(folder, {"name": "attic", "follow": "*", **BOARD})
    with VirtualBoard(folder, wrap=network.wrap) as one:
        yield one


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    assert done.returncode == 0, (command, done.stdout, done.stderr)
    return done.stdout


def watch_as_stranger(command, cellar):
    """Let coap-client observe until it was told three readings."""
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        told = b""
        while told.count(b'"v":') < 3:
            more = process.stdout.read1()
            assert more, cellar.console[-1500:]
            told += more
        process.terminate()


def test_the_image_as_built_joins_and_is_read_and_observed(
    cellar, attic, desktop, network, built, coap_client
):
    joined = cellar.wait("joined")
    desktop.wait("found", peer=joined["id"])
    cellar.wait("found", peer=attic.wait("joined")["id"])
    attic.wait("found", peer=joined["id"])
    assert desktop.wait("reading", peer=joined["id"])["label"] == "cellar"

    shown = json.loads(desktop.mesh("show", "cellar"))
    assert shown["about"]["firmware"] == built.version
    assert shown["verified"] > 0
    assert shown["refused"] == 0
    values = json.loads(desktop.mesh("read", "cellar"))
    assert {one["sensor"] for one in values if one["verified"]} == {"load", "heap"}
    assert json.loads(desktop.mesh("set", "cellar/led", "true"))["value"] is True
    watched = desktop.mesh("watch", "cellar/load", "--count", "3").splitlines()
    assert [json.loads(line)["verified"] for line in watched] == [True] * 3

    stranger = [*network.wrap, coap_client, "-m", "get"]
    uri = f"coap://{joined['address']}/sensors/load"
    assert json.loads(run(*stranger, uri))[0]["n"] == "load"
    watch_as_stranger([*stranger, "-s", str(PATIENCE_S), uri], cellar)

    assert cellar.is_running, cellar.console
    assert not list(cellar.folder.rglob("*.mpy")), "it had more than the image to run from"
