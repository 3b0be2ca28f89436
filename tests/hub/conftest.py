"""What the tests of desktop peers share."""

import contextlib
import os
import shutil

import pytest
from attic import QUIET, WIFI
from hubs import HOST

from mesh.core.settings import parse
from mesh.hub import boards, machine_clock
from mesh.hub.home import Home
from mesh.hub.loop import HubPeer
from mesh.hub.virtual import Virtual


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
    return boards.build(tmp_path_factory.mktemp("built"))


@pytest.fixture
def attic(built, tmp_path):
    """A virtual board of that name, on the network."""
    folder = tmp_path / "attic"
    shutil.copytree(built, folder, copy_function=os.link)
    (folder / "settings.json").unlink()
    boards.configure(folder, QUIET | {"name": "attic", "wifi": WIFI})
    with Virtual(folder) as board:
        board.log.wait("joined")
        yield board
