"""Catching up over TCP: from one source and several, from where it broke off, and from liars."""

import asyncio
import itertools

from tcp_peers import KIT, held, put, runs_of, serving, someone

from mesh.core.feed.chain import walk
from mesh.hub.store.archive import Archive
from mesh.hub.tcp import tcp_catch_up
from mesh.hub.tcp.newcomer import Newcomer
from mesh.hub.tcp.tcp_catch_up import CatchingUp


def work(archive, wants=lambda _: True):
    return CatchingUp(KIT, someone(), archive, wants)


async def caught_up(tmp_path, sources, *, before=()):
    """What came of catching up with an archive that holds `before`; and what it then holds."""
    with Archive(tmp_path / "newcomer.db") as archive:
        put(archive, before)
        caught = await work(archive).run(sources)
        archive.flush()
        return caught, held(archive)


def test_a_newcomer_has_all(tmp_path):
    runs = runs_of(someone(), 3000) + runs_of(someone(), 50)

    async def main():
        async with serving(tmp_path / "a", runs) as (_, source):
            caught, has = await caught_up(tmp_path, [source])
        assert has == (3050, 3050)
        assert (caught.failed, caught.lacking) == ({}, 0)

    asyncio.run(main())


def test_only_what_is_lacking_is_fetched(tmp_path):
    runs = runs_of(someone(), 2000)
    before = runs[:30] + runs[60:80]

    async def main():
        async with serving(tmp_path / "a", runs) as (_, source):
            caught, has = await caught_up(tmp_path, [source], before=before)
        assert has == (2000, 2000)
        assert caught.entries < 1400  # 1000 are lacking; a run may reach a little beyond

    asyncio.run(main())


def test_several_sources_that_hold_parts(tmp_path, monkeypatch):
    monkeypatch.setattr(tcp_catch_up, "PIECE", 100)
    runs = runs_of(someone(), 2000)

    async def main():
        async with (
            serving(tmp_path / "a", runs[:40] + runs[95:]) as (_, a),
            serving(tmp_path / "b", runs[30:70]) as (_, b),
            serving(tmp_path / "c", runs[60:]) as (_, c),
        ):
            caught, has = await caught_up(tmp_path, [a, b, c])
        assert has == (2000, 2000)
        assert caught.lacking == 0

    asyncio.run(main())


def test_what_nobody_has_is_told(tmp_path):
    runs = runs_of(someone(), 400)

    async def main():
        async with serving(tmp_path / "a", runs[:5] + runs[15:]) as (_, source):
            caught, has = await caught_up(tmp_path, [source])
        assert has == (200, 200)
        assert caught.lacking == 200

    asyncio.run(main())


def lies(peer):
    """Have a peer change a value in whatever runs it gives."""
    found = peer.node.serving.found

    def lie(now_ms, event, opened, body):
        found(now_ms, event, opened, body.replace(b"\x61t", b"\x61u"))

    peer.node.serving.found = lie


def test_a_liar_is_left_out(tmp_path):
    runs = runs_of(someone(), 2000)

    async def main():
        async with (
            serving(tmp_path / "a", runs) as (peer, liar),
            serving(tmp_path / "b", runs) as (_, honest),
        ):
            lies(peer)
            caught, has = await caught_up(tmp_path, [liar, honest])
        assert has == (2000, 2000)
        assert list(caught.failed) == [liar.peer]

    asyncio.run(main())


def test_a_request_over_a_share_waits_once_and_is_answered(tmp_path, monkeypatch):
    """Over TCP nothing is read meanwhile, so that a newcomer need not pause for a whole second."""
    monkeypatch.setattr(tcp_catch_up, "RESTS", 0)  # a refusal is final
    runs = runs_of(someone(), 2000)

    async def main():
        async with serving(tmp_path / "a", runs) as (peer, source):
            turns = itertools.count()
            peer.driver.fair.wait_s = lambda _: 0.01 * (next(turns) % 2 == 0)
            caught, has = await caught_up(tmp_path, [source])
            assert next(turns) >= 4
        assert has == (2000, 2000)
        assert (caught.failed, caught.lacking) == ({}, 0)

    asyncio.run(main())


def test_a_busy_source_is_asked_again(tmp_path, monkeypatch):
    """It has its time for others, and says so by 4.29: that is no reason to leave it."""
    monkeypatch.setattr(tcp_catch_up, "REST_S", 0.01)
    runs = runs_of(someone(), 2000)

    async def main():
        async with serving(tmp_path / "a", runs) as (peer, source):
            turns = itertools.count()
            peer.driver.fair.wait_s = lambda _: 0.01 * (next(turns) % 3 > 0)
            caught, has = await caught_up(tmp_path, [source])
        assert has == (2000, 2000)
        assert (caught.failed, caught.lacking) == ({}, 0)

    asyncio.run(main())


def test_a_source_that_stays_busy_is_left(tmp_path, monkeypatch):
    monkeypatch.setattr(tcp_catch_up, "REST_S", 0.01)
    runs = runs_of(someone(), 200)

    async def main():
        async with serving(tmp_path / "a", runs) as (peer, source):
            peer.driver.fair.wait_s = lambda _: 0.01
            caught, _ = await caught_up(tmp_path, [source])
        assert list(caught.failed) == [source.peer]

    asyncio.run(main())


def breaks(peer):
    """Have a peer hang up after a few answers."""
    found, count = peer.node.serving.found, itertools.count()

    def hang_up(now_ms, event, opened, body):
        if next(count) > 1:
            event.ticket._calls.connection.end()
        found(now_ms, event, opened, body)

    peer.node.serving.found = hang_up


def test_it_goes_on_where_it_broke_off(tmp_path, monkeypatch):
    monkeypatch.setattr(tcp_catch_up, "PIECE", 200)
    monkeypatch.setattr(tcp_catch_up, "LEAST", 4096)
    runs = runs_of(someone(), 2000)

    async def main():
        async with serving(tmp_path / "a", runs) as (peer, source):
            breaks(peer)
            first, has = await caught_up(tmp_path, [source])
        assert list(first.failed) == [source.peer]
        assert 0 < has[0] < 2000
        async with serving(tmp_path / "b", runs) as (_, source):
            second, has = await caught_up(tmp_path, [source])
        assert has == (2000, 2000)
        assert second.entries < 2000

    asyncio.run(main())


def test_who_is_far_behind_catches_up_by_itself(tmp_path):
    author = someone()
    runs = runs_of(author, 3000)

    async def main():
        async with (
            serving(tmp_path / "a", runs) as (_, source),
            serving(tmp_path / "b") as (peer, _),
            asyncio.timeout(30),
        ):
            feeds = peer.node.peer.feeds
            feeds.wants = lambda _: 1
            done = asyncio.Event()
            newcomer = Newcomer(peer, 1000)
            catch_up = newcomer._catch_up

            async def caught_up(sources):
                await catch_up(sources)
                done.set()

            newcomer._catch_up = caught_up
            task = asyncio.create_task(newcomer.run())
            peer.node.candidate(peer.now(), source.peer, source.address, "given")
            peer.driver.settle()
            await done.wait()
            assert feeds.next_seq(author.public) == 3001
            task.cancel()
            feeds.archive.flush()
            assert held(feeds.archive)[0] == 3000
            assert feeds.archive.missing(author.public) == []

    asyncio.run(main())


def test_every_run_that_is_kept_proves_itself(tmp_path):
    runs = runs_of(someone(), 1000)

    async def main():
        async with serving(tmp_path / "a", runs) as (_, source):
            with Archive(tmp_path / "newcomer.db") as archive:
                await work(archive).run([source])
                archive.flush()
                first = 1
                while (run := archive.run(runs[0][0], first, 20_000)) is not None:
                    first = walk(KIT, run, tcp_catch_up.Limits()).seq + 1
                assert first == 1001

    asyncio.run(main())
