"""Sections 7 and 8: the resources, their formats, and error responses."""

import json
from typing import Any

from mesh.core import codes
from mesh.core.coap import message as coap
from mesh.core.codec.formats import CBOR, COSE, JSON, PROBLEM, SENML_CBOR, SENML_JSON
from mesh.core.codec.senml_reading import unpack
from mesh.core.errors import RemoteError
from mesh.core.ranges import is_count
from mesh.core.security.signed_client import request_for
from mesh.hub.conform.expecting import (
    NotOffered,
    Unmet,
    expect,
    expect_code,
    expect_fields,
)
from mesh.hub.conform.one_rule import Check
from mesh.hub.conform.sealing import Sealing
from mesh.hub.conform.stranger import Stranger

MAYBE = type(None)
FIELDS: dict[str, type | tuple[type, ...]] = {
    "id": bytes,
    "name": str,
    "kind": str,
    "version": int,
    "clock": list,
    "uptime": int,
    "boots": int,
    "sensors": list,
    "actuators": list,
    "keeps": bool,
}
TITLE, DETAIL = -1, -2  # keys of problem details (RFC 9290)
CLOCK = 4  # items of a clock
NOWHERE = "conform-nothing-here"
# possible codes for an existing path: also no reading yet, not for strangers, too long
THERE = (
    codes.CONTENT,
    codes.UNAVAILABLE,
    codes.UNAUTHORIZED,
    codes.FORBIDDEN,
    codes.NOT_ACCEPTABLE,
)
NO_FORMAT = 65_000


def _is_clock(value: object) -> bool:
    """Whether a value is a clock as in entries; later versions may have more items."""
    if not isinstance(value, list) or len(value) < CLOCK:
        return False
    quality, boots, ms, unix_ms = value[:CLOCK]
    return all(map(is_count, (quality, boots, ms))) and (unix_ms is None or is_count(unix_ms))


async def about(stranger: Stranger) -> None:
    """FETCH /peer."""
    told = await stranger.read("peer")
    expect_fields(told, FIELDS)
    expect(_is_clock(told["clock"]), "a clock as in an entry", told["clock"])


async def time(stranger: Stranger) -> None:
    """FETCH /time."""
    stamp = await stranger.read("time")
    expect(_is_clock(stamp), "[quality, boots, ms since boot, Unix ms or null]", stamp)


async def listed(stranger: Stranger) -> None:
    """Every listed link can be read."""
    text = (await stranger.get(".well-known/core")).payload.decode(errors="replace")
    paths = [part.partition(">")[0] for part in text.split("</")[1:]]
    for path in ("peer", "peers", "time", "feeds", "sensors", "actuators"):
        expect(path in paths, f"/{path}", paths)
    for path in paths:
        code = (await stranger.get(path)).code
        expect_code(code, *THERE)


async def json_first(stranger: Stranger) -> None:
    """GET without Accept gives JSON; with Accept 60 the same in CBOR."""
    plain = await stranger.get("peer")
    expect(plain.uint(coap.CONTENT_FORMAT) == JSON, "Content-Format 50", plain.options)
    try:
        told = json.loads(plain.payload)
    except ValueError as error:
        raise Unmet("JSON", repr(plain.payload)) from error
    packed = await stranger.get("peer", options=[(coap.ACCEPT, CBOR)])
    expect(packed.uint(coap.CONTENT_FORMAT) == CBOR, "Content-Format 60", packed.options)
    same: Any = stranger.kit.decode(packed.payload)
    expect(same["name"] == told["name"], f"the name {told['name']}", same["name"])


async def sensors(stranger: Stranger) -> None:
    """GET /sensors as SenML JSON, and as SenML CBOR with Accept 112."""
    plain = await stranger.get("sensors")
    form = plain.uint(coap.CONTENT_FORMAT)
    expect(form == SENML_JSON, "Content-Format 110", form)
    packed = await stranger.get("sensors", options=[(coap.ACCEPT, SENML_CBOR)])
    form = packed.uint(coap.CONTENT_FORMAT)
    expect(form == SENML_CBOR, "Content-Format 112", form)
    try:
        unpack(stranger.kit.decode(packed.payload))
    except RemoteError as error:
        raise Unmet("a SenML pack", error.detail) from error


async def actuators(stranger: Stranger) -> None:
    """FETCH /actuators."""
    values = await stranger.read("actuators")
    expect(isinstance(values, dict), "a map of names to values", values)


async def setting(stranger: Stranger) -> None:
    """PUT to an actuator that does not exist."""
    answer = await stranger.ask(coap.PUT, f"actuators/{NOWHERE}", True)
    expect_code(answer.code, codes.FORBIDDEN)
    expect(answer.signed, "a signed refusal", "one that is not")


async def unsigned_setting(stranger: Stranger) -> None:
    """PUT without a signature."""
    message = request_for(coap.PUT, ["actuators", NOWHERE])
    expect_code((await stranger.plain(message)).code, codes.UNAUTHORIZED)


async def problems(stranger: Stranger) -> None:
    """A signed request for what does not exist."""
    answer = await stranger.ask(coap.FETCH, NOWHERE)
    expect_code(answer.code, codes.NOT_FOUND)
    expect(answer.signed, "a signed refusal", "one that is not")
    expect(answer.content_format == PROBLEM, "Content-Format 257", answer.content_format)
    problem = stranger.kit.decode(answer.payload)
    expect_fields(problem, {})
    told: Any = problem
    expect(TITLE in told or DETAIL in told, "a title or a detail", told)


async def not_there(stranger: Stranger) -> None:
    """An unsigned request for a sensor that does not exist."""
    expect_code((await stranger.get(f"sensors/{NOWHERE}")).code, codes.NOT_FOUND)


async def not_acceptable(stranger: Stranger) -> None:
    """Accept with an unknown format."""
    answer = await stranger.get("peer", options=[(coap.ACCEPT, NO_FORMAT)])
    expect_code(answer.code, codes.NOT_ACCEPTABLE)


async def other_method(stranger: Stranger) -> None:
    """A signed PUT of /peer."""
    answer = await stranger.ask(coap.PUT, "peer", 1)
    expect_code(answer.code, codes.NOT_ALLOWED)
    expect(answer.signed, "a signed refusal", "one that is not")


async def other_format(stranger: Stranger) -> None:
    """A signed request whose body is text."""
    message = request_for(coap.FETCH, ["feeds"])
    digest = stranger.seal(message, b"x", Sealing({3: 0}))
    answer = stranger.open(digest, await stranger.plain(message))
    expect_code(answer.code, codes.UNSUPPORTED)


async def no_cose(stranger: Stranger) -> None:
    """Content-Format COSE with another payload."""
    message = request_for(coap.FETCH, ["peer"])
    message.payload = b"\xa0"
    message.add(coap.CONTENT_FORMAT, COSE)
    expect_code((await stranger.plain(message)).code, codes.BAD_REQUEST)


async def updates(stranger: Stranger) -> None:
    """FETCH /updates by a stranger gives nothing."""
    answer = await stranger.ask(coap.FETCH, "updates")
    if answer.code in (codes.NOT_FOUND, codes.FORBIDDEN, codes.NOT_ALLOWED):
        raise NotOffered("it offers no updates")
    expect_code(answer.code, codes.CONTENT)
    offers = stranger.kit.decode(answer.payload)
    expect(offers == [], "an empty array", offers)


async def hints(stranger: Stranger) -> None:
    """POST /updates by a stranger is refused."""
    answer = await stranger.ask(coap.POST, "updates")
    if answer.code in (codes.NOT_FOUND, codes.NOT_ALLOWED):
        raise NotOffered("it takes no updates")
    expect_code(answer.code, codes.FORBIDDEN)


CHECKS = (
    Check("7", "/peer has its fields", about),
    Check("7", "/time is a clock", time),
    Check("7", "what is listed is there", listed),
    Check("7", "GET gives JSON, and CBOR to who asks for it", json_first),
    Check("7", "/sensors is SenML", sensors),
    Check("7", "/actuators is a map", actuators),
    Check("7", "a stranger sets nothing: 4.03", setting),
    Check("7", "nothing is set without a signature: 4.01", unsigned_setting),
    Check("8", "refusals are signed problem details", problems),
    Check("8", "what is not there gets 4.04", not_there),
    Check("8", "a format that is not there gets 4.06", not_acceptable),
    Check("8", "a method that this resource has not gets 4.05", other_method),
    Check("8", "a body of another format gets 4.15", other_format),
    Check("8", "what is no COSE_Sign1 gets 4.00", no_cose),
    Check("10", "a stranger is offered no updates", updates),
    Check("10", "a stranger's offers are not looked at", hints),
)
