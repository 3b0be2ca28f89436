"""What `mesh update` does: a desktop's peer offers, a board decides, and whoever waits is told."""

import asyncio

import updating

from mesh.boards.firmware_offer import update
from mesh.core import peer_id
from mesh.core.address import address_text
from mesh.core.errors import MeshError
from mesh.core.policy.settings import parse
from mesh.hub.desktop_peer import HubPeer
from mesh.hub.failure import FAILED
from mesh.hub.home.home import Home
from mesh.hub.operations import table

LIMIT_S = 60
LOOPBACK = ["127.0.0.1"]


async def followed(items):
    """What is told, and the error that ends it or None."""
    told = []
    try:
        async for item in items:
            told.append(item)  # noqa: PERF401 - kept when it fails on the way
    except MeshError as error:
        return told, error
    return told, None


def steps(folder, board, *firmwares, **settings):
    """Offer a board one firmware after the other: what is told of each, and the error or None."""

    async def work(home):
        found = []
        profile = parse({"discovery": {"layers": []}})
        async with HubPeer(home, profile, interfaces=LOOPBACK, port=0, sensed={}) as peer:
            own = peer_id.to_text(peer.identity.public)
            given = {"introduced_by": own, "peers": [{"address": address_text(peer.address)}]}
            given |= settings
            one = updating.flashed(board("one", name="shelf", port=updating.free_port(), **given))
            with one:
                await asyncio.to_thread(one.wait, "joined")
                for firmware in firmwares:
                    args = {"peer": "shelf", "wait": 10.0, "firmware": firmware}
                    found.append(await followed(update(peer, args)))
                found.append(await table.show(peer, {"peer": "shelf", "wait": 10.0}))
                assert peer.offers.answer(peer_id.from_text(found[-1]["id"]), None) == []
        return found

    async def limited():
        async with asyncio.timeout(LIMIT_S):
            with Home(folder) as home:
                return await work(home)

    return asyncio.run(limited())


def test_a_good_one_and_a_broken_one(board, compiled, tmp_path):
    new = updating.make(compiled, tmp_path / "new", "2.0")
    broken = updating.make(compiled, tmp_path / "broken", "2.1", linked2="import nothing\n")
    good, back, shown = steps(
        tmp_path / "home", board, updating.packed(new), updating.packed(broken)
    )
    assert good[1] is None
    assert [item["state"] for item in good[0]][::99] == ["offered"]
    assert good[0][-1]["state"] == "good"
    assert {item["version"] for item in good[0]} == {"2.0"}
    assert back[0][-1]["state"] == "taken back"
    assert back[1].exit_code == FAILED
    assert "took the update back: ImportError" in back[1].detail
    assert shown["about"]["update"]["version"] == "2.1"
    assert "ImportError" in shown["about"]["update"]["why"]
    assert shown["about"]["firmware"] == "2.0"


def test_who_was_not_chosen_is_told_so(board, compiled, tmp_path):
    new = updating.packed(updating.make(compiled, tmp_path / "new", "2.0"))
    names = {"names": {"friend": peer_id.to_text(bytes(range(32)))}, "updates": ["friend"]}
    (told, failure), _ = steps(tmp_path / "home", board, new, **names)
    assert [item["state"] for item in told] == ["offered"]
    assert "chosen peers only" in failure.detail


def test_what_is_no_firmware_is_not_offered(board, tmp_path):
    (told, failure), shown = steps(tmp_path / "home", board, str(tmp_path))
    assert told == []
    assert "is no firmware" in failure.detail
    assert "update" not in shown["about"]
