"""`mesh flash` of a board once more, while a peer with the same home runs."""

import asyncio
from contextlib import aclosing

import pytest
from flashing import SETTINGS

from mesh.boards.flash import flashing as flash
from mesh.boards.flash.order import Order
from mesh.boards.virtual.virtual_board import Virtual
from mesh.hub.driver import Driver
from mesh.hub.home.home import Home
from mesh.hub.operations import daemon, session

pytestmark = pytest.mark.usefixtures("micropython")

LONG_MS = 200_000  # longer than anybody is waited for


def test_the_same_command_again_while_a_peer_runs_for_long(tmp_path, built, monkeypatch):
    """The board has another port after each start, and the peer that runs knows the former."""
    home = Home(tmp_path / "home")
    with home:
        home.settings_file.write_text("port = 0\n[discovery]\nlayers = []\n")
    choices = session.Choices(home.path, ["127.0.0.1"])
    told = []
    since_start = Driver.now
    monkeypatch.setattr(Driver, "now", lambda driver: since_start(driver) + LONG_MS)

    async def serve(ready):
        async with aclosing(daemon.serve(choices)) as items:
            async for item in items:
                if item["event"] == "up":
                    ready.set()

    async def go(port):
        ready = asyncio.Event()
        running = asyncio.create_task(serve(ready))
        await ready.wait()
        for _ in range(2):
            order = Order(home, port, firmware=built.folder, settings=SETTINGS)
            async with aclosing(flash.flash(order, ["127.0.0.1"])) as events:
                told.append({event["event"]: event async for event in events})
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    with Virtual(tmp_path / "board") as virtual:
        asyncio.run(go(virtual.port))
    first, again = told
    assert first["joined"]["address"] != again["joined"]["address"]
    assert [row["verified"] for row in again["reading"]["rows"]] == [True]
