"""CoAP over TCP as RFC 8323 has it: signals, sizes, blocks, observation, and how it all ends."""

import asyncio
import contextlib

import pytest

from mesh.core import coap
from mesh.core.asks import request_for
from mesh.core.coap import Message
from mesh.core.errors import RemoteError
from mesh.hub import bulk_connection
from mesh.hub.bulk_connection import Connection
from mesh.hub.bulk_frames import Frames, fitted, frame
from mesh.hub.bulk_signals import (
    ABORT,
    ALTERNATIVE_ADDRESS,
    BAD_CSM_OPTION,
    BASE_SIZE,
    BLOCK_WISE,
    CSM,
    CUSTODY,
    HOLD_OFF,
    MAX_MESSAGE_SIZE,
    PING,
    PONG,
    RELEASE,
)
from mesh.hub.foreign_server import ForeignServer

HOST = "127.0.0.1"
HELLO = frame(Message(CSM))
ROOMY = frame(Message(CSM).add(MAX_MESSAGE_SIZE, 10_000).add(BLOCK_WISE, b""))


def signal(code, *options, payload=b"", token=b""):
    """A signalling message with raw options."""
    message = Message(code, payload, token=token)
    message.options = list(options)
    return frame(message)


def asking(path, token=b"t", **options):
    message = request_for(coap.GET, list(path))
    message.token = token
    for name, value in options.items():
        message.add(getattr(coap, name), value)
    return message


class Slow:
    """Answers signed requests when it is told to."""

    def __init__(self):
        self.waiting = []
        self.asked = asyncio.Event()

    def requested(self, connection, message):
        self.waiting.append((connection, Message(coap.CHANGED, token=message.token)))
        self.asked.set()

    def answer(self):
        connection, reply = self.waiting.pop(0)
        connection.send(reply)

    def gone(self, connection):
        pass

    def close(self):
        pass


class Client:
    """The bytes of a stranger: `say` them, `hear` messages one by one."""

    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer
        self.frames = Frames(1 << 20)
        self.heard = []
        self.length = 0  # of what came, in bytes

    def say(self, *data):
        self.writer.write(b"".join(frame(d) if isinstance(d, Message) else d for d in data))

    async def hear(self):
        """The next message, or None when it was hung up."""
        while not self.heard:
            data = await self.reader.read(65_536)
            if not data:
                return None
            self.length += len(data)
            self.frames.feed(data)
            self.heard += list(self.frames.messages())
        return self.heard.pop(0)

    async def rest(self):
        """The codes of all that comes until it is hung up."""
        codes = []
        while (message := await self.hear()) is not None:
            codes.append(message.code)
        return codes


BODY = b"0123456789abcdef" * 1000


def answers(path, query, accept):
    if path == ["big"]:
        return Message(coap.CONTENT, BODY)
    if path == ["nothing"]:
        raise RemoteError("nothing is here, and that is what there is to say about it", 0x84)
    return Message(coap.CONTENT, "/".join(path).encode())


def conversation(talk, local_get=answers, signed=None, first=HELLO):
    """Run talk(client, server) against a server on loopback, after the first bytes of both."""

    async def main():
        server = ForeignServer(local_get, [HOST], 0, signed)
        await server.start()
        try:
            async with asyncio.timeout(20):
                reader, writer = await asyncio.open_connection(HOST, server.port)
                client = Client(reader, writer)
                client.say(first)
                hello = await client.hear()
                assert hello.code == CSM
                assert hello.get(MAX_MESSAGE_SIZE)
                assert hello.get(BLOCK_WISE) == b""
                result = await talk(client, server)
                writer.close()
                with contextlib.suppress(ConnectionError):
                    await writer.wait_closed()
                return result
        finally:
            await server.stop()

    return asyncio.run(main())


def ends(data, first=HELLO):
    """The last message that is told when this is said, and then it is hung up."""

    async def talk(client, _):
        client.say(data)
        last = None
        while (message := await client.hear()) is not None:
            last = message
        return last

    return conversation(talk, first=first)


@pytest.mark.parametrize("number", [1, 3, 7, 65_001])
def test_a_critical_option_of_a_signal_that_is_not_known_ends_it(number):
    """RFC 8323 s.5.2; which of a CSM it was is told (s.5.6)."""
    for code in (CSM, PING, PONG, RELEASE, ABORT, 0xE6, 0xFF):
        abort = ends(signal(code, (number, b"x"), token=b"p"))
        assert abort.code == ABORT
        assert str(number).encode() in abort.payload
        assert abort.uint(BAD_CSM_OPTION) == (number if code == CSM else None), code
    first = ends(b"", first=signal(CSM, (number, b"")))
    assert first.code == ABORT
    assert first.uint(BAD_CSM_OPTION) == number


def test_elective_options_and_signals_that_are_not_known_are_ignored():
    async def talk(client, _):
        client.say(
            signal(CSM, (6, b"\x02"), (20, b"anything")),  # 6: Extended-Token-Length (RFC 8974)
            signal(CSM, (MAX_MESSAGE_SIZE, b"12345"), (BLOCK_WISE, b"x")),  # wrong lengths
            signal(0xE9, (4, b"later"), payload=b"what is this"),
            signal(PONG, token=b"never asked"[:8]),
            signal(PING, (CUSTODY, b"not empty"), (4, b"x"), token=b"1"),
        )
        pong = await client.hear()
        assert (pong.code, pong.token, pong.options) == (PONG, b"1", [])

    conversation(talk)


def test_empty_messages_are_ignored():
    async def talk(client, _):
        client.say(b"\x00\x00", b"\x04\x00abcd", b"\x33\x00abc\xffxy", b"\x00\x00" * 50)
        client.say(asking(["a"]))
        assert (await client.hear()).payload == b"a"

    conversation(talk)


def test_tokens():
    async def talk(client, _):
        for size in range(9):
            client.say(asking(["a"], b"12345678"[:size]))
            assert (await client.hear()).token == b"12345678"[:size]

    conversation(talk)
    for length in (9, 12, 13, 14, 15):  # longer ones are for who agreed on them (RFC 8974)
        assert ends(bytes((length, coap.GET)) + bytes(300)).code == ABORT


@pytest.mark.parametrize(
    "data",
    [
        frame(asking(["a"])),
        signal(PING),
        b"\x00\x00",
        frame(Message(coap.CONTENT, b"x", token=b"t")),
        signal(RELEASE),
    ],
)
def test_a_connection_begins_with_a_csm(data):
    assert ends(b"", first=data).code == ABORT


@pytest.mark.parametrize("code", [0x21, 0x3F, 0xC0, 0xDF])
def test_codes_that_are_reserved_end_it(code):
    assert ends(bytes((0, code))).code == ABORT


def test_it_may_take_less_and_more_later():
    """RFC 8323 s.5.3: a CSM may come again, and what it leaves out stays."""

    async def talk(client, _):
        async def size_of(**options):
            client.say(asking(["big"], **options))
            before = client.length
            reply = await client.hear()
            return client.length - before, reply

        length, reply = await size_of()
        assert length <= BASE_SIZE, "before it says more"
        assert reply.uint(coap.BLOCK2) == 0x0E
        client.say(signal(CSM, (MAX_MESSAGE_SIZE, b"\x20\x00")))
        length, reply = await size_of()
        assert length <= 8192
        assert reply.uint(coap.BLOCK2) & 7 == 6, "no blocks of BERT yet"
        client.say(signal(CSM, (BLOCK_WISE, b"")))
        length, reply = await size_of()
        assert (len(reply.payload), reply.uint(coap.BLOCK2)) == (7168, 0x0F)
        assert length <= 8192
        length, reply = await size_of(BLOCK2=7 << 4 | 7)
        assert reply.payload == BODY[7168 : 7168 * 2]
        length, reply = await size_of(BLOCK2=7 << 4 | 6)
        assert reply.payload == BODY[7168 : 7168 + 1024], "as small as it was asked for"
        client.say(signal(CSM, (MAX_MESSAGE_SIZE, b"\x01\x00")))
        length, reply = await size_of(BLOCK2=7 << 4 | 7)
        block = reply.uint(coap.BLOCK2)
        assert length <= 256
        assert block & 7 == 3
        assert block >> 4 == 7168 >> 7
        assert reply.payload == BODY[7168 : 7168 + 128]
        client.say(signal(CSM))
        length, reply = await size_of()
        assert length <= 256
        assert len(reply.payload) == 128
        client.say(signal(CSM, (MAX_MESSAGE_SIZE, b"\x00\xff\xff\xff")))
        length, reply = await size_of()
        assert reply.payload == BODY
        assert reply.get(coap.BLOCK2) is None

    conversation(talk)


@pytest.mark.parametrize("most", [16, 17, 20, 30, 60, 128, 150])
def test_nothing_is_longer_than_the_other_end_takes(most):
    hello = signal(CSM, (MAX_MESSAGE_SIZE, bytes((most,))))

    async def talk(client, _):
        client.length = 0
        codes = []
        for path, token in ((["nothing"], b"12345678"), (["big"], b"t"), (["a"], b"")):
            before = client.length
            client.say(asking(path, token))
            reply = await client.hear()
            assert client.length - before <= most
            assert reply.token == token
            codes.append(reply.code)
        return codes

    codes = conversation(talk, first=hello)
    assert codes[0] == coap.NOT_FOUND, "a refusal keeps its code"
    assert codes[1] in (coap.CONTENT, coap.NOT_ACCEPTABLE)
    assert codes[2] == coap.CONTENT


@pytest.mark.parametrize("size", [b"", b"\x0f"])
def test_who_takes_no_answer_at_all(size):
    abort = ends(signal(CSM, (MAX_MESSAGE_SIZE, size)))
    assert abort.code == ABORT
    assert abort.uint(BAD_CSM_OPTION) == MAX_MESSAGE_SIZE


def test_what_does_not_fit_says_what_it_is():
    for message, code in (
        (Message(coap.CONTENT, bytes(900)).add(coap.CONTENT_FORMAT, 60), coap.NOT_ACCEPTABLE),
        (Message(coap.FORBIDDEN, bytes(900)).add(coap.CONTENT_FORMAT, 18), coap.FORBIDDEN),
        (Message(coap.FORBIDDEN, "ä".encode() * 900), coap.FORBIDDEN),
        (Message(ABORT, "ä".encode() * 900).add(BAD_CSM_OPTION, 2), ABORT),
    ):
        message.token = b"12345678"
        for most in range(16, 400):
            frames = Frames(most)
            frames.feed(fitted(message, most))
            (short,) = frames.messages()
            assert (short.code, short.token) == (code, b"12345678")
            short.payload.decode()
            assert most < 100 or short.payload or code != ABORT


def test_a_pong_with_custody_waits_for_what_was_asked_before():
    """RFC 8323 s.5.4.1."""
    slow = Slow()

    async def talk(client, _):
        signed = asking(["feeds"], CONTENT_FORMAT=18)
        client.say(signed, signal(PING, (CUSTODY, b""), token=b"1"), signal(PING, token=b"2"))
        pong = await client.hear()
        assert (pong.code, pong.token) == (PONG, b"2"), "this one does not wait"
        slow.answer()
        reply, pong = await client.hear(), await client.hear()
        assert (reply.code, pong.code, pong.token) == (coap.CHANGED, PONG, b"1")
        assert pong.get(CUSTODY) == b""
        client.say(signal(PING, (CUSTODY, b""), token=b"3"))
        assert (await client.hear()).get(CUSTODY) == b"", "nothing is left to wait for"

    conversation(talk, signed=slow)


@pytest.mark.parametrize("how", ["release", "half closed"])
def test_what_was_asked_is_answered_before_it_closes(how):
    """RFC 8323 s.5.5."""
    slow = Slow()

    async def talk(client, _):
        client.say(asking(["feeds"], CONTENT_FORMAT=18))
        if how == "release":
            client.say(signal(RELEASE, (ALTERNATIVE_ADDRESS, b"[::1]:9"), (HOLD_OFF, b"\x05")))
        else:
            client.writer.write_eof()
        await slow.asked.wait()
        client.reader._loop.call_later(0.05, slow.answer)
        assert await client.rest() == [coap.CHANGED]

    conversation(talk, signed=slow)


@pytest.mark.parametrize("code", [RELEASE, ABORT])
def test_it_closes_when_it_is_asked_to(code):
    assert ends(signal(code, payload=b"bye")) is None


def test_who_says_nothing_is_released(monkeypatch):
    monkeypatch.setattr(bulk_connection, "IDLE_S", 0.05)

    async def talk(client, _):
        return await client.rest()

    assert conversation(talk) == [RELEASE]


def test_who_observes_is_looked_after(monkeypatch):
    """A Ping goes when nothing was said for long (RFC 8323 s.7.3); who answers it may stay."""
    monkeypatch.setattr(bulk_connection, "IDLE_S", 0.05)
    monkeypatch.setattr(bulk_connection, "STALLED_S", 0.5)

    async def talk(client, _):
        client.say(asking(["sensors", "t"], OBSERVE=0))
        assert (await client.hear()).get(coap.OBSERVE) is not None
        for _ in range(3):
            ping = await client.hear()
            assert ping.code == PING
            client.say(signal(PONG, token=ping.token))
        return await client.rest()

    assert conversation(talk) == [PING]  # the last one, which nobody answers


def test_observing():
    state = {"t": b"1"}
    numbers = [0]

    def local_get(path, query, accept):
        if path[0] == "sensors" and path[1] not in state:
            raise RemoteError("no such sensor", 0x84)
        return Message(coap.CONTENT, state.get(path[-1], b"") + str(accept or "").encode())

    async def talk(client, server):
        async def told():
            message = await client.hear()
            numbers.append(message.uint(coap.OBSERVE) or numbers[-1])
            observes = message.get(coap.OBSERVE) is not None
            return message.token, message.code, observes, message.payload

        client.say(asking(["sensors", "t"], b"1", OBSERVE=0))
        client.say(asking(["sensors", "t"], b"2", OBSERVE=0, ACCEPT=60))
        client.say(asking(["peer"], b"3", OBSERVE=0))
        assert await told() == (b"1", coap.CONTENT, True, b"1")
        assert await told() == (b"2", coap.CONTENT, True, b"160")
        assert await told() == (b"3", coap.CONTENT, False, b""), "this cannot be observed"
        state["t"] = b"2"
        server.changed(["sensors", "t"])
        server.changed(["sensors", "other"])
        assert [await told(), await told()] == [
            (b"1", coap.CONTENT, True, b"2"),
            (b"2", coap.CONTENT, True, b"260"),
        ]
        client.say(asking(["sensors", "t"], b"2", OBSERVE=1))  # no more (s.7.4)
        assert await told() == (b"2", coap.CONTENT, False, b"2")
        server.changed(["sensors", "t"])
        assert await told() == (b"1", coap.CONTENT, True, b"2")
        state.clear()
        server.changed(["sensors", "t"])  # the last word on it is a refusal
        assert await told() == (b"1", coap.NOT_FOUND, False, b"no such sensor")
        server.changed(["sensors", "t"])
        state["t"] = b"3" * 5000
        client.say(asking(["sensors", "t"], b"4", OBSERVE=0))
        assert len((await told())[3]) == 1024, "a long one comes in blocks"
        server.changed(["sensors", "t"])
        message = await client.hear()
        assert (message.token, message.uint(coap.BLOCK2)) == (b"4", 14)
        client.say(asking(["sensors", "t"], b"5", BLOCK2=1 << 4 | 6))
        assert (await told())[3] == b"3" * 1024
        server.changed(["sensors", "t"])
        assert (await told())[0] == b"4", "a block of it is another request"
        assert numbers == sorted(numbers), "some clients look at them over TCP too"

    conversation(talk, local_get)


def test_observations_on_one_connection_are_capped():
    async def talk(client, server):
        for n in range(40):
            client.say(asking(["sensors", "t"], bytes((n,)), OBSERVE=0))
        observed = [(await client.hear()).get(coap.OBSERVE) is not None for _ in range(40)]
        assert observed == [True] * 32 + [False] * 8
        client.writer.close()
        second = Client(*await asyncio.open_connection(HOST, server.port))
        second.say(HELLO, asking(["a"]))
        assert (await second.hear()).code == CSM
        assert (await second.hear()).payload == b"a"
        assert not server._watching._wishes, "they end with their connection"
        second.writer.close()

    conversation(talk)


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ([(1, b"")], coap.BAD_OPTION),
        ([(coap.URI_HOST, b"")], coap.BAD_OPTION),
        ([(coap.PROXY_URI, b"coap://x/")], coap.NO_PROXY),
        ([(coap.PROXY_SCHEME, b"coap")], coap.NO_PROXY),
        ([(coap.CONTENT_FORMAT, b"\x12"), (coap.PROXY_SCHEME, b"coap")], coap.NO_PROXY),
        ([(coap.URI_HOST, b"anybody"), (2048, b"")], coap.CONTENT),
    ],
)
def test_options_as_over_udp(options, code):
    async def talk(client, _):
        message = Message(coap.GET, token=b"t")
        message.options = options
        client.say(message)
        return (await client.hear()).code

    assert conversation(talk, signed=Slow()) == code


async def asked_by(talk, hello, message):
    """Our end asks a server that is talk(client): what ask() gives or raises."""

    async def serve(reader, writer):
        client = Client(reader, writer)
        client.say(hello)
        assert (await client.hear()).code == CSM
        await talk(client)
        await client.rest()
        writer.close()

    server = await asyncio.start_server(serve, HOST, 0)
    port = server.sockets[0].getsockname()[1]
    try:
        _, connection = await asyncio.get_running_loop().create_connection(
            lambda: Connection(lambda *_: None, lambda _: None, 10_000), HOST, port
        )
        try:
            return await connection.ask(message, 5)
        finally:
            connection.end()
    finally:
        server.close()


async def answering(client):
    question = await client.hear()
    client.say(Message(coap.CHANGED, str(len(frame(question))).encode(), token=question.token))


def test_a_long_question_waits_for_who_takes_it():
    message = Message(coap.POST, bytes(5000))
    answer = asyncio.run(asked_by(answering, ROOMY, message))
    assert int(answer.payload) > 5000
    with pytest.raises(RemoteError, match="at most 1152 bytes"):
        asyncio.run(asked_by(answering, HELLO, Message(coap.POST, bytes(5000))))
    answer = asyncio.run(asked_by(answering, HELLO, Message(coap.POST, bytes(1100))))
    assert int(answer.payload) > 1100


def test_what_the_other_end_says_when_it_goes():
    async def gone(code, *options):
        async def talk(client):
            await client.hear()
            client.say(signal(code, *options, payload=b"over\x1b[2J capacity"))
            client.writer.write_eof()

        with pytest.raises(RemoteError) as caught:
            await asked_by(talk, ROOMY, Message(coap.GET))
        return caught.value.detail

    assert asyncio.run(gone(ABORT)) == "the connection was broken off there: over [2J capacity"
    detail = asyncio.run(gone(RELEASE, (HOLD_OFF, b"\x01\x00")))
    assert detail.startswith("the connection was released there, not to be made anew for 256 s")


def test_an_answer_still_comes_after_a_release():
    async def talk(client):
        question = await client.hear()
        client.say(signal(RELEASE), Message(coap.CONTENT, b"late", token=question.token))

    assert asyncio.run(asked_by(talk, ROOMY, Message(coap.GET))).payload == b"late"


def test_an_answer_with_a_critical_option_is_none():
    async def talk(client):
        question = await client.hear()
        answer = Message(coap.CONTENT, b"x", token=question.token)
        answer.options = [(65_001, b"")]
        client.say(answer)

    with pytest.raises(RemoteError, match="critical"):
        asyncio.run(asked_by(talk, ROOMY, Message(coap.GET)))
