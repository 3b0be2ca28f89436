"""What `mesh settings` does: it shows, offers, and tells what the boards made of it."""

import asyncio
import json
import os
import sys

import updating

from mesh.core import peer_id as ids
from mesh.hub.failure import FAILED, OK, USAGE

LIMIT_S = 60
LOOPBACK = "127.0.0.1"
STRANGER = ids.to_text(bytes(range(32)))


async def mesh(home, *words):
    """`mesh settings` in a process of its own: exit code, stdout, stderr."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "mesh.cli", "settings", *words),
        *("--home", str(home.path), "-i", LOOPBACK, "-t", "30"),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "COLUMNS": "200", "LC_ALL": "C.UTF-8"},
    )
    async with asyncio.timeout(LIMIT_S):
        out, err = await process.communicate()
    return process.returncode, out.decode(), err.decode()


def said(tmp_path, board, *commands, **settings):
    """What commands say that are about the board `shelf`, and its settings after each."""
    found = []
    given = {"sensors": {"heap": {"every_s": 60}}} | settings
    with updating.introduced(tmp_path / "home", board, "shelf", **given) as (home, boards):
        one = boards["shelf"]
        for words in commands:
            answer = asyncio.run(mesh(home, *words))
            found.append((*answer, json.loads((one.folder / "settings.json").read_text())))
    return found


def test_shown_and_changed_over_a_pattern(tmp_path, board):
    wifi = [{"ssid": "house", "password": "correct horse"}]
    shown, asked, done, wrong, cable = said(
        *(tmp_path, board),
        ("shelf", "--json"),
        ("she*", "sensors.heap.every_s=30"),
        ("she*", "sensors.heap.every_s=30", "--yes", "--json"),
        ("shelf", "sensors.heap.every_s=-5", "--yes"),
        ("shelf", "wifi=[]", "--yes"),
        wifi=wifi,
    )
    assert shown[0] == OK, shown
    rows = json.loads(shown[1])
    assert rows[0]["settings"] == {k: v for k, v in shown[3].items() if k != "wifi"}
    assert "correct horse" not in "".join((*shown[1:3], *done[1:3]))
    assert asked[0] == USAGE, "nobody is there to confirm it"
    assert asked[3] == shown[3]
    assert done[0] == OK, done
    assert json.loads(done[1])[0]["state"] == "good"
    assert done[3] == shown[3] | {"sensors": {"heap": {"every_s": 30}}}
    assert wrong[0] == FAILED, wrong
    assert "out of range" in wrong[1] + wrong[2]
    assert "not changed over the mesh" in cable[1] + cable[2], cable
    assert wrong[3] == cable[3] == done[3]


def test_who_gives_them_from_another_address_is_asked_there(tmp_path, board):
    given = {"sensors": {"heap": {"every_s": 60}}}
    with updating.introduced(tmp_path / "home", board, "shelf", **given) as (home, _):
        usual = home.settings_file.read_text()
        for words in (["shelf"], ["shelf", "sensors.heap.every_s=30", "--yes"]):
            home.settings_file.write_text(f"port = {updating.free_port()}\n{usual}")
            code, out, err = asyncio.run(mesh(home, *words))
            assert code == OK, (out, err)


def test_who_was_not_chosen_is_told_why(tmp_path, board):
    (refused,) = said(tmp_path, board, ("shelf", "name=hall", "--yes"), settings_from=[STRANGER])
    assert refused[0] == FAILED, refused
    assert "changed by chosen peers only" in refused[1] + refused[2]
    assert "settings_from" in refused[1] + refused[2]
