"""What the tests of desktop peers share."""

import contextlib
import os
import shutil

import pytest
from attic import QUIET, WIFI
from hubs import HOST

from mesh.boards.virtual import process
from mesh.boards.virtual.virtual_board import Virtual
from mesh.hub import machine_clock
from mesh.hub.desktop_peer import HubPeer
from mesh.hub.home.home import Home
from mesh.hub.home.settings_words import parse


@pytest.fixture(autouse=True)
def synchronised(monkeypatch):
    """Tests do not depend on what keeps the clock of the machine right that runs them."""
    monkeypatch.setattr(machine_clock, "is_synchronised", lambda: True)


@pytest.fixture
def start(tmp_path):
    """start(name, sensed, limits, **settings): a context manager with a started peer."""

    @contextlib.asynccontextmanager
    async def started(name, sensed=None, limits=None, **settings):
        settings.setdefault("discovery", {"layers": []})
        profile = parse({"name": name, "port": 0, **settings}, "desktop")
        with Home(tmp_path / name) as home:
            async with HubPeer(home, profile, limits, [HOST], sensed=sensed or {}) as peer:
                yield peer

    return started


@pytest.fixture(scope="session")
def built(tmp_path_factory):
    """A folder with all that goes on a board."""
    return process.build(tmp_path_factory.mktemp("built"))


@pytest.fixture
def attic(built, tmp_path):
    """A virtual board of that name, on the network."""
    folder = tmp_path / "attic"
    shutil.copytree(built, folder, copy_function=os.link)
    (folder / "settings.json").unlink()
    process.configure(folder, QUIET | {"name": "attic", "wifi": WIFI})
    with Virtual(folder) as board:
        board.log.wait("joined")
        yield board
