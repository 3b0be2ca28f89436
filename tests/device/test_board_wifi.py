"""`mesh board wifi`: a virtual board without its Wi-Fi, its access point, and the real command."""

import json
import os
import shutil
import socket
import subprocess
import sys

import pytest

from mesh.boards.virtual import air
from mesh.boards.virtual.process import VirtualBoard, configure

# a board tries a network for 15 s, and commands run one after the other
pytestmark = pytest.mark.timeout(400)
CODE = "k7mp-3xqd-w9hn-r4tz"
INSIDE, OUTSIDE = "127.0.0.2", "127.0.0.3"  # its address in its access point, and in the house
HOUSE = {"house": {"password": "correct horse", "address": OUTSIDE}}
SECONDS = 170


def free_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.bind((INSIDE, 0))
        return one.getsockname()[1]


class Moved:
    """A board whose Wi-Fi is gone, and somebody with the code at a desktop."""

    def __init__(self, folder, home, settings):
        self.folder, self.home = folder, home
        self.port = free_port()
        given = {"console": "json", "port": self.port, "discovery": {"layers": []}}
        given |= {"sensors": {"uptime": {"every_s": 1}}, "setup": {"code": CODE, "after_s": 0}}
        configure(folder, given | settings)
        air.give(folder, {"networks": HOUSE})
        self.board = VirtualBoard(folder).start()

    def settings(self):
        return json.loads((self.folder / "settings.json").read_text())

    def command(self, *words, code=CODE, key="correct horse", timeout=90):
        """The exit code of the command, what it printed as JSON, and what it said of errors."""
        command = [sys.executable, "-m", "mesh", "board", "wifi", "--json", *words]
        command += ["--home", str(self.home), "-i", "127.0.0.1", "--timeout", str(timeout)]
        env = os.environ | {"MESH_SETUP_CODE": code, "MESH_WIFI_PASSWORD": key}
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=SECONDS, check=False, env=env,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        return done.returncode, lines, done.stderr

    def at(self, host=INSIDE):
        return "--at", f"{host}:{self.port}"


@pytest.fixture
def moved(compiled, tmp_path, micropython):
    """Make a board that was moved: moved(**settings)."""
    made = []

    def make(**settings):
        folder = tmp_path / "board"
        shutil.copytree(compiled, folder)
        made.append(Moved(folder, tmp_path / "home", settings))
        return made[-1]

    yield make
    for one in made:
        one.board.kill()


def test_the_whole_way(moved):
    """From a board without a network to one that is in the house, and its door gone."""
    one = moved()
    opened = one.board.wait("setup")
    assert opened["address"] == INSIDE
    joined = one.board.wait("joined")
    assert opened["ssid"] == "mesh-" + joined["id"][:8]
    code, rows, said = one.command("--ssid", "house", *one.at())
    assert code == 0, (rows, said)
    assert [row["state"] for row in rows] == ["found", "trying", "joined"]
    assert rows[2]["address"] == OUTSIDE
    assert rows[2]["id"] == joined["id"]
    one.board.wait("setup", reason="closed: a network was joined")
    assert one.board.wait("rejoined")["address"] == OUTSIDE
    settings = one.settings()
    assert settings["wifi"] == [{"ssid": "house", "password": "correct horse"}]
    assert settings["setup"] == {"code": CODE, "after_s": 0}
    assert settings["sensors"] == {"uptime": {"every_s": 1}}
    # the door is gone, and nothing of what is told has a secret in it
    code, rows, said = one.command("--ssid", "house", *one.at(OUTSIDE))
    assert (code, rows) == (1, [])
    assert "takes no network now" in said
    shown = subprocess.run(
        [sys.executable, "-m", "mesh", "show", joined["id"], "--json", "-i", "127.0.0.1"],
        capture_output=True, text=True, timeout=SECONDS, check=False,
        env=os.environ | {"MESH_HOME": str(one.home)},
    )  # fmt: skip
    assert json.loads(shown.stdout)["id"] == joined["id"]
    for secret in (CODE, "correct horse"):
        for told in (one.board.console, said, shown.stdout, shown.stderr):
            assert secret not in told
        assert not [
            path
            for path in one.home.rglob("*")
            if path.is_file() and secret.encode() in path.read_bytes()
        ]


def test_it_starts_anew_with_what_it_was_given(moved):
    one = moved()
    one.board.wait("joined")
    assert one.command("--ssid", "house", *one.at())[0] == 0
    one.board.wait("rejoined")
    one.board.kill()
    one.board.start()
    assert one.board.wait("joined", address=f"{OUTSIDE}:{one.port}")
    assert len(one.board.events("setup")) == 3  # those before it was switched off


def test_a_peer_that_runs_here_does_it_too(moved):
    one = moved()
    one.board.wait("joined")
    one.home.mkdir()
    (one.home / "settings.toml").write_text("port = 0\n[discovery]\nlayers = []\n")
    words = ["up", "--json", "--home", str(one.home), "-i", "127.0.0.1"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    with subprocess.Popen([sys.executable, "-m", "mesh", *words], **pipes, text=True) as up:
        try:
            assert json.loads(up.stdout.readline())["event"] == "up"
            code, rows, said = one.command("--ssid", "house", *one.at())
        finally:
            up.terminate()
        told = up.stdout.read()
    assert code == 0, (rows, said)
    assert rows[-1]["address"] == OUTSIDE
    assert one.settings()["wifi"] == [{"ssid": "house", "password": "correct horse"}]
    for secret in (CODE, "correct horse"):
        assert secret not in told


def test_a_wrong_code_and_a_wrong_password(moved):
    one = moved(wifi=[{"ssid": "former", "password": "long gone"}])
    one.board.wait("joined", 60.0)
    before = (one.folder / "settings.json").read_bytes()
    code, rows, said = one.command("--ssid", "house", *one.at(), code="k7mp-3xqd-w9hn-r4tt")
    assert code == 1
    assert "4.03" in said
    assert "the code is wrong" in said
    assert [row["state"] for row in rows] == ["found"]
    code, rows, said = one.command("--ssid", "house", *one.at(), key="wrong horse")
    assert code == 1
    assert "could not join house: the password is wrong" in said
    assert "its former networks stay" in said
    assert (one.folder / "settings.json").read_bytes() == before
    assert not (one.folder / "settings.json.new").exists()
    # the next one hears of that, may write the code as people do, and find it where it was
    code, rows, said = one.command(
        "--ssid", "house", "--at", "127.0.0.9", code=" K7MP3XQDW9HNR4TZ "
    )
    assert code == 0, said
    assert rows[0]["former"] == {"ssid": "house", "why": "the password is wrong"}
    assert [net["ssid"] for net in one.settings()["wifi"]] == ["house", "former"]
    for secret in (CODE, "wrong horse", "correct horse", "long gone"):
        assert secret not in one.board.console


def test_nobody_there(tmp_path, moved):
    one = moved()
    one.board.wait("joined")
    one.board.kill()
    code, rows, said = one.command("--ssid", "house", *one.at())
    assert (code, rows) == (3, [])
    assert "join the access point mesh-..." in said


def test_what_is_typed_wrong_asks_nobody(moved):
    one = moved()
    for words, password, what in (
        ((), "correct horse", "which network"),
        (("--ssid", "x" * 33), "correct horse", "1 to 32 bytes"),
        (("--ssid", "house"), "short", "8 to 63 bytes"),
        (("--ssid", "house", "--at", "somewhere"), "correct horse", "an IP address"),
    ):
        code, rows, said = one.command(*words, key=password)
        assert (code, rows) == (2, []), said
        assert what in said
