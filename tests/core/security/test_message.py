"""Signed messages: the vectors, and everything that could be moved elsewhere or sent again."""

import making
import signers
from board_keys import ed25519
from helpers import hexed, raises, vectors
from pair import Two, changed
from signers import ALICE, BOB, CAROL

from mesh.core import codes
from mesh.core.coap import message as coap
from mesh.core.errors import RemoteError, Stale
from mesh.core.kit import Kit
from mesh.core.limits import Limits
from mesh.core.security.replay import Freshness
from mesh.core.security.seal import (
    open_representation,
    open_request,
    open_response,
    seal_representation,
    seal_request,
    seal_response,
)


def cases(what):
    return [case for case in vectors("messages") if case["what"] == what]


def from_hex(case, name):
    return bytes.fromhex(case[name])


def test_vectors_are_what_the_protocol_says():
    assert vectors("messages") == making.messages()


def test_request_vectors():
    kit = signers.make_kit()
    for case in cases("request"):
        sender = signers.identity(ALICE, case["counter"])
        message = making.request_message(case)
        digest = seal_request(
            kit,
            sender,
            from_hex(case, "recipient"),
            message,
            case["content format"],
            from_hex(case, "payload"),
        )
        assert digest.hex() == case["digest"], case["meaning"]
        assert coap.build(message).hex() == case["datagram"], case["meaning"]
        message = coap.parse(from_hex(case, "datagram"))
        opened = open_request(kit, from_hex(case, "recipient"), message)
        assert opened.sender.hex() == case["sender"], case["meaning"]
        assert opened.counter == case["counter"], case["meaning"]
        assert opened.content_format == case["content format"], case["meaning"]
        assert hexed(opened.payload) == case["payload"], case["meaning"]
        assert opened.digest.hex() == case["digest"], case["meaning"]


def test_response_vectors():
    kit = signers.make_kit()
    responder = signers.identity(BOB)
    for case in cases("response"):
        requester, digest = from_hex(case, "requester"), from_hex(case, "request digest")
        message = making.response_message(case)
        payload = from_hex(case, "payload")
        seal_response(kit, responder, requester, digest, message, case["content format"], payload)
        assert coap.build(message).hex() == case["datagram"], case["meaning"]
        message = coap.parse(from_hex(case, "datagram"))
        opened = open_response(kit, responder.public, requester, digest, message)
        assert opened == (case["content format"], payload), case["meaning"]


def test_representation_vectors():
    kit = signers.make_kit()
    for case in cases("representation"):
        identity = signers.identity(BOB, case["counter"])
        payload = from_hex(case, "payload")
        data = seal_representation(kit, identity, case["content format"], payload)
        assert data.hex() == case["COSE_Sign1"], case["meaning"]
        opened = open_representation(kit, data)
        expected = (identity.public, case["counter"], case["content format"], payload, b"")
        assert tuple(opened) == expected, case["meaning"]


def test_refused_vectors():
    kit = signers.make_kit()
    first = cases("request")[0]
    for case in cases("refused") + cases("accepted"):
        message = making.request_message(first)
        message.add(coap.CONTENT_FORMAT, 18)
        message.payload = from_hex(case, "COSE_Sign1")
        recipient = from_hex(first, "recipient")
        if case["code"] is None:
            opened = open_request(kit, recipient, message)
            assert (opened.counter, opened.payload) == (7, b"\xf5"), case["meaning"]
        else:
            error = raises(RemoteError, open_request, kit, recipient, message)
            assert codes.text(error.code) == case["code"], (case["meaning"], error.detail)


def test_a_response_that_names_its_signer():
    """kid may be there, but it must be whom was asked."""
    kit = signers.make_kit()
    case = cases("response")[1]
    aad, payload = signers.response_aad(case), from_hex(case, "payload")
    requester, digest = from_hex(case, "requester"), from_hex(case, "request digest")
    bob = ed25519.public_key(BOB)
    for kid, good in ((bob, True), (ed25519.public_key(CAROL), False)):
        message = making.response_message(case)
        message.add(coap.CONTENT_FORMAT, 18)
        message.payload = signers.cose_of(BOB, signers.protected_of(60, kid, None), aad, payload)
        if good:
            assert open_response(kit, bob, requester, digest, message) == (60, payload)
        else:
            raises(RemoteError, open_response, kit, bob, requester, digest, message)


def test_a_request_moved_elsewhere():
    two = Two()
    message, _ = two.request()
    assert raises(RemoteError, two.opened_by, two.carol, message).code == 0x81
    assert raises(RemoteError, two.opened_by, two.alice, message).code == 0x81
    assert raises(RemoteError, open_representation, two.kit, message.payload).code == 0x81


def test_a_response_moved_elsewhere():
    two = Two()
    request, digest = two.request()
    _, other_digest = two.request()
    assert digest != other_digest, "the counter makes each request its own"
    response = two.response(digest)
    alice, bob, carol = two.alice.public, two.bob.public, two.carol.public
    for responder, requester, asked in (
        (bob, alice, other_digest),
        (bob, carol, digest),
        (carol, alice, digest),
        (bob, bob, digest),
    ):
        error = raises(RemoteError, open_response, two.kit, responder, requester, asked, response)
        assert error.code == 0x81, error.detail
    assert raises(RemoteError, two.opened_by, two.alice, response).code == 0x80, "no request"
    raises(RemoteError, open_response, two.kit, alice, bob, digest, request)


def freshness(seed):
    kit = Kit(signers.sha256, None, None, None, lambda n: signers.sha256(b"%d" % seed)[:n])
    return Freshness(kit, Limits())


def arrives(two, window, now_ms, message):
    """A request reaches Bob: it is opened, and accepted or answered by Stale."""
    opened = two.opened_by(two.bob, message)
    window.accept(now_ms, opened.sender, opened.counter, message.get(coap.ECHO))


def test_replays():
    two = Two()
    window = freshness(1)
    lamp = ("actuators", "lamp")
    first, _ = two.request(coap.PUT, lamp)
    echo = raises(Stale, arrives, two, window, 1000, first).echo
    second, _ = two.request(coap.PUT, lamp, echo)
    arrives(two, window, 1100, second)
    third, _ = two.request(coap.PUT, lamp)
    arrives(two, window, 1200, third)
    for old in (first, second, third):
        assert raises(Stale, arrives, two, window, 1300, old).echo is None, "no Echo for a replay"
    moved = changed(third, coap.URI_PATH, "actuators").add(coap.URI_PATH, "heater")
    assert raises(RemoteError, arrives, two, window, 1300, moved).code == 0x81
    without_memory = freshness(2)
    for old in (first, second, third):
        again = raises(Stale, arrives, two, without_memory, 1300, old).echo
        assert again is not None and again != echo, again
    fourth, _ = two.request(coap.PUT, lamp, again)
    arrives(two, without_memory, 1400, fourth)
    for old in (first, second, third, fourth):
        raises(Stale, arrives, two, without_memory, 1500, old)


def test_a_content_type_only_with_a_payload():
    two = Two()
    message = coap.Message(coap.FETCH)
    seal_request(two.kit, two.alice, two.bob.public, message, 60, b"")
    opened = two.opened_by(two.bob, message)
    assert (opened.content_format, opened.payload) == (None, b""), opened
