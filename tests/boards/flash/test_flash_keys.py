"""The next key of a board, made when it is flashed, and another board that takes its place."""

import asyncio
import contextlib
import json
import os
import shutil
from contextlib import aclosing

import pytest
from flashing import SETTINGS, Desk

from mesh.boards.cable import board_feed, board_keys
from mesh.boards.flash import flashing as flash
from mesh.boards.flash.order import Order
from mesh.boards.virtual.virtual_board import Virtual
from mesh.cli.views.flash_view import flash as shown
from mesh.core import peer_id as ids
from mesh.core.relations import key
from mesh.hub.failure import Failure
from mesh.hub.home import next_key
from mesh.hub.home.home import Home
from mesh.hub.operations import daemon, session
from mesh.hub.operations.shelf import open_shelf
from mesh.hub.store import schema
from mesh.hub.store.keyed import keyed
from mesh.hub.store.queries import Queries

pytestmark = pytest.mark.usefixtures("micropython")


def tail_of(folder, peer):
    files = {name: (folder / name).read_bytes() for name in board_feed.NAMES}
    return board_feed.newest(ids.from_text(peer), files)


def test_a_new_board_commits_in_its_first_entry_and_once(tmp_path, built):
    desk = Desk(tmp_path / "home", built.folder)
    with Virtual(tmp_path / "board") as virtual:
        told = desk.flash(virtual.port)
        peer, file = told["identity"]["id"], told["next_key"]["file"]
        assert told["next_key"]["seq"] == 1
        assert file == str(board_keys.place(desk.home, peer))
        assert os.stat(file).st_mode & 0o077 == 0
        assert file in shown(told["next_key"]).plain
        seq, _, kind, body = tail_of(tmp_path / "board", peer).said[0]
        public = next_key.needed(board_keys.place(desk.home, peer))
        assert (seq, kind, body) == (1, key.NAME, key.make(next_key.commitment(public)))
        secret = next_key.load(board_keys.place(desk.home, peer)).private_bytes_raw()
        assert not [
            path for path in (tmp_path / "board").rglob("*")
            if path.is_file() and secret in path.read_bytes()
        ], "it is not on the board"  # fmt: skip
        again = desk.flash(virtual.port)
        assert again["next_key"]["seq"] is None
        assert again["identity"]["id"] == peer

        # at another computer nothing is made, as a second commitment would contradict the first
        other = Desk(tmp_path / "other", built.folder)
        assert "contradict" in other.flash(virtual.port)["warning"]["detail"]
        assert not (other.home.path / board_keys.FOLDER).exists()
        assert "next_key" not in other.flash(virtual.port, without_next=True)


class Scene:
    """A home whose peer runs, and boards that are flashed from there."""

    def __init__(self, folder, firmware):
        self.folder, self.firmware = folder, firmware
        self.home = Home(folder / "home")
        with self.home:
            self.home.settings_file.write_text("port = 0\n[discovery]\nlayers = []\n")
        self.choices = session.Choices(self.home.path, ["127.0.0.1"])

    @contextlib.asynccontextmanager
    async def running(self):
        ready = asyncio.Event()

        async def serve():
            async with aclosing(daemon.serve(self.choices)) as items:
                async for item in items:
                    if item["event"] == "up":
                        ready.set()

        running = asyncio.create_task(serve())
        await ready.wait()
        yield
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    async def flashed(self, port, **order):
        given = {"settings": SETTINGS, "firmware": self.firmware} | order
        async with aclosing(flash.flash(Order(self.home, port, **given), ["127.0.0.1"])) as events:
            return {event["event"]: event async for event in events}

    async def until_held(self, found, what):
        """Wait until the store has it."""
        for _ in range(300):
            with Queries(self.home.path / schema.NAME) as store:
                if found(keyed(store).successions):
                    return
            await asyncio.sleep(0.1)
        raise AssertionError(what)

    async def first(self):
        """A board that commits to its next key, and is lost."""
        with Virtual(self.folder / "old") as virtual:
            told = await self.flashed(virtual.port)
            old = ids.from_text(told["done"]["id"])
            await self.until_held(lambda found: found.commitment(old), "its commitment")
        shutil.rmtree(self.folder / "old")
        return told

    async def second(self, old):
        """Another one that takes its place, without a name of its own."""
        nameless = {name: value for name, value in SETTINGS.items() if name != "name"}
        place = board_keys.taken(self.home, "hut")
        assert place.board == ids.to_text(old)
        with Virtual(self.folder / "new") as virtual:
            told = await self.flashed(virtual.port, settings=nameless, replaces=place)
            new = ids.from_text(told["done"]["id"])
            await self.until_held(lambda found: found.successor(old) == new, "its claim")
            wanted = {"peer": "hut", "sensor": "heap"}
            rows = [row async for row in session.ask(self.choices, "read", wanted)]
            assert rows[0][0]["id"] == told["done"]["id"]
        return told


def test_a_board_takes_the_place_of_a_lost_one(tmp_path, built):
    """By its next key, with the name; whoever kept the feed of the one sees both as one."""
    scene = Scene(tmp_path, built.folder)
    home = scene.home

    async def go():
        async with scene.running():
            first = await scene.first()
            return first, await scene.second(ids.from_text(first["done"]["id"]))

    first, second = asyncio.run(go())
    assert second["done"]["name"] == "hut"
    assert second["replaces"]["former"] == first["done"]["id"]
    assert "takes the place of hut" in shown(second["replaces"]).plain
    assert home.profile().names["hut"] == ids.from_text(second["done"]["id"])
    assert json.loads((tmp_path / "new" / "settings.json").read_text())["name"] == "hut"
    shelf = open_shelf(home.path)
    with shelf.store:
        assert [ids.to_text(one) for one in shelf.whose(["hut"])[0]] == [
            told["done"]["id"] for told in (first, second)
        ]
        (heap,) = shelf.sensors("hut/heap")
        assert len([heap, *shelf.before(heap)]) == 2, "history of both"
    assert not board_keys.place(home, first["done"]["id"]).exists(), "the board has it now"
    assert board_keys.place(home, second["done"]["id"]).exists()
    with pytest.raises(Failure):
        board_keys.taken(home, "nobody")


def test_a_board_that_is_a_peer_takes_nobodys_place(tmp_path, built):
    desk = Desk(tmp_path / "home", built.folder)
    desk.home.open()
    desk.home.close()
    public = next_key.make(tmp_path / "next.pem")
    place = board_keys.Place(
        ids.to_text(bytes([7]) * 32),
        "hut",
        9,
        bytes(32),
        tmp_path / "next.pem",
        ids.to_text(public),
    )
    with Virtual(tmp_path / "board") as virtual:
        first = desk.flash(virtual.port)
        assert "take the place of hut" in desk.refused(virtual.port, replaces=place).detail
        told = desk.flash(virtual.port, replaces=place, new_identity=True)
        assert told["identity"]["id"] == ids.to_text(public) != first["identity"]["id"]
        (said, *_) = tail_of(tmp_path / "board", ids.to_text(public)).said
        assert (said[0], said[2]) == (1, key.NAME)
        assert key.check(said[3]).old == (bytes([7]) * 32, 9, bytes(32))
        assert desk.flash(virtual.port)["identity"]["id"] == ids.to_text(public)


def test_a_journal_that_the_board_would_refuse_is_left_alone():
    author = bytes([5]) * 32
    files = board_feed.begun(author, key.NAME, key.make(bytes(32)))
    tail = board_feed.newest(author, files)
    assert [row[0] for row in tail.said] == [1]
    data, seq = board_feed.more(tail, "x-note", "hello")
    assert seq == 2
    cut = board_feed.newest(author, files | {tail.name: data[:-3]})
    assert (cut.data, cut.next_seq) == (tail.data, 2), "what power cut off was never announced"
    for wrong in (
        {"feed.a": None}, {"feed.b": b""}, {"feed.a": files["feed.b"]},
        {"feed.b": data[:60] + b"x" + data[61:]}, {"feed.b": data[:-1] + b"x"},
    ):  # fmt: skip
        assert board_feed.newest(author, files | wrong) is None, wrong
    assert board_feed.newest(bytes(32), files) is None
