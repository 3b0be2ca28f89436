"""Responses of peers as plain data: ids as text, numbers exact, readings with their age."""

import decimal
from collections.abc import Mapping
from typing import Any

from mesh.core import codes
from mesh.core import peer_id as ids
from mesh.core.codec import cbor, senml, senml_reading
from mesh.core.errors import LocalError, RemoteError
from mesh.core.events import Answer
from mesh.core.feed import feed
from mesh.core.kit import Kit
from mesh.hub.failure import FAILED, TIMEOUT, USAGE, Failure, NoAnswer, NotFound, Refused
from mesh.hub.own import plain_values

RELATIVE_S = 1 << 28  # SenML times below are relative to now (RFC 8428 s.4.5.3)
ID_BYTES = 32
KID = 4  # COSE header label
FORMER_BASE = "urn:othermesh:{}:"  # base name in answers of peers from before version 1


def plain(value: object) -> Any:  # noqa: ANN401 - JSON has no type of its own
    """A CBOR value for JSON: ids as text, other bytes as hex, decimals exact."""
    if isinstance(value, bytes):
        return ids.to_text(value) if len(value) == ID_BYTES else value.hex()
    if isinstance(value, cbor.Decimal):
        return exact(value)
    if isinstance(value, Failure):
        return {"refused": value.detail}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {str(plain(key)): plain(item) for key, item in value.items()}
    return value


def table(value: object) -> dict[str, Any]:
    """A map as plain data; {} if a peer sent anything else."""
    made = plain(value)
    return made if isinstance(made, dict) else {}


def exact(value: cbor.Decimal) -> float | str:
    """A decimal as a number that JSON writes with the same digits; as text if no float does."""
    number = float(value)
    return number if decimal.Decimal(repr(number)) == decimal.Decimal(str(value)) else str(value)


def content(answer: Answer, label: str) -> Any:  # noqa: ANN401 - whatever the peer wrote
    """The CBOR value in a 2.xx answer. Failure with the peer's reason for any other."""
    if answer.error is not None or answer.code >> 5 != codes.SUCCESS:
        raise refusal(answer, label)
    try:
        return cbor.decode(answer.payload) if answer.payload else None
    except RemoteError as error:
        raise Failure(f"{label} answered with what is no CBOR: {error.detail}") from error


def refusal(answer: Answer, label: str) -> Failure:
    """The Failure for an answer that is missing or refuses."""
    reason = answer.error or "no reason given"
    if answer.code == 0:
        return NoAnswer(
            f"{label} did not answer: {reason}",
            "ask again with a longer --timeout; `mesh peers` tells when it was last heard",
            TIMEOUT,
        )
    signed = "" if answer.signed else " (unsigned: perhaps not its own words)"
    detail, _, help = reason.partition(": ")
    code = codes.text(answer.code)
    said = f"{label} refused, {code}{signed}: {detail}"
    if answer.code == codes.NOT_FOUND:
        return NotFound(said, help or None)
    return Refused(said, help or None, FAILED, code, detail)


def readings(value: object, peer: bytes, now_s: float) -> list[dict[str, Any]]:
    """The records of a SenML pack of this peer. RemoteError if it is none."""
    records = senml_reading.unpack(value)
    base = ids.base_name(peer)
    if records and not records[0].name.startswith(base):
        base = FORMER_BASE.format(ids.to_text(peer))
    return [reading(record, base, now_s) for record in records]


def readings_or_reason(value: object, peer: bytes, now_s: float) -> Any:  # noqa: ANN401 - as plain()
    """Readings, or {"refused": reason} for a peer that does not tell them."""
    if isinstance(value, Failure):
        return {"refused": value.detail}
    try:
        return readings(value, peer, now_s)
    except RemoteError as error:
        return {"refused": error.detail}


def reading(record: senml.Record, base: str, now_s: float) -> dict[str, Any]:
    """A record as {"sensor", "value", "unit", "age_s"}. Only names below `base` are shortened."""
    when = record.time or 0
    age_s = -when if when < RELATIVE_S else now_s - when
    return {
        "sensor": record.name.removeprefix(base),
        "value": plain(record.value),
        "unit": record.unit,
        "age_s": round(max(0.0, float(age_s)), 3),
    }


def heads(kit: Kit, value: object) -> dict[bytes, int]:
    """Which feeds a peer holds and how far, by the authors' own signatures."""
    return {author: seq for author, (seq, _) in ends(kit, value).items()}


def ends(kit: Kit, value: object) -> dict[bytes, tuple[int, bytes]]:
    """As heads(), with the link at that seq. Equal links mean equal entries."""
    found = {}
    for head in value if isinstance(value, list) else []:
        try:
            author = _author(head)
            found[author] = feed.open_head(kit, author, head)
        except RemoteError:
            continue  # not signed by its author: ignored
    return found


def _author(head: object) -> bytes:
    parts = cbor.decode(head) if isinstance(head, bytes) else None
    protected = parts[0] if isinstance(parts, list) and parts else None
    header = cbor.decode(protected) if isinstance(protected, bytes) else None
    author = header.get(KID) if isinstance(header, dict) else None
    if not isinstance(author, bytes):
        raise RemoteError("a head names its author")
    return author


def wished(args: Mapping[str, Any]) -> bool | int | float | cbor.Decimal | str:
    """The value for an actuator from args["value"]: a text is parsed as if typed, or taken as it
    is with args["literal"]; a bool or a number is taken too. Failure with code USAGE; LocalError
    for a number that is not finite.
    """
    value = args.get("value")
    if isinstance(value, bool) or (isinstance(value, str) and args.get("literal")):
        return value
    if isinstance(value, int | float):
        return plain_values.number(str(value))
    if isinstance(value, str) and value:
        return wish(value)
    raise Failure("'value' is missing", code=USAGE)


def wish(text: str) -> bool | int | float | cbor.Decimal | str:
    """Parse what somebody typed as an actuator's value: true, false, a number, or else a text."""
    if text in ("true", "false"):
        return text == "true"
    try:
        return int(text)
    except ValueError:
        return _fraction(text)


def _fraction(text: str) -> float | cbor.Decimal | str:
    whole, point, digits = text.partition(".")
    sign = whole[:1] if whole[:1] in ("-", "+") else ""
    if not point or not (whole[len(sign) :] + digits).isdecimal() or not digits:
        return text
    number = float(text)
    try:
        cbor.encode(number)
    except LocalError:  # not exact as a 32-bit float
        return cbor.Decimal(int(whole + digits), -len(digits))
    return number
