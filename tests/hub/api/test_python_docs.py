"""The programs of docs/python.md, each as it stands there: beside a board that is a process."""

import asyncio
import contextlib
import os
import re
import signal
import subprocess
import sys
import xml.etree.ElementTree as ET

import pytest
from attic import QUIET, WIFI
from needs import ROOT

import mesh
from mesh.boards.virtual import process
from mesh.boards.virtual.virtual_board import Virtual
from mesh.core import peer_id
from mesh.hub.home.home import Home

PAGE = (ROOT / "docs" / "python.md").read_text()
BLOCK = re.compile(r"^## ([^\n]+)\n+```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PROGRAMS = dict(BLOCK.findall(PAGE))
PATIENCE_S = 90
ASKER = {"port": 0, "discovery": {"layers": [], "interface": "127.0.0.1"}}
LOCAL = 'port = 0\n[discovery]\nlayers = []\ninterface = "127.0.0.1"\n'


class Place:
    """A folder of somebody's, with programs, a board "greenhouse", and a home that knows it."""

    def __init__(self, folder, board, temperature):
        self.folder = folder
        self.board = board
        self.home = folder / "study"
        self._temperature = temperature

    def settings(self, name, joined):
        """Settings of a home in here, without multicast, that knows the board."""
        told = f'{LOCAL}[names]\ngreenhouse = "{joined["id"]}"\n'
        told += f'[[peers]]\nid = "greenhouse"\naddress = "{joined["address"]}"\n'
        (self.folder / name).mkdir(mode=0o700, exist_ok=True)
        (self.folder / name / "settings.toml").write_text(told)

    def warm(self, celsius):
        """Have it so warm at the board's sensor."""
        self._temperature.write_text(f"{celsius * 1000}\n")

    @contextlib.contextmanager
    def runs(self, heading):
        """A program of the page, ended by Ctrl-C if it has not ended."""
        program = self.folder / "program.py"
        program.write_text(PROGRAMS[heading])
        env = os.environ | {"HOME": str(self.folder), "MESH_HOME": str(self.home)}
        env |= {"MPLCONFIGDIR": str(self.folder / "matplotlib")}
        with subprocess.Popen(
            [sys.executable, "-W", "default", program],
            cwd=self.folder,
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as running:
            try:
                yield running
                if running.poll() is None:
                    running.send_signal(signal.SIGINT)
                _, err = running.communicate(timeout=PATIENCE_S)
                for bad in ("Warning", "never", "pending", "Task"):
                    assert bad not in err, err
                assert err == "" or err.rstrip().endswith("KeyboardInterrupt"), err
            finally:
                running.kill()

    def said(self, heading):
        """What a program wrote that ends by itself."""
        with self.runs(heading) as running:
            out, err = running.communicate(timeout=PATIENCE_S)
        assert running.returncode == 0, err
        return out


@pytest.fixture
def place(built, tmp_path):
    """See Place."""
    folder = tmp_path / "greenhouse"
    temperature = folder / "warmth"
    with Home(tmp_path / "study") as home:
        own = peer_id.to_text(home.identity.public)
    folder.mkdir()
    for path in built.rglob("*"):
        if path.is_file() and path.name != "settings.json":
            target = folder / path.relative_to(built)
            target.parent.mkdir(parents=True, exist_ok=True)
            os.link(path, target)
    settings = {
        "name": "greenhouse",
        "wifi": WIFI,
        "introduced_by": own,
        "sensors": {"temperature": {"every_s": 0.2, "path": "/warmth"}},
        "actuators": {"fan": {"kind": "led"}},
    }
    process.configure(folder, QUIET | settings)
    temperature.write_text("20000\n")
    with Virtual(folder) as board:
        here = Place(tmp_path, board, temperature)
        joined = board.log.wait("joined")
        for name in ("study", "fridge", "desk"):
            here.settings(name, joined)
        yield here


async def read_from(home, target, found):
    """What somebody else reads of the peer of a program, once it is there."""
    async with asyncio.timeout(PATIENCE_S), mesh.Peer(home) as running:
        async with running.operation("where", peer="self") as rows:
            address = (await anext(rows))["address"]
        told = ASKER | {"peers": [{"id": running.id, "address": address}]}
        async with mesh.Peer(temporary=True, settings=told) as other:
            async for reading in other.watch(target, wait=PATIENCE_S):
                found.append(reading)
                return


def fanned(board, value):
    """Whether a board has told that its fan was set so."""
    return any(event.get("value") is value for event in board.log.events("actuated"))


def until(holds):
    """Look again and again; pytest's time limit bounds it."""
    while not holds():
        asyncio.run(asyncio.sleep(0.1))


def test_every_program_of_the_page_is_run():
    tested = {name.removeprefix("test_") for name in globals() if name.startswith("test_")}
    words = {heading: re.sub(r"\W+", "_", heading).strip("_").lower() for heading in PROGRAMS}
    assert len(PROGRAMS) >= 6
    assert len(PROGRAMS) == PAGE.count("```python")
    assert set(words.values()) <= tested
    for heading in ("A sensor", "A rule", "A chart"):
        lines = [line for line in PROGRAMS[heading].splitlines() if line.strip()]
        assert len(lines) <= 10, "ten lines are promised"


def test_the_programs_have_the_types_that_they_say(tmp_path):
    for number, text in enumerate(PROGRAMS.values()):
        (tmp_path / f"program{number}.py").write_text(text)
    (tmp_path / "mypy.ini").write_text("[mypy]\n[mypy-matplotlib.*]\nfollow_imports = skip\n")
    command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", "cache", "."]
    env = os.environ | {"MYPYPATH": str(ROOT)}
    done = subprocess.run(
        command,
        cwd=tmp_path,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_a_sensor(place):
    found = []
    with place.runs("A sensor"):
        until((place.folder / "fridge" / "control.sock").exists)
        asyncio.run(read_from(place.folder / "fridge", "fridge/temperature", found))
    assert found[0].unit == "Cel"
    assert 0 < found[0].value < 8
    assert found[0].verified


def test_a_rule(place):
    with place.runs("A rule"):
        until(lambda: fanned(place.board, False))
        place.warm(35)
        until(lambda: fanned(place.board, True))


def test_a_chart(place):
    async def keep():
        async with asyncio.timeout(PATIENCE_S), mesh.Peer(place.home):
            store = mesh.Store(place.home)
            while True:
                with contextlib.suppress(mesh.Error):
                    if len(await asyncio.to_thread(store.history, "greenhouse")) > 4:
                        return
                await asyncio.sleep(0.1)

    asyncio.run(keep())
    assert place.said("A chart") == ""
    drawn = ET.parse(place.folder / "temperature.svg").getroot()
    assert drawn.tag.endswith("svg")
    assert len(drawn.findall(".//{http://www.w3.org/2000/svg}path")) > 5


def test_an_actuator(place):
    with place.runs("An actuator") as running:
        assert running.stdout.readline() == "lamp is on\n"


def test_what_goes_wrong(place):
    assert place.said("What goes wrong") == "the fan runs\n"
    place.board.kill()
    assert place.said("What goes wrong").startswith("it is not there now: greenhouse")


def test_who_is_there_and_what_happens(place):
    with place.runs("Who is there, and what happens") as running:
        assert running.stdout.readline().startswith("greenhouse up ('127.0.0.1:")
        assert running.stdout.readline().startswith("temperature 20 Cel 2")
        while " reading greenhouse " not in running.stdout.readline():
            pass
