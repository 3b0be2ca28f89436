"""Sections 3 and 9, without signatures: CoAP over UDP (RFC 7252, 7641, 7959)."""

import asyncio

from mesh.core import codes
from mesh.core.coap import message as coap
from mesh.core.coap.message import Message
from mesh.core.security.signed_client import request_for
from mesh.hub.conform.expecting import (
    NotOffered,
    Unmet,
    expect,
    expect_code,
)
from mesh.hub.conform.one_rule import Check
from mesh.hub.conform.stranger import Stranger

CORE = ".well-known/core"
UNKNOWN_CRITICAL, UNKNOWN_ELECTIVE = 65001, 65000
SZX_16, SZX_64 = 0, 2
AMPLIFIED = 3
QUIET_S = 2.0  # how long to collect what is sent to a silent stranger
SOON_S = 10.0  # longest wait for a notification


class Silent(Stranger):
    """A stranger that answers nothing, as the victim of a forged address would."""

    def datagram_received(self, data: bytes, addr: object) -> None:
        """Count what came."""
        self.came += len(data)


async def amplification(stranger: Stranger) -> None:
    """Request the longest open resource, and acknowledge nothing."""
    message = stranger.number(request_for(coap.GET, CORE.split("/")))
    silent = Silent(stranger.address, stranger.peer)
    async with silent.opened():
        silent.send(coap.build(message))
        await asyncio.sleep(QUIET_S)
        # former requests count for the host too, so this check comes first
        most = AMPLIFIED * (silent.sent + stranger.sent) - stranger.came
        expect(0 < silent.came <= most, f"1 to {most} bytes for {silent.sent}", silent.came)


async def ping(stranger: Stranger) -> None:
    """An empty confirmable message (RFC 7252 s.4.3)."""
    message = stranger.number(Message(coap.EMPTY))
    came = await stranger.exchange(message, coap.build(Message(coap.EMPTY, mid=message.mid)))
    expect(came.type == coap.RST, "a reset", came.type)


async def malformed(stranger: Stranger) -> None:
    """A reserved token length, and then whether the peer still answers."""
    stranger.send(b"\x49\x01\x00\x01" + bytes(9))
    stranger.send(b"\x40")
    expect_code((await stranger.get("time")).code, codes.CONTENT)


async def _with(stranger: Stranger, code: int, *options: tuple[int, bytes]) -> int:
    message = request_for(code, ["peer"])
    for number, value in options:
        message.add(number, value)
    return (await stranger.plain(message)).code


async def critical(stranger: Stranger) -> None:
    """An unknown critical option."""
    expect_code(await _with(stranger, coap.GET, (UNKNOWN_CRITICAL, b"x")), codes.BAD_OPTION)


async def elective(stranger: Stranger) -> None:
    """An unknown elective option."""
    expect_code(await _with(stranger, coap.GET, (UNKNOWN_ELECTIVE, b"x")), codes.CONTENT)


async def method(stranger: Stranger) -> None:
    """DELETE, and an undefined method code."""
    for code in (coap.DELETE, 31):
        expect_code(await _with(stranger, code), codes.NOT_ALLOWED)


async def proxy(stranger: Stranger) -> None:
    """Proxy-Uri."""
    option = (coap.PROXY_URI, b"coap://example.com/x")
    expect_code(await _with(stranger, coap.GET, option), codes.NO_PROXY)


async def dots(stranger: Stranger) -> None:
    """A path with ".."."""
    message = request_for(coap.GET, ["..", "peer"])
    expect_code((await stranger.plain(message)).code, codes.BAD_REQUEST)


async def duplicate(stranger: Stranger) -> None:
    """The same datagram twice."""
    message = stranger.number(request_for(coap.GET, ["time"]))
    first = await stranger.exchange(message)
    again = await stranger.exchange(message)
    expect(coap.build(first) == coap.build(again), "the same bytes again", again.payload)


async def non_confirmable(stranger: Stranger) -> None:
    """A non-confirmable request."""
    message = stranger.number(request_for(coap.GET, ["time"]), coap.NON)
    for _ in range(3):
        came = await stranger.exchange(message)
        if came.code == codes.CONTENT:
            break
    expect_code(came.code, codes.CONTENT)
    expect(came.type in (coap.NON, coap.CON), "an answer that is no acknowledgement", came.type)


async def small_blocks(stranger: Stranger) -> None:
    """The longest open resource has the same content in blocks of 16 bytes as in larger ones."""
    whole = await stranger.get(CORE)
    small = await stranger.get(CORE, options=[(coap.BLOCK2, SZX_16)])
    expect_code(small.code, codes.CONTENT)
    expect(small.uint(coap.BLOCK2) is not None, "a Block2 option", small.options)
    expect(small.payload == whole.payload, "the same content", small.payload)


async def blocks_of_fetch(stranger: Stranger) -> None:
    """A signed answer in blocks of 64 bytes, each requested with the same payload."""
    message = request_for(coap.FETCH, CORE.split("/"))
    digest = stranger.seal(message, b"")
    message.add(coap.BLOCK2, SZX_64)
    answer = await stranger.plain(message)
    expect_code(answer.code, codes.CONTENT)
    expect(answer.uint(coap.BLOCK2) is not None, "a Block2 option", answer.options)
    expect(stranger.open(digest, answer).signed, "an answer that is signed as one", "it is not")


async def blocks_of_question(stranger: Stranger) -> None:
    """A signed request in blocks of 64 bytes."""
    message = request_for(coap.FETCH, ["peer"])
    digest = stranger.seal(message, b"")
    answer = await stranger.plain(message, SZX_64)
    if answer.code in (codes.BAD_OPTION, codes.TOO_LARGE):
        raise NotOffered("questions in blocks (Block1)")
    expect_code(answer.code, codes.CONTENT)
    expect(stranger.open(digest, answer).signed, "a signed answer", "none")


async def observation(stranger: Stranger) -> None:
    """Observe a sensor, receive a notification if one comes soon, and end it."""
    listed = await stranger.read("peer")
    if not listed.get("sensors"):
        raise NotOffered("no sensor")
    message = stranger.number(request_for(coap.GET, ["sensors", listed["sensors"][0]], (), True))
    token = message.token
    with stranger.listening(token) as news:
        first = await _first_of(stranger, message, news)
        if first.get(coap.OBSERVE) is None:
            raise NotOffered("it answers, and nobody can observe it")
        if (first.uint(coap.MAX_AGE) or 0) < SOON_S:
            later = await _next(news)
            expect(later.get(coap.OBSERVE) is not None, "an Observe option", later.options)
    end = request_for(coap.GET, message.path()).add(coap.OBSERVE, 1)
    ended = await stranger.exchange(stranger.number(end, token=token))
    expect(ended.get(coap.OBSERVE) is None, "no Observe option any more", ended.options)


async def _first_of(
    stranger: Stranger, message: Message, news: "asyncio.Queue[Message]"
) -> Message:
    """The first answer, or its first block, as notifications have the same token."""
    stranger.send(coap.build(message))
    came = await _next(news)
    if came.code != codes.CONTENT:
        raise NotOffered(f"no reading to observe: {codes.text(came.code)}")
    return came


async def _next(news: "asyncio.Queue[Message]") -> Message:
    try:
        async with asyncio.timeout(SOON_S * 2):
            return await news.get()
    except TimeoutError:
        raise Unmet("a notification", f"none in {SOON_S * 2:g} s") from None


async def many_options(stranger: Stranger) -> None:
    """More options than a message may have."""
    message = request_for(coap.GET, ["time"])
    for _ in range(80):
        message.add(UNKNOWN_ELECTIVE, b"")
    stranger.send(coap.build(stranger.number(message, coap.NON)))
    expect_code((await stranger.get("time")).code, codes.CONTENT)


FIRST = Check("3", "no more than three times of what a stranger sent", amplification)
CHECKS = (
    Check("3", "a ping is answered by a reset", ping),
    Check("3", "what is no CoAP changes nothing", malformed),
    Check("3", "an unknown critical option gets 4.02", critical),
    Check("3", "an unknown elective option is ignored", elective),
    Check("3", "a method that is not there gets 4.05", method),
    Check("3", "nobody is a proxy: 5.05", proxy),
    Check("3", "a path with dots gets 4.00", dots),
    Check("3", "a duplicate gets the same answer", duplicate),
    Check("3", "a non-confirmable question is answered by no acknowledgement", non_confirmable),
    Check("3", "an answer comes in blocks as small as is asked for", small_blocks),
    Check("3", "blocks of a FETCH are asked for with its payload", blocks_of_fetch),
    Check("3", "a question may come in blocks", blocks_of_question),
    Check("3", "a sensor can be observed", observation),
    Check("9", "a message of more than 64 options harms nothing", many_options),
)
