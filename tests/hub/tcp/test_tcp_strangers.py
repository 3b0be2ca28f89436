"""What strangers may send over TCP, and what it costs: framing, sizes, slowness, lies."""

import asyncio
import contextlib

import pytest
from tcp_peers import HOST, KIT, held, runs_of, serving, someone

from mesh.core import codes
from mesh.core.coap import message as coap
from mesh.core.coap.message import Message
from mesh.core.errors import RemoteError
from mesh.core.security.seal import seal_request
from mesh.core.security.signed_client import request_for
from mesh.hub.tcp import connection, runs_check, tcp_client, tcp_requests
from mesh.hub.tcp.frames import Frames, frame
from mesh.hub.tcp.signals import ABORT, CSM, PING, PONG
from mesh.hub.tcp.tcp_client import Source, connected

HELLO = frame(Message(CSM))
SIZES = (0, 1, 11, 12, 13, 267, 268, 269, 65_803, 65_804, 65_805, 70_000)


@pytest.mark.parametrize("size", SIZES)
def test_frames_there_and_back(size):
    message = Message(codes.CONTENT, bytes(size), token=b"abc").add(coap.CONTENT_FORMAT, 60)
    frames = Frames(100_000)
    data = frame(message) * 2
    for at in range(0, len(data), 9973):
        frames.feed(data[at : at + 9973])
    for read in frames.messages():
        assert (read.code, read.token, read.payload) == (codes.CONTENT, b"abc", bytes(size))
        assert read.options == message.options
    assert not len(frames)


@pytest.mark.parametrize("data", [b"\xf0\xff\xff\xff\xff", b"\x09", b"\xe0\xff\xff\x01", b"\x0f"])
def test_frames_that_are_refused(data):
    frames = Frames(1000)
    frames.feed(data)
    with pytest.raises(RemoteError):
        next(frames.messages())


async def spoken(source, data, answers=1):
    """What is answered to these bytes: so many messages, or until it hangs up if None."""
    reader, writer = await asyncio.open_connection(*source.address)
    frames, got = Frames(400_000), []
    with contextlib.suppress(ConnectionError):
        writer.write(data)
        while answers is None or len(got) < answers + 1:  # its own CSM comes first
            more = await reader.read(65_536)
            if not more:
                break
            frames.feed(more)
            got += list(frames.messages())
    writer.close()
    with contextlib.suppress(ConnectionError):
        await writer.wait_closed()
    return got[1:]


def speaking(tmp_path, data, answers=1, runs=()):
    async def main():
        async with serving(tmp_path / "a", runs) as (_, source), asyncio.timeout(20):
            return await spoken(source, data, answers)

    return asyncio.run(main())


def test_a_ping_is_answered(tmp_path):
    (pong,) = speaking(tmp_path, HELLO + frame(Message(PING, token=b"t")))
    assert (pong.code, pong.token) == (PONG, b"t")


@pytest.mark.parametrize(
    "data",
    [
        frame(request_for(coap.GET, ["peer"])),  # no CSM
        HELLO + b"\xf0\x00\xff\xff\xff\x05",  # 16 MiB are announced
        HELLO + b"\x0f\x01",  # a token of 15 bytes
        b"GET / HTTP/1.1\r\n\r\n" * 10,
        bytes(range(256)) * 4,
    ],
)
def test_what_is_no_coap_is_hung_up_on(tmp_path, data):
    assert [message.code for message in speaking(tmp_path, data, None)] == [ABORT]


def test_who_stalls_is_hung_up_on(tmp_path, monkeypatch):
    monkeypatch.setattr(connection, "STALLED_S", 0.05)
    assert speaking(tmp_path, HELLO + b"\xd0\xff", None) == []


def test_who_says_nothing_is_hung_up_on(tmp_path, monkeypatch):
    monkeypatch.setattr(connection, "IDLE_S", 0.05)
    assert speaking(tmp_path, b"", None) == []


def test_many_small_messages_take_turns(tmp_path):
    pings = b"".join(frame(Message(PING, token=bytes((n,)))) for n in range(200))
    assert [m.token[0] for m in speaking(tmp_path, HELLO + pings, 200)] == list(range(200))


def question(peer, who=None, code=coap.FETCH, path="feeds"):
    message = request_for(code, [path])
    seal_request(KIT, who or someone(), peer, message, None, b"")
    return message


def test_only_whom_it_is_for_answers(tmp_path):
    async def main():
        async with serving(tmp_path / "a") as (_, source), asyncio.timeout(20):
            right, wrong = question(source.peer), question(someone().public)
            unsigned = request_for(coap.FETCH, ["feeds"])
            elsewhere = question(source.peer, path="peer")
            data = HELLO + b"".join(map(frame, (right, wrong, unsigned, elsewhere)))
            got = [message.code for message in await spoken(source, data, 4)]
        assert got == [codes.CONTENT, codes.UNAUTHORIZED, codes.UNAUTHORIZED, codes.CONTENT]

    asyncio.run(main())


def test_signatures_of_strangers_are_checked_at_a_rate(tmp_path):
    most = tcp_requests.STRANGERS_PER_S

    async def main():
        async with serving(tmp_path / "a") as (peer, source), asyncio.timeout(30):
            now_ms = peer.now()
            peer.driver.now = lambda: now_ms  # no second passes
            data = HELLO + frame(question(source.peer)) * (most + 400)
            return [message.code for message in await spoken(source, data, most + 400)]

    got = asyncio.run(main())
    assert got.count(0x9D) >= 40


def test_an_offer_is_kept_before_it_is_acknowledged(tmp_path):
    author, sender = someone(), someone()
    runs = runs_of(author, 200)

    async def main():
        async with (
            serving(tmp_path / "a") as (peer, source),
            connected(KIT, sender, source) as way,
        ):
            feeds = peer.node.peer.feeds
            feeds.wants = lambda who: int(who == author.public)
            unwanted = runs_of(someone(), 20)
            assert await way.offer(runs + unwanted) == {author.public: 200}
            assert held(feeds.archive) == (200, 200)
            assert await way.offer(runs) == {author.public: 200}
            assert held(feeds.archive) == (200, 200)

    asyncio.run(main())


def test_an_offer_counts_once(tmp_path):
    """Whoever records one and sends it again is told nothing, and changes nothing."""
    sent = []
    author, sender = someone(), someone()
    runs = runs_of(author, 40)

    async def main():
        async with (
            serving(tmp_path / "a") as (peer, source),
            connected(KIT, sender, source) as way,
        ):
            peer.node.peer.feeds.wants = lambda _: 1
            connection = way._asks._transport._connection
            send = connection.send
            connection.send = lambda message: (sent.append(frame(message)), send(message))
            await way.offer(runs)
            (again,) = await spoken(source, HELLO + sent[-1])
            assert again.code == codes.UNAUTHORIZED

    asyncio.run(main())


def test_a_forged_offer_is_refused_whole(tmp_path):
    runs = runs_of(someone(), 60)
    forged = [*runs[1][:3], [runs[1][3][0], *runs[2][3][1:]], runs[1][4]]

    async def main():
        async with (
            serving(tmp_path / "a") as (peer, source),
            connected(KIT, someone(), source) as way,
        ):
            feeds = peer.node.peer.feeds
            feeds.wants = lambda _: 1
            with pytest.raises(RemoteError):
                await way.offer([runs[0], forged])
            feeds.archive.flush()
            assert held(feeds.archive) == (0, 0)

    asyncio.run(main())


class Endless:
    """A source whose answers are longer than anybody asked for."""

    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer

    async def run(self):
        self.writer.write(HELLO)
        await self.reader.read(4096)
        self.writer.write(b"\xf0\x7f\xff\xff\xff\x45" + bytes(1000))
        await self.reader.read()
        self.writer.close()


def test_a_source_that_never_ends_is_left():
    async def main():
        server = await asyncio.start_server(lambda *ends: Endless(*ends).run(), HOST, 0)
        address = server.sockets[0].getsockname()
        async with (
            asyncio.timeout(10),
            connected(KIT, someone(), Source(bytes(32), address)) as way,
        ):
            with pytest.raises(RemoteError, match="broke off"):
                await way.fetch(b"", ())
        server.close()

    asyncio.run(main())


def test_a_source_that_does_not_answer_is_left(monkeypatch):
    monkeypatch.setattr(tcp_client, "ANSWER_S", 0.05)

    async def silent(reader, writer):
        await reader.read()
        writer.close()

    async def main():
        server = await asyncio.start_server(silent, HOST, 0)
        address = server.sockets[0].getsockname()
        async with connected(KIT, someone(), Source(bytes(32), address)) as way:
            with pytest.raises(RemoteError, match="in time"):
                await way.fetch(b"", ())
        server.close()

    asyncio.run(main())


def test_heads_and_runs_only_for_who_may_read(tmp_path):
    runs = runs_of(someone(), 40)

    async def main():
        async with serving(tmp_path / "a", runs) as (peer, source):

            def refuse(_path, _who):
                raise RemoteError("not for you", 0x83)

            peer.node.peer.access.check_read = refuse
            async with connected(KIT, someone(), source) as way:
                with pytest.raises(RemoteError, match=r"4\.03"):
                    await way.fetch(b"", ())

    asyncio.run(main())


def test_a_body_of_too_many_runs_or_entries_is_refused():
    run = runs_of(someone(), 1)[0]
    with pytest.raises(RemoteError):
        runs_check.split(runs_check.packed_all([run] * (runs_check.MOST_RUNS + 1)), 1000)
    with pytest.raises(RemoteError):
        runs_check.split(runs_check.packed_all([run] * 3), 2)
