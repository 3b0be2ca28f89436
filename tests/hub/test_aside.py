"""Large questions: what the store has for them is read in another thread, whatever asks for it."""

import asyncio
import threading

import pytest
from hubs import run, until
from tcp_peers import KIT, put, runs_of, serving, someone

from mesh.core import codes
from mesh.core.coap import message as coap
from mesh.core.errors import RemoteError, Stale
from mesh.core.feed.chain import read_run
from mesh.core.peer_id import to_text
from mesh.core.security.seal import seal_request
from mesh.core.security.signed_client import request_for
from mesh.hub import large_reads
from mesh.hub.desktop_peer import HubPeer
from mesh.hub.home.home import Home
from mesh.hub.store import pieces, reader
from mesh.hub.store.archive import Archive
from mesh.hub.store.pieces import Sizes
from mesh.hub.store.reader import Reader
from mesh.hub.tcp.tcp_client import connected


def watched(monkeypatch):
    """The names of the threads in which rows were read."""
    names = []
    joined = pieces._joined

    def noted(author, found, wanted):
        names.append(threading.current_thread().name)
        return joined(author, found, wanted)

    monkeypatch.setattr(pieces, "_joined", noted)
    return names


def entries(values):
    some = [value for value in values if isinstance(value, list)]
    return [seq for value in some for seq in range(value[1], value[1] + len(value[3]))]


def test_over_tcp(tmp_path, monkeypatch):
    author = someone()
    runs = runs_of(author, 3000)
    names = watched(monkeypatch)

    async def main():
        async with (
            serving(tmp_path / "a", runs) as (_, source),
            connected(KIT, someone(), source) as way,
        ):
            names.clear()
            got = KIT.decode(await way.fetch(KIT.encode({author.public: 1}), ("max=200000",)))
        assert entries(got) == list(range(1, len(entries(got)) + 1))
        assert len(entries(got)) > 2000
        assert names
        assert {name.split("_")[0] for name in names} == {"store-reader"}

    run(main)


def test_no_answer_is_longer_than_what_is_asked_for(tmp_path):
    author = someone()
    runs = runs_of(author, 3000)

    async def main():
        async with (
            serving(tmp_path / "a", runs) as (_, source),
            connected(KIT, someone(), source) as way,
        ):
            for most in (4097, 5000, 16_384, 16_700, 20_000, 40_000):
                body = await way.fetch(KIT.encode({author.public: 1}), (f"max={most}",))
                assert len(entries(KIT.decode(body))) > most // 200
                assert len(body) <= most

    run(main)


def test_a_recorded_large_question_is_answered_once(tmp_path, monkeypatch):
    author, friend = someone(), someone()
    shared = {"/feeds": [to_text(friend.public)]}

    async def main():
        async with (
            serving(tmp_path / "a", runs_of(author, 300), share=shared) as (peer, source),
            connected(KIT, friend, source) as way,
        ):
            serving_half, recorded = peer.node.serving, []
            requested = serving_half.requested

            def record(now_ms, event):
                recorded.append((event, coap.parse(coap.build(event.message))))
                requested(now_ms, event)

            monkeypatch.setattr(serving_half, "requested", record)
            got = KIT.decode(await way.fetch(KIT.encode({author.public: 1}), ("max=200000",)))
            assert len(entries(got)) == 300
            assert len(recorded) == 2, "it was asked for an Echo"
            for event, message in recorded:
                again = event._replace(message=message)
                opened = peer.node.gate.open(peer.now(), again)
                with pytest.raises(Stale):
                    serving_half._wishes(peer.now(), again, opened)

    run(main)


def test_over_udp(tmp_path, monkeypatch):
    author = someone()
    runs = runs_of(author, 600, a_head=5)
    names = watched(monkeypatch)

    async def main():
        async with serving(tmp_path / "a", runs) as (one, _):
            with Home(tmp_path / "b") as home:
                async with HubPeer(home, interfaces=["127.0.0.1"], port=0, sensed={}) as two:
                    two.node.candidate(two.now(), one.identity.public, one.address, "given")
                    two.driver.settle()
                    await two.wait_for_peer(one.identity.public)
                    await until(lambda: not two.node.contacts.get(one.identity.public).asking)
                    names.clear()
                    answer = await two.ask(
                        one.identity.public,
                        coap.FETCH,
                        ["feeds"],
                        KIT.encode({author.public: 1}),
                        60,
                        query=["max=20000"],
                    )
                    assert answer.signed, answer
                    got = KIT.decode(answer.payload)
                    assert entries(got)[:200] == list(range(1, 201))
                    for value in got:
                        if isinstance(value, list):
                            read_run(KIT, value, one.limits)
        mine = [name for name in names if name != "MainThread"]
        assert len(mine) > 5
        assert len(mine) > 10 * names.count("MainThread"), names  # its first question is small

    run(main)


def test_what_was_read_is_what_is_asked_for(tmp_path):
    author, other = someone(), someone()
    with Archive(tmp_path / "s.db") as archive:
        put(archive, runs_of(author, 500) + runs_of(other, 40))

        async def main():
            wanted = [(author.public, 1), (other.public, 7)]
            found, took_s = await archive.runs("me", wanted, Sizes(900, 900, 9000))
            assert took_s > 0
            with archive.ready(found):
                for (who, first), tried in found.items():
                    assert archive.run(who, first, 900) is tried[-1]
                assert archive.run(author.public, 499, 900)[1] == 499, "else it looks itself"
            assert archive.run(author.public, 1, 4000)[:2] == [author.public, 1]

        asyncio.run(main())


def test_a_reader_has_a_queue_of_a_length_and_each_has_a_part_of_it(tmp_path):
    path = tmp_path / "s.db"
    Archive(path).open().close()
    free = threading.Event()

    async def main():
        one = Reader(path)

        async def ask(who):
            try:
                await one.read(who, lambda _: free.wait(10))
            except RemoteError as error:
                return error.code
            return 0

        greedy = [asyncio.create_task(ask("greedy")) for _ in range(reader.MOST_EACH + 5)]
        await asyncio.sleep(0)
        modest = [asyncio.create_task(ask(f"one {n}")) for n in range(reader.MOST)]
        await asyncio.sleep(0)
        free.set()
        got = await asyncio.gather(*greedy)
        assert got.count(0x9D) == 5
        others = await asyncio.gather(*modest)
        assert others.count(0xA3) == reader.MOST_EACH
        assert not one._waiting
        one.close()

    asyncio.run(main())


def test_too_many_questions_are_refused_signed_and_the_rest_answered(tmp_path, monkeypatch):
    author = someone()
    runs = runs_of(author, 300)
    monkeypatch.setattr(large_reads, "MOST", 3)

    async def main():
        async with serving(tmp_path / "a", runs) as (one, _):
            sent = []
            one.driver.udp.send = lambda address, data: sent.append((address, coap.parse(data)))
            asker = someone()
            for n in range(8):
                message = request_for(coap.FETCH, ["feeds"], ["max=9000"])
                seal_request(
                    KIT, asker, one.identity.public, message, 60, KIT.encode({author.public: 1})
                )
                message.mid, message.token, message.type = n, bytes([n]), coap.NON
                one.driver._deliver(0, ("127.0.0.1", 9), coap.build(message))

            def answers():
                return [message for _, message in sent if message.code >= codes.CREATED]

            await until(lambda: len(answers()) >= 8)
            got = sorted(message.code for message in answers())
            assert got == [codes.CONTENT] * 3 + [0xA3] * 5
            assert all(message.uint(coap.CONTENT_FORMAT) == 18 for message in answers())

    run(main)


def test_what_nobody_may_read_is_not_read(tmp_path, monkeypatch):
    author = someone()
    names = watched(monkeypatch)

    async def main():
        async with serving(tmp_path / "a", runs_of(author, 300)) as (one, _):
            begun = []
            one.node.serving.use(lambda *what: begun.append(what))
            message = request_for(coap.FETCH, ["feeds"], ["max=9000"])
            body = KIT.encode({author.public: 1})
            seal_request(KIT, someone(), one.identity.public, message, 60, body)
            message.payload = message.payload[:-3] + b"abc"
            message.mid, message.token, message.type = 1, b"t", coap.NON
            names.clear()
            one.driver._deliver(0, ("127.0.0.1", 9), coap.build(message))
            assert not begun
            assert not names

    run(main)


@pytest.mark.parametrize("query", [["max=9000"], []])
def test_it_is_answered_after_the_peer_stopped_reading_aside(tmp_path, query):
    author = someone()

    async def main():
        async with serving(tmp_path / "a", runs_of(author, 50)) as (one, _):
            one._aside.close()
            sent = []
            one.driver.udp.send = lambda address, data: sent.append(coap.parse(data))
            message = request_for(coap.FETCH, ["feeds"], query)
            body = KIT.encode({author.public: 1})
            seal_request(KIT, someone(), one.identity.public, message, 60, body)
            message.mid, message.token, message.type = 1, b"t", coap.NON
            one.node.endpoint.prove(("127.0.0.1", 9))  # else a ping may come first
            one.driver._deliver(0, ("127.0.0.1", 9), coap.build(message))
            assert codes.CONTENT in [message.code for message in sent]

    run(main)
