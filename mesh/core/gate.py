"""The way in: who signed a request, is it fresh, may it cost a check; and the sealed way out."""

from mesh.core import coap
from mesh.core.budget import Bucket, Purses
from mesh.core.errors import RemoteError, Stale
from mesh.core.freshness import Freshness
from mesh.core.message import open_request, seal_representation, seal_response
from mesh.core.peer import address_text
from mesh.core.represent import PROBLEM, problem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mesh.core.contacts import Contacts
    from mesh.core.endpoint import Endpoint
    from mesh.core.events import Requested
    from mesh.core.limits import Limits
    from mesh.core.message import Opened
    from mesh.core.primitives import Identity, Kit

COSE = 18


class Gate:
    """Opens signed requests and seals answers for one identity."""

    def __init__(
        self,
        kit: "Kit",
        identity: "Identity",
        endpoint: "Endpoint",
        contacts: "Contacts",
        limits: "Limits",
        holder: "bytes | None",
    ) -> None:
        self._kit = kit
        self._identity = identity
        self._endpoint = endpoint
        self._contacts = contacts
        self._freshness = Freshness(kit, limits)
        self._checks = Bucket(limits.verify_per_s)
        self.purses = Purses(limits, holder)
        self._refusals = Bucket(limits.unsigned_per_s)

    def open(self, now_ms: int, event: "Requested") -> "Opened | None":
        """Give what a signed request holds, or None if the request is not signed.

        RemoteError if the signature is wrong; Stale with an Echo if the address must prove itself
        before its signature is checked.
        """
        message = event.message
        if message.uint(coap.CONTENT_FORMAT) != COSE:
            return None
        contact = self._contacts.at(event.source)
        if contact is not None or self._endpoint.proven(event.source):
            self.purses.pay(now_ms, contact)
        elif not self._checks.take(now_ms):
            subject = address_text(event.source).encode()
            echo = message.get(coap.ECHO)
            if echo is None or not self._freshness.answers(now_ms, subject, echo):
                raise Stale("busy", self._freshness.challenge(now_ms, subject))
            self._endpoint.prove(event.source)
            self.purses.pay(now_ms, None)
        try:
            return open_request(self._kit, self._identity.public, message)
        except RemoteError:
            self.purses.failed()
            raise

    def body(self, now_ms: int, request: "coap.Message", opened: "Opened") -> object:
        """The body of a signed request: CBOR or nothing. RemoteError 4.15 for another format.

        Stale if it is to change something and is not new; safe methods need no check.
        """
        if request.code not in (coap.GET, coap.FETCH):
            self.fresh(now_ms, request, opened)
        if not opened.payload:
            return None
        if opened.content_format not in (60, 112):
            raise RemoteError("only CBOR (60) is understood", 0x8F)
        return self._kit.decode(opened.payload)

    def fresh(self, now_ms: int, request: "coap.Message", opened: "Opened") -> None:
        """Stale unless this request comes for the first time, as far as that can be known."""
        self._freshness.accept(now_ms, opened.sender, opened.counter, request.get(coap.ECHO))

    def undo(self, opened: "Opened") -> None:
        """Have a request taken once more, for which there was no memory."""
        self._freshness.undo(opened.sender, opened.counter)

    def sealed(
        self,
        opened: "Opened",
        code: int,
        content_format: "int | None",
        payload: bytes,
        observe: "int | None" = None,
    ) -> "coap.Message":
        """Build an answer that only this question can have."""
        message = coap.Message(code)
        if observe is not None:
            message.add(coap.OBSERVE, observe)
        seal_response(
            self._kit,
            self._identity,
            opened.sender,
            opened.digest,
            message,
            content_format,
            payload,
        )
        return message

    def refusal(
        self, now_ms: int, opened: "Opened | None", error: RemoteError
    ) -> "coap.Message | None":
        """Build a refusal, with the Echo to come back with: to who signed, signed problem details.

        To others a short text, or None when too many were sent lately.
        """
        if opened is not None:
            message = self.sealed(opened, error.code, PROBLEM, problem(self._kit, error))
        elif self._refusals.take(now_ms):
            message = coap.Message(error.code, error.detail.encode())
        else:
            return None
        if isinstance(error, Stale) and error.echo is not None:
            message.add(coap.ECHO, error.echo)
        if error.code == 0x9D:  # when to come back (RFC 8516 s.3)
            message.add(coap.MAX_AGE, 1)
        return message

    def proof(self, content_format: "int | None", payload: bytes) -> bytes:
        """Sign content for anybody (GET with Accept 18)."""
        return seal_representation(self._kit, self._identity, content_format, payload)
