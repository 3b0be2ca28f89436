"""A board's Ed25519 and the desktop's sign and accept alike, or peers would drift apart."""

import hashlib
import json

import flipping
import making
import needs
import pytest
from board_process import BoardKeys
from hypothesis import example, given
from hypothesis import strategies as st

from mesh.core import codes
from mesh.core.coap import message as coap
from mesh.core.errors import RemoteError
from mesh.core.security.seal import open_request, open_response, seal_request, seal_response
from mesh.hub import desktop_kit

VECTORS = needs.ROOT / "tests" / "vectors"
KIT = desktop_kit.make_kit()
P = 2**255 - 19
SECRETS = st.binary(min_size=32, max_size=32)


def vectors(name):
    return json.loads((VECTORS / f"{name}.json").read_text())


def counting():
    numbers = iter(range(1000))
    return lambda: next(numbers)


@pytest.fixture(scope="module")
def board():
    """A board's Ed25519, as machine code."""
    interpreter = needs.micropython()
    if interpreter is None:
        needs.missing("no micropython: `make test` installs one, or set $MICROPYTHON")
    with BoardKeys(interpreter, str(needs.ROOT)) as one:
        yield one


def both_verify(board, public, signature, data):
    answers = board.verify(public, signature, data), KIT.verify(public, signature, data)
    assert answers[0] is answers[1], (public.hex(), signature.hex(), data.hex())
    return answers[0]


@pytest.mark.parametrize("case", vectors("keys"), ids=lambda case: case.get("meaning", "a key"))
def test_vectors(case):
    public, signature, data = (
        bytes.fromhex(case[name]) for name in ("public", "signature", "data")
    )
    assert KIT.verify(public, signature, data) is case.get("valid", True)
    if "secret" in case:
        identity = desktop_kit.make_identity(bytes.fromhex(case["secret"]), counting())
        assert (identity.public, identity.sign(data)) == (public, signature)


@given(SECRETS, st.binary(max_size=300))
@example(bytes(32), b"")
@example(b"\xff" * 32, b"\xff" * 111)
def test_sign_alike(board, secret, data):
    identity = desktop_kit.make_identity(secret, counting())
    public = board.public_key(secret)
    assert public == identity.public
    signature = board.sign(secret, public, data)
    assert signature == identity.sign(data)
    assert both_verify(board, public, signature, data)
    assert not both_verify(board, public, signature, data + b"\x00")


@given(SECRETS, st.integers(0, 95), st.integers(1, 255))
def test_one_byte_changed(board, secret, at, change):
    public = board.public_key(secret)
    parts = bytearray(public + board.sign(secret, public, b"data"))
    parts[at] ^= change
    assert not both_verify(board, bytes(parts[:32]), bytes(parts[32:]), b"data")


@given(st.binary(min_size=30, max_size=34), st.binary(min_size=62, max_size=66), st.binary())
def test_any_bytes(board, public, signature, data):
    both_verify(board, public, signature, data)


@given(st.integers(0, 2**256 - 1), st.integers(0, 2**256 - 1), st.integers(0, 40))
def test_any_points_and_scalars(board, public, point, scalar):
    """Points near the edges of their encoding."""
    for y in (public, scalar, P - 20 + scalar, (1 << 255) + scalar):
        for r in (point, scalar, P - 20 + scalar):
            signature = r.to_bytes(32, "little") + scalar.to_bytes(32, "little")
            both_verify(board, y.to_bytes(32, "little"), signature, b"")


@given(st.binary(max_size=600))
def test_sha512(board, data):
    assert board.sha512(data) == hashlib.sha512(data).digest()


def test_keys_are_kept_but_not_too_many():
    kit = desktop_kit.make_kit(keys=4)
    signed = []
    for n in range(10):
        identity = desktop_kit.make_identity(bytes((n,)) * 32, counting())
        signed.append((identity.public, identity.sign(b"x")))
    for _ in range(2):
        for public, signature in signed:
            assert kit.verify(public, signature, b"x")
            assert not kit.verify(public, signature, b"y")


def test_secrets_differ():
    assert desktop_kit.new_secret() != desktop_kit.new_secret()
    assert len(KIT.random(5)) == 5


def test_every_bit_with_real_signatures():
    alice, bob = (desktop_kit.make_identity(bytes((n,)) * 32, counting()) for n in (1, 2))
    message = coap.Message(coap.PUT, b"", coap.CON, 0x1234, b"\x01\x02")
    message.add(coap.URI_PATH, "actuators").add(coap.URI_PATH, "lamp").add(coap.ECHO, b"123456")
    digest = seal_request(KIT, alice, bob.public, message, 60, b"\xf5")
    datagram = coap.build(message)
    refused, same = flipping.check(datagram, lambda m: open_request(KIT, bob.public, m))
    assert refused + same == 8 * len(datagram)
    answer = coap.Message(codes.CHANGED, b"", coap.ACK, 0x1234, b"\x01\x02").add(coap.OBSERVE, 9)
    seal_response(KIT, bob, alice.public, digest, answer, 257, b"\xa0")
    datagram = coap.build(answer)
    refused, same = flipping.check(
        datagram, lambda m: open_response(KIT, bob.public, alice.public, digest, m)
    )
    assert refused + same == 8 * len(datagram)


def test_message_vectors_by_the_desktop():
    for case in vectors("messages"):
        if case["what"] in ("refused", "accepted"):
            first = vectors("messages")[0]
            message = making.request_message(first).add(coap.CONTENT_FORMAT, 18)
            message.payload = bytes.fromhex(case["COSE_Sign1"])
            recipient = bytes.fromhex(first["recipient"])
            try:
                open_request(KIT, recipient, message)
                code = None
            except RemoteError as error:
                code = codes.text(error.code)
            assert code == case["code"], case["meaning"]
        elif case["what"] == "request":
            message = coap.parse(bytes.fromhex(case["datagram"]))
            opened = open_request(KIT, bytes.fromhex(case["recipient"]), message)
            assert opened.payload.hex() == case["payload"], case["meaning"]
