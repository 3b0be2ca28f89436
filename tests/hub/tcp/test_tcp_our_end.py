"""What our own end does with what a server over TCP says (RFC 8323)."""

import asyncio

import pytest
from tcp_client import HELLO, HOST, ROOMY, Client, answer_to, signal

from mesh.core import codes
from mesh.core.coap import message as coap
from mesh.core.coap.message import Message
from mesh.core.errors import RemoteError
from mesh.hub.tcp.connection import Connection
from mesh.hub.tcp.frames import frame
from mesh.hub.tcp.signals import ABORT, CSM, HOLD_OFF, RELEASE


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
            return await answer_to(connection, message)
        finally:
            connection.end()
    finally:
        server.close()


async def answering(client):
    question = await client.hear()
    client.say(Message(codes.CHANGED, str(len(frame(question))).encode(), token=question.token))


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
        client.say(signal(RELEASE), Message(codes.CONTENT, b"late", token=question.token))

    assert asyncio.run(asked_by(talk, ROOMY, Message(coap.GET))).payload == b"late"


def test_an_answer_with_a_critical_option_is_none():
    async def talk(client):
        question = await client.hear()
        answer = Message(codes.CONTENT, b"x", token=question.token)
        answer.options = [(65_001, b"")]
        client.say(answer)

    with pytest.raises(RemoteError, match="critical"):
        asyncio.run(asked_by(talk, ROOMY, Message(coap.GET)))
