"""Section 4: signed messages, refusals, and freshness."""

from mesh.core import codes
from mesh.core.coap import message as coap
from mesh.core.coap.message import Message
from mesh.core.codec.formats import COSE
from mesh.core.errors import RemoteError
from mesh.core.security.seal import open_representation
from mesh.core.security.signed_client import request_for
from mesh.hub.conform.expecting import NotOffered, Unmet, expect, expect_code, expect_refused
from mesh.hub.conform.one_rule import Check
from mesh.hub.conform.sealing import Answer, Sealing
from mesh.hub.conform.stranger import Stranger

NO_CURVE = -7  # ES256, which no peer accepts
NOTHING_TAKEN = (codes.NOT_ALLOWED, codes.NOT_FOUND)
UNKNOWN_LABEL = 99
_L = 2**252 + 27742317777372353535851937790883648493  # the order of Ed25519's group (RFC 8032)


async def signed(stranger: Stranger) -> None:
    """FETCH /peer."""
    answer = await stranger.ask(coap.FETCH, "peer")
    expect_code(answer.code, codes.CONTENT)
    expect(answer.signed, "a signed answer", answer.content_format)


async def representation(stranger: Stranger) -> None:
    """GET /peer with Accept 18."""
    answer = await stranger.get("peer", options=[(coap.ACCEPT, COSE)])
    expect_code(answer.code, codes.CONTENT)
    try:
        opened = open_representation(stranger.kit, answer.payload)
    except RemoteError as error:
        raise Unmet("a COSE_Sign1 with kid and cti", error.detail) from error
    expect(opened.sender == stranger.peer, "a kid that is the peer's id", opened.sender.hex())


async def _sealed(stranger: Stranger, sealing: Sealing) -> Answer:
    return await stranger.ask(coap.FETCH, "peer", sealing=sealing)


async def unknown_label(stranger: Stranger) -> None:
    """A protected header with a further label."""
    answer = await _sealed(stranger, Sealing({UNKNOWN_LABEL: "x"}))
    expect_code(answer.code, codes.CONTENT)


async def critical_label(stranger: Stranger) -> None:
    """A protected header with crit."""
    expect_refused((await _sealed(stranger, Sealing({2: [UNKNOWN_LABEL], UNKNOWN_LABEL: 1}))).code)


async def algorithm(stranger: Stranger) -> None:
    """Another algorithm, and none."""
    for alg in (NO_CURVE, None):
        expect_refused((await _sealed(stranger, Sealing({1: alg}))).code)


async def no_sender(stranger: Stranger) -> None:
    """A request without kid."""
    expect_refused((await _sealed(stranger, Sealing({4: None}))).code)


async def unprotected(stranger: Stranger) -> None:
    """Something in the unprotected header."""
    expect_refused((await _sealed(stranger, Sealing(unprotected=b"\xa1\x18\x63\x01"))).code)


async def wrong_signature(stranger: Stranger) -> None:
    """A flipped bit in the signature."""
    expect_code((await _sealed(stranger, Sealing(spoilt=True))).code, codes.UNAUTHORIZED)


async def other_recipient(stranger: Stranger) -> None:
    """Signed for another peer."""
    answer = await _sealed(stranger, Sealing(recipient=stranger.identity.public))
    expect_code(answer.code, codes.UNAUTHORIZED)


async def other_path(stranger: Stranger) -> None:
    """Signed for another path."""
    message = request_for(coap.FETCH, ["time"])
    stranger.seal(message, b"")
    message.drop(coap.URI_PATH)
    message.add(coap.URI_PATH, "peer")
    expect_code((await stranger.plain(message)).code, codes.UNAUTHORIZED)


async def large_s(stranger: Stranger) -> None:
    """The same signature with S + L, which satisfies the equation, and has to be refused."""
    message = request_for(coap.FETCH, ["peer"])
    stranger.seal(message, b"")
    s = int.from_bytes(message.payload[-32:], "little") + _L
    message.payload = message.payload[:-32] + s.to_bytes(32, "little")
    expect_code((await stranger.plain(message)).code, codes.UNAUTHORIZED)


async def unsigned_fetch(stranger: Stranger) -> None:
    """FETCH without a signature."""
    message = request_for(coap.FETCH, ["peer"])
    expect_code((await stranger.plain(message)).code, codes.UNAUTHORIZED, codes.UNSUPPORTED)


async def freshness(stranger: Stranger) -> None:
    """An empty offer by a new sender; then with the Echo; then replayed."""
    newcomer = stranger.another()
    async with newcomer.opened():
        echo = await _challenge(newcomer, None)
        wrong = await _challenge(newcomer, bytes(len(echo)))
        expect(wrong != bytes(len(echo)), "another Echo value", wrong.hex())
        message, digest = _offer(newcomer, wrong)
        done = newcomer.open(digest, await newcomer.plain(message))
        expect_code(done.code, codes.CHANGED)
        expect(done.signed, "a signed answer", "it is not")
        again = newcomer.open(digest, await newcomer.plain(message))
        expect_code(again.code, codes.UNAUTHORIZED)
        expect(again.message.get(coap.ECHO) is None, "no Echo for what was used", "one")
        answer = await newcomer.ask(coap.POST, "feeds", [])
        expect_code(answer.code, codes.CHANGED)


async def _challenge(stranger: Stranger, echo: bytes | None) -> bytes:
    """The Echo value in the signed answer to an offer."""
    for _ in range(2):  # the first one may be for the address, and is unsigned
        message, digest = _offer(stranger, echo)
        answer = stranger.open(digest, await stranger.plain(message))
        if answer.code in NOTHING_TAKEN:
            raise NotOffered("it is only read, and takes nothing that has to be new")
        expect_code(answer.code, codes.UNAUTHORIZED)
        found = answer.message.get(coap.ECHO)
        if found is None:
            raise Unmet("an Echo option", "none")
        if answer.signed:
            return found
        echo = found
    raise Unmet("a signed 4.01", "one without a signature, twice")


def _offer(stranger: Stranger, echo: bytes | None) -> tuple[Message, bytes]:
    message = request_for(coap.POST, ["feeds"])
    if echo is not None:
        message.add(coap.ECHO, echo)
    return message, stranger.seal(message, stranger.kit.encode([]))


CHECKS = (
    Check("4", "a signed question gets a signed answer, bound to it", signed),
    Check("4", "GET with Accept 18 gets what anybody can check", representation),
    Check("4", "a FETCH that is not signed is refused", unsigned_fetch),
    Check("4", "an unknown label of the header is ignored", unknown_label),
    Check("4", "a critical label is refused", critical_label),
    Check("4", "an unknown algorithm is refused", algorithm),
    Check("4", "a request that names no sender is refused", no_sender),
    Check("4", "the unprotected map is empty", unprotected),
    Check("4", "a wrong signature gets 4.01", wrong_signature),
    Check("4", "what is signed for another peer gets 4.01", other_recipient),
    Check("4", "what is signed for another path gets 4.01", other_path),
    Check("4", "S is less than L", large_s),
    Check("4", "a counter is taken once, and a new sender's after an Echo", freshness),
)
