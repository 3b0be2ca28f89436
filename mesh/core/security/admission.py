"""Admission control: authenticates, rate-limits and checks freshness of requests."""

from mesh.core import codes
from mesh.core.address import address_text
from mesh.core.coap import message as coap
from mesh.core.codec.formats import CBOR, COSE, PROBLEM, SENML_CBOR, problem
from mesh.core.errors import RemoteError, Stale
from mesh.core.rate import Bucket
from mesh.core.security.budget import Budgets
from mesh.core.security.replay import Freshness
from mesh.core.security.seal import open_request, seal_representation, seal_response

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from mesh.core.coap.endpoint import Endpoint
    from mesh.core.events import Requested
    from mesh.core.kit import Identity, Kit
    from mesh.core.limits import Limits
    from mesh.core.security.budget import Contact
    from mesh.core.security.seal import Opened


class Gate:
    """Admission control for one identity: opens signed requests and seals responses.

    known(address): the contact that is up at an address, or None; `holder`: who introduced this
    peer.
    """

    def __init__(
        self,
        kit: "Kit",
        identity: "Identity",
        endpoint: "Endpoint",
        known: "Callable[[tuple[str, int]], Contact | None]",
        limits: "Limits",
        holder: "bytes | None",
    ) -> None:
        self._kit = kit
        self._identity = identity
        self._endpoint = endpoint
        self._known = known
        self._freshness = Freshness(kit, limits)
        self._checks = Bucket(limits.verify_per_s)
        self.purses = Budgets(limits, holder)
        self._refusals = Bucket(limits.unsigned_per_s)

    def open(self, now_ms: int, event: "Requested") -> "Opened | None":
        """Verify a signed request. None if it is not signed.

        RemoteError if the signature is wrong; Stale with an Echo if the address must be verified
        before a signature from it is checked.
        """
        message = event.message
        if message.uint(coap.CONTENT_FORMAT) != COSE:
            return None
        contact = self._known(event.source)
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

    def body(self, opened: "Opened") -> object:
        """The body of a signed request: CBOR or nothing. RemoteError 4.15 for another format."""
        if not opened.payload:
            return None
        if opened.content_format not in (CBOR, SENML_CBOR):
            raise RemoteError("only CBOR (60) is understood", codes.UNSUPPORTED)
        return self._kit.decode(opened.payload)

    def fresh(self, now_ms: int, request: "coap.Message", opened: "Opened") -> None:
        """Check that a request was not seen before. Stale if it was, or may have been; for PUT,
        RemoteError 4.09 if a later PUT of that sender came before.
        """
        self._freshness.accept(
            now_ms,
            opened.sender,
            opened.counter,
            request.get(coap.ECHO),
            request.code == coap.PUT,
        )

    def undo(self, opened: "Opened") -> None:
        """Allow a request to come again, as memory ran out while it was handled."""
        self._freshness.undo(opened.sender, opened.counter)

    def sealed(
        self,
        opened: "Opened",
        code: int,
        content_format: "int | None",
        payload: bytes,
        observe: "int | None" = None,
    ) -> "coap.Message":
        """Build a response that is signed for this requester and this request."""
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
        """Build an error response, with an Echo option if the request should be repeated with it.

        With signed problem details (RFC 9290) for a signed request, else with a short text. None
        if too many of the latter were sent lately.
        """
        if opened is not None:
            message = self.sealed(opened, error.code, PROBLEM, problem(self._kit, error))
        elif self._refusals.take(now_ms):
            message = coap.Message(error.code, error.detail.encode())
        else:
            return None
        if isinstance(error, Stale) and error.echo is not None:
            message.add(coap.ECHO, error.echo)
        if error.code == codes.TOO_MANY:  # seconds until a retry (RFC 8516 s.3)
            message.add(coap.MAX_AGE, 1)
        return message

    def proof(self, content_format: "int | None", payload: bytes) -> bytes:
        """Sign a representation for everybody (GET with Accept 18)."""
        return seal_representation(self._kit, self._identity, content_format, payload)
