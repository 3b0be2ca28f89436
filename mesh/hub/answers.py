"""What peers answer, as plain data: ids as text, numbers exact, readings with their age."""

import decimal
from typing import Any

from mesh.core import cbor, coap, feed, ids, senml, senml_reading
from mesh.core.errors import LocalError, RemoteError
from mesh.core.events import Answer
from mesh.core.primitives import Kit
from mesh.hub.failure import FAILED, TIMEOUT, Failure

RELATIVE_S = 1 << 28  # SenML times below are relative to now (RFC 8428 s.4.5.3)
ID_BYTES = 32
KID = 4  # COSE header label


def plain(value: object) -> Any:  # noqa: ANN401 - JSON has no type of its own
    """A CBOR value as JSON can hold it: ids as their text, other bytes as hex, decimals exact."""
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
    """What must be a map, as plain data; empty where a peer sent anything else."""
    made = plain(value)
    return made if isinstance(made, dict) else {}


def exact(value: cbor.Decimal) -> float | str:
    """A decimal as a number that JSON writes with the same digits; as text if no float does."""
    number = float(value)
    return number if decimal.Decimal(repr(number)) == decimal.Decimal(str(value)) else str(value)


def content(answer: Answer, label: str) -> Any:  # noqa: ANN401 - whatever the peer wrote
    """The CBOR value in a 2.xx answer; Failure with the peer's own reason for any other."""
    if answer.error is not None or not 0x40 <= answer.code < 0x60:  # noqa: PLR2004 - class 2
        raise refusal(answer, label)
    try:
        return cbor.decode(answer.payload) if answer.payload else None
    except RemoteError as error:
        raise Failure(f"{label} answered with what is no CBOR: {error.detail}") from error


def refusal(answer: Answer, label: str) -> Failure:
    """Why there is nothing to show: no answer, or the words of a refusal."""
    reason = answer.error or "no reason given"
    if answer.code == 0:
        return Failure(
            f"{label} did not answer: {reason}",
            "ask again with a longer --timeout; `mesh peers` tells when it was last heard",
            TIMEOUT,
        )
    signed = "" if answer.signed else " (unsigned: perhaps not its own words)"
    detail, _, help = reason.partition(": ")
    return Failure(
        f"{label} refused, {coap.code_text(answer.code)}{signed}: {detail}", help or None, FAILED
    )


def readings(value: object, peer: bytes, now_s: float) -> list[dict[str, Any]]:
    """The records of a SenML pack of this peer. RemoteError if it is none."""
    base = f"urn:othermesh:{ids.to_text(peer)}:"
    return [reading(record, base, now_s) for record in senml_reading.unpack(value)]


def readings_or_reason(value: object, peer: bytes, now_s: float) -> Any:  # noqa: ANN401 - as plain()
    """Readings; or, of a peer that does not tell them, {"refused": reason}."""
    if isinstance(value, Failure):
        return {"refused": value.detail}
    try:
        return readings(value, peer, now_s)
    except RemoteError as error:
        return {"refused": error.detail}


def reading(record: senml.Record, base: str, now_s: float) -> dict[str, Any]:
    """One record as {"sensor", "value", "unit", "age_s"}; only names below `base` are cut."""
    when = record.time or 0
    age_s = -when if when < RELATIVE_S else now_s - when
    return {
        "sensor": record.name.removeprefix(base),
        "value": plain(record.value),
        "unit": record.unit,
        "age_s": round(max(0.0, float(age_s)), 3),
    }


def heads(kit: Kit, value: object) -> dict[bytes, int]:
    """Whose feeds a peer holds and how far, as far as each author's own signature says so."""
    return {author: seq for author, (seq, _) in ends(kit, value).items()}


def ends(kit: Kit, value: object) -> dict[bytes, tuple[int, bytes]]:
    """As heads(), and the link at that seq: who has the same there has the same entries."""
    found = {}
    for head in value if isinstance(value, list) else []:
        try:
            author = _author(head)
            found[author] = feed.open_head(kit, author, head)
        except RemoteError:
            continue  # signed by nobody whom it names: it says nothing
    return found


def _author(head: object) -> bytes:
    parts = cbor.decode(head) if isinstance(head, bytes) else None
    protected = parts[0] if isinstance(parts, list) and parts else None
    header = cbor.decode(protected) if isinstance(protected, bytes) else None
    author = header.get(KID) if isinstance(header, dict) else None
    if not isinstance(author, bytes):
        raise RemoteError("a head names its author")
    return author


def wish(text: str) -> bool | int | float | cbor.Decimal | str:
    """What somebody typed as an actuator's value: true, false, a number, or else a text."""
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
    except LocalError:  # no float of 32 bits is this number
        return cbor.Decimal(int(whole + digits), -len(digits))
    return number
