"""What a signature binds: every bit of it, and nothing of what says how a message travels."""

import flipping
from helpers import raises
from pair import Two, changed

from mesh.core import codes
from mesh.core.coap import message as coap
from mesh.core.errors import RemoteError
from mesh.core.security.seal import open_response


def test_every_bit_of_a_request():
    two = Two()
    message, _ = two.request(echo=bytes(range(12)))
    datagram = coap.build(message)
    refused, same = flipping.check(datagram, lambda m: two.opened_by(two.bob, m))
    assert same in range(40, 43), same  # message id, token, and types that go with a request
    assert refused + same == 8 * len(datagram), refused


def test_every_bit_of_a_response():
    two = Two()
    _, digest = two.request()
    datagram = coap.build(two.response(digest))

    def open_it(message):
        return open_response(two.kit, two.bob.public, two.alice.public, digest, message)

    refused, same = flipping.check(datagram, open_it)
    assert same in range(40, 43), same
    assert refused + same == 8 * len(datagram), refused


def test_what_is_not_bound():
    """It may change on the way; what is said stays the same."""
    two = Two()
    message, digest = two.request()
    expected = two.opened_by(two.bob, message)
    message.type, message.mid, message.token = coap.NON, 9, b"another"
    message.add(coap.BLOCK1, 0x1D).add(coap.BLOCK2, 5).add(coap.SIZE1, 300).add(
        coap.NO_RESPONSE, 2
    )
    assert two.opened_by(two.bob, coap.parse(coap.build(message))) == expected
    response = two.response(digest)
    response.add(coap.MAX_AGE, 5).add(coap.ECHO, b"abc").add(coap.BLOCK2, 0x1D)
    response.type, response.mid, response.token = coap.CON, 9, b""
    opened = open_response(two.kit, two.bob.public, two.alice.public, digest, response)
    assert opened == (112, b"\x81\xa0"), opened


def test_bound_options_of_a_request():
    two = Two()
    message, _ = two.request(echo=b"\x01\x02")
    others = [
        changed(message, coap.URI_PATH, None),
        changed(message, coap.URI_PATH, "sensors"),
        changed(message, coap.URI_PATH, "sensors/temperature"),
        changed(message, coap.URI_PATH, "sensors").add(coap.URI_PATH, "humidity"),
        changed(message, coap.URI_PATH, "temperature").add(coap.URI_PATH, "sensors"),
        changed(message, coap.URI_PATH, b"sensors").add(coap.URI_PATH, b"\xc3\x28"),
        changed(message, coap.URI_QUERY, None),
        changed(message, coap.URI_QUERY, "since=6"),
        changed(message, coap.URI_QUERY, "since=5").add(coap.URI_QUERY, ""),
        changed(message, coap.OBSERVE, None),
        changed(message, coap.OBSERVE, 0),
        changed(message, coap.ACCEPT, None),
        changed(message, coap.ACCEPT, 60),
        changed(message, coap.ECHO, None),
        changed(message, coap.ECHO, b""),
        changed(message, coap.ECHO, b"\x01\x02\x03"),
    ]
    for code in (coap.GET, coap.POST, coap.PUT, coap.DELETE, 6):
        other = coap.parse(coap.build(message))
        other.code = code
        others.append(other)
    for other in others:
        assert raises(RemoteError, two.opened_by, two.bob, other).code in (0x80, 0x81), (
            other.options
        )
    for content_format in (None, 0, 60, 17, 19):
        other = changed(message, coap.CONTENT_FORMAT, content_format)
        assert raises(RemoteError, two.opened_by, two.bob, other).code == 0x8F, content_format


def test_an_option_that_is_cut_or_doubled_is_seen_as_it_is_bound():
    """The receiver acts on the first one, unless it is too long: so does the signature."""
    two = Two()
    message, _ = two.request()
    for number, value in ((coap.OBSERVE, b"\x00\x00\x00\x01"), (coap.ACCEPT, b"\x00\x00\x70")):
        other = coap.parse(coap.build(message))
        at = [n for n, _ in other.options].index(number)
        other.options.insert(at, (number, value))
        assert other.uint(number) is None, "too long to be acted on"
        raises(RemoteError, two.opened_by, two.bob, other)
    for number, value in ((coap.OBSERVE, b"\x00\x01"), (coap.ACCEPT, b"\x00\x70")):
        other = coap.parse(coap.build(message))
        other.drop(number)
        other.options = sorted(other.options + list({number: value}.items()))
        two.opened_by(two.bob, other)  # the same number, written longer


def test_bound_options_of_a_response():
    two = Two()
    _, digest = two.request()
    response = two.response(digest)
    others = [changed(response, coap.OBSERVE, value) for value in (None, 0, 76, 78)]
    for code in (codes.CHANGED, codes.VALID, codes.BAD_REQUEST, codes.FORBIDDEN, 0x5D):
        other = coap.parse(coap.build(response))
        other.code = code
        others.append(other)
    for other in others:
        parts = (two.kit, two.bob.public, two.alice.public, digest, other)
        assert raises(RemoteError, open_response, *parts).code == 0x81, other.options
