"""Variants of signing test requests, and descriptions of requests and answers for a report."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from mesh.core import codes
from mesh.core.coap import message as coap
from mesh.core.coap.message import Message


class Answer(NamedTuple):
    """The answer to a signed request. `message`: the last one that came."""

    code: int
    content_format: int | None
    payload: bytes
    signed: bool
    message: Message


class Sealing(NamedTuple):
    """How a request is signed differently from usual. `header`: further fields of the protected
    header; None removes one.
    """

    header: Mapping[int, Any] = {}
    recipient: bytes | None = None
    unprotected: bytes = b"\xa0"
    spoilt: bool = False


PLAIN = Sealing()


def words_of(message: Message) -> str:
    """Method and path of a request."""
    names = {coap.GET: "GET", coap.POST: "POST", coap.PUT: "PUT", coap.FETCH: "FETCH"}
    path = b"/".join(message.all(coap.URI_PATH)).decode(errors="replace")
    return f"{names.get(message.code, codes.text(message.code))} /{path}"


def words_of_answer(answer: Answer) -> str:
    """Code of an answer, and whether it is signed."""
    return f"{codes.text(answer.code)}, {'signed' if answer.signed else 'not signed'}"
