"""Nothing is longer than the other end takes (RFC 8323 s.5.3.1), and blocks of BERT (s.6)."""

import pytest
from tcp_client import BODY, asking, conversation, ends, signal

from mesh.core import codes
from mesh.core.coap import message as coap
from mesh.core.coap.message import Message
from mesh.hub.tcp.frames import Frames, fitted
from mesh.hub.tcp.signals import (
    ABORT,
    BAD_CSM_OPTION,
    BASE_SIZE,
    BLOCK_WISE,
    CSM,
    MAX_MESSAGE_SIZE,
)


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
        got = []
        for path, token in ((["nothing"], b"12345678"), (["big"], b"t"), (["a"], b"")):
            before = client.length
            client.say(asking(path, token))
            reply = await client.hear()
            assert client.length - before <= most
            assert reply.token == token
            got.append(reply.code)
        return got

    got = conversation(talk, first=hello)
    assert got[0] == codes.NOT_FOUND, "a refusal keeps its code"
    assert got[1] in (codes.CONTENT, codes.NOT_ACCEPTABLE)
    assert got[2] == codes.CONTENT


@pytest.mark.parametrize("size", [b"", b"\x0f"])
def test_who_takes_no_answer_at_all(size):
    abort = ends(signal(CSM, (MAX_MESSAGE_SIZE, size)))
    assert abort.code == ABORT
    assert abort.uint(BAD_CSM_OPTION) == MAX_MESSAGE_SIZE


def test_what_does_not_fit_says_what_it_is():
    for message, code in (
        (Message(codes.CONTENT, bytes(900)).add(coap.CONTENT_FORMAT, 60), codes.NOT_ACCEPTABLE),
        (Message(codes.FORBIDDEN, bytes(900)).add(coap.CONTENT_FORMAT, 18), codes.FORBIDDEN),
        (Message(codes.FORBIDDEN, "ä".encode() * 900), codes.FORBIDDEN),
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
