"""What the ends of a connection say of it (RFC 8323 s.5), and how it ends."""

import pytest
from tcp_client import asking, conversation, ends, signal

from mesh.core import codes
from mesh.core.coap import message as coap
from mesh.core.coap.message import Message
from mesh.hub.tcp import connection as bulk_connection
from mesh.hub.tcp.frames import frame
from mesh.hub.tcp.signals import (
    ABORT,
    ALTERNATIVE_ADDRESS,
    BAD_CSM_OPTION,
    BLOCK_WISE,
    CSM,
    CUSTODY,
    HOLD_OFF,
    MAX_MESSAGE_SIZE,
    PING,
    PONG,
    RELEASE,
)


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
        frame(Message(codes.CONTENT, b"x", token=b"t")),
        signal(RELEASE),
    ],
)
def test_a_connection_begins_with_a_csm(data):
    assert ends(b"", first=data).code == ABORT


@pytest.mark.parametrize("code", [0x21, 0x3F, 0xC0, 0xDF])
def test_codes_that_are_reserved_end_it(code):
    assert ends(bytes((0, code))).code == ABORT


def test_a_pong_with_custody_waits_for_what_was_asked_before():
    """RFC 8323 s.5.4.1."""

    async def talk(client, node):
        signed = asking(["feeds"], CONTENT_FORMAT=18)
        client.say(signed, signal(PING, (CUSTODY, b""), token=b"1"), signal(PING, token=b"2"))
        pong = await client.hear()
        assert (pong.code, pong.token) == (PONG, b"2"), "this one does not wait"
        await node.asked.wait()
        node.slowly()
        reply, pong = await client.hear(), await client.hear()
        assert (reply.code, pong.code, pong.token) == (codes.CHANGED, PONG, b"1")
        assert pong.get(CUSTODY) == b""
        client.say(signal(PING, (CUSTODY, b""), token=b"3"))
        assert (await client.hear()).get(CUSTODY) == b"", "nothing is left to wait for"

    conversation(talk)


@pytest.mark.parametrize("how", ["release", "half closed"])
def test_what_was_asked_is_answered_before_it_closes(how):
    """RFC 8323 s.5.5."""

    async def talk(client, node):
        client.say(asking(["feeds"], CONTENT_FORMAT=18))
        if how == "release":
            client.say(signal(RELEASE, (ALTERNATIVE_ADDRESS, b"[::1]:9"), (HOLD_OFF, b"\x05")))
        else:
            client.writer.write_eof()
        await node.asked.wait()
        client.reader._loop.call_later(0.05, node.slowly)
        assert await client.rest() == [codes.CHANGED]

    conversation(talk)


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


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ([(1, b"")], codes.BAD_OPTION),
        ([(coap.URI_HOST, b"")], codes.BAD_OPTION),
        ([(coap.PROXY_URI, b"coap://x/")], codes.NO_PROXY),
        ([(coap.PROXY_SCHEME, b"coap")], codes.NO_PROXY),
        ([(coap.CONTENT_FORMAT, b"\x12"), (coap.PROXY_SCHEME, b"coap")], codes.NO_PROXY),
        ([(coap.URI_HOST, b"anybody"), (2048, b"")], codes.CONTENT),
        ([(coap.CONTENT_FORMAT, b"\x12"), (coap.BLOCK1, b"\x0e")], codes.BAD_OPTION),
        ([(coap.BLOCK1, b"\x16")], codes.BAD_OPTION),
        ([(coap.BLOCK1, b"\x07"), (coap.BLOCK2, b"")][::-1], codes.CONTENT),
    ],
)
def test_options_as_over_udp(options, code):
    async def talk(client, _):
        message = Message(coap.GET, token=b"t")
        message.options = options
        client.say(message)
        return (await client.hear()).code

    assert conversation(talk) == code
