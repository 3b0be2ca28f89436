"""The demo's boards among other meshes of the same machine."""

import asyncio
import json

from mesh.core import peer_id
from mesh.lab.demo.boards import Boards
from mesh.lab.demo.view import Row, View

BIRCH, STRANGER = b"b" * 32, b"s" * 32


def reading(author):
    return json.dumps({"event": "reading", "peer": peer_id.to_text(author), "sensor": "heap"})


def test_readings_of_strangers_are_not_counted(tmp_path):
    async def scenario():
        rows = {"cedar": Row("cedar", "board")}
        boards = Boards(tmp_path, rows, View(rows, as_json=True))
        boards.names[BIRCH] = "birch"
        for author in (BIRCH, STRANGER, STRANGER):
            boards._heard("cedar", reading(author))
        assert boards.followed == {("cedar", "birch"): 1}

    asyncio.run(scenario())
