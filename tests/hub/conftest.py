"""What the tests of desktop peers share."""

import contextlib

import pytest
from hubs import HOST

from mesh.core.settings import parse
from mesh.hub.home import Home
from mesh.hub.loop import HubPeer


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
