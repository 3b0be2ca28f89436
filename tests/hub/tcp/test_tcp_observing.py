"""Observation over TCP (RFC 8323 s.7)."""

import asyncio

from tcp_client import HELLO, HOST, Client, asking, conversation

from mesh.core import codes
from mesh.core.coap import message as coap
from mesh.core.coap.message import Message
from mesh.core.errors import RemoteError
from mesh.hub.tcp.signals import CSM


def test_observing():
    state = {"t": b"1"}
    numbers = [0]

    def local_get(path, query, accept):
        if path[0] == "sensors" and path[1] not in state:
            raise RemoteError("no such sensor", 0x84)
        return Message(codes.CONTENT, state.get(path[-1], b"") + str(accept or "").encode())

    async def talk(client, node):
        async def told():
            message = await client.hear()
            numbers.append(message.uint(coap.OBSERVE) or numbers[-1])
            observes = message.get(coap.OBSERVE) is not None
            return message.token, message.code, observes, message.payload

        client.say(asking(["sensors", "t"], b"1", OBSERVE=0))
        client.say(asking(["sensors", "t"], b"2", OBSERVE=0, ACCEPT=60))
        client.say(asking(["peer"], b"3", OBSERVE=0))
        assert await told() == (b"1", codes.CONTENT, True, b"1")
        assert await told() == (b"2", codes.CONTENT, True, b"160")
        assert await told() == (b"3", codes.CONTENT, False, b""), "this cannot be observed"
        state["t"] = b"2"
        node.changed(["sensors", "t"])
        node.changed(["sensors", "other"])
        assert [await told(), await told()] == [
            (b"1", codes.CONTENT, True, b"2"),
            (b"2", codes.CONTENT, True, b"260"),
        ]
        client.say(asking(["sensors", "t"], b"2", OBSERVE=1))  # no more (s.7.4)
        assert await told() == (b"2", codes.CONTENT, False, b"2")
        node.changed(["sensors", "t"])
        assert await told() == (b"1", codes.CONTENT, True, b"2")
        state.clear()
        node.changed(["sensors", "t"])  # the last word on it is a refusal
        assert await told() == (b"1", codes.NOT_FOUND, False, b"no such sensor")
        node.changed(["sensors", "t"])
        state["t"] = b"3" * 5000
        client.say(asking(["sensors", "t"], b"4", OBSERVE=0))
        assert len((await told())[3]) == 1024, "a long one comes in blocks"
        node.changed(["sensors", "t"])
        message = await client.hear()
        assert (message.token, message.uint(coap.BLOCK2)) == (b"4", 14)
        client.say(asking(["sensors", "t"], b"5", BLOCK2=1 << 4 | 6))
        assert (await told())[3] == b"3" * 1024
        node.changed(["sensors", "t"])
        assert (await told())[0] == b"4", "a block of it is another request"
        assert numbers == sorted(numbers), "some clients look at them over TCP too"

    conversation(talk, local_get)


def test_observations_on_one_connection_are_capped():
    async def talk(client, node):
        for n in range(40):
            client.say(asking(["sensors", "t"], bytes((n,)), OBSERVE=0))
        observed = [(await client.hear()).get(coap.OBSERVE) is not None for _ in range(40)]
        assert observed == [True] * 32 + [False] * 8
        client.writer.close()
        second = Client(*await asyncio.open_connection(HOST, node.port))
        second.say(HELLO, asking(["a"]))
        assert (await second.hear()).code == CSM
        assert (await second.hear()).payload == b"a"
        assert not node.watched, "they end with their connection"
        second.writer.close()

    conversation(talk)
