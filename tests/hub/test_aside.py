"""Large questions: what the store has for them is read in another thread, whatever asks for it."""

import asyncio
import threading

import pytest
from bulk_peers import KIT, put, runs_of, serving, someone
from hubs import run, until

from mesh.core import coap
from mesh.core.asks import request_for
from mesh.core.errors import RemoteError
from mesh.core.message import seal_request
from mesh.core.run import read_run
from mesh.hub import aside
from mesh.hub.bulk_asking import connected
from mesh.hub.home import Home
from mesh.hub.loop import HubPeer
from mesh.hub.store import pieces, reader
from mesh.hub.store.archive import Archive
from mesh.hub.store.pieces import Sizes
from mesh.hub.store.reader import Reader


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
            answer = await way.fetch(KIT.encode({author.public: 1}), ("max=200000",))
            got = KIT.decode(way.opened(answer))
        assert entries(got) == list(range(1, len(entries(got)) + 1))
        assert len(entries(got)) > 2000
        assert names
        assert {name.split("_")[0] for name in names} == {"store-reader"}

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
        codes = await asyncio.gather(*greedy)
        assert codes.count(0x9D) == 5
        others = await asyncio.gather(*modest)
        assert others.count(0xA3) == reader.MOST_EACH
        assert not one._waiting
        one.close()

    asyncio.run(main())


def test_too_many_questions_are_refused_signed_and_the_rest_answered(tmp_path, monkeypatch):
    author = someone()
    runs = runs_of(author, 300)
    monkeypatch.setattr(aside, "MOST", 3)

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
                return [message for _, message in sent if message.code >= coap.CREATED]

            await until(lambda: len(answers()) >= 8)
            codes = sorted(message.code for message in answers())
            assert codes == [coap.CONTENT] * 3 + [0xA3] * 5
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
            one.driver._deliver(0, ("127.0.0.1", 9), coap.build(message))
            assert coap.CONTENT in [message.code for message in sent]

    run(main)
