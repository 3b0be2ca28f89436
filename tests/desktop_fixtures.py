"""What the tests of desktop peers share."""

import contextlib
import os
import shutil

import pytest
from attic import QUIET, WIFI
from commands import make_home
from hubs import HOST

from mesh.boards.virtual import process
from mesh.boards.virtual.virtual_board import Virtual
from mesh.core import peer_id as ids
from mesh.core.replication import rollback
from mesh.hub import machine_clock
from mesh.hub.desktop_peer import HubPeer
from mesh.hub.home import naming
from mesh.hub.home.home import Home
from mesh.hub.home.naming import Known
from mesh.hub.home.settings_words import parse


@pytest.fixture(autouse=True)
def synchronised(monkeypatch):
    """Tests do not depend on what keeps the clock of the machine right that runs them."""
    monkeypatch.setattr(machine_clock, "is_synchronised", lambda: True)


@pytest.fixture
def no_wait(monkeypatch):
    """A short-lived peer waits for no answers of known peers, as there are none."""
    monkeypatch.setattr(rollback, "WAIT_MS", 0)


@pytest.fixture
def home_of_two(tmp_path):
    """A home that knows two peers by name: home_of_two({name: identity})."""

    def made(peers):
        home = make_home(tmp_path / "home")
        known = [Known(ids.to_text(who.public), name) for name, who in peers.items()]
        naming.remember(home.path / naming.CACHE, known)
        return home

    return made


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
