"""Two peers whose signatures are hashes, and a request and a response between them."""

import signers

from mesh.core import codes
from mesh.core.coap import message as coap
from mesh.core.security.seal import open_request, seal_request, seal_response


class Two:
    """Alice asks, Bob answers; Carol is somebody else."""

    def __init__(self):
        self.kit = signers.make_hash_kit()
        self.alice = signers.hash_identity(1, 2**40)
        self.bob = signers.hash_identity(2, 5)
        self.carol = signers.hash_identity(3)

    def request(self, code=coap.FETCH, path=("sensors", "temperature"), echo=None):
        message = coap.Message(code, b"", coap.CON, 0x1234, b"\x01\x02\x03")
        message.add(coap.OBSERVE, 1).add(coap.ACCEPT, 112).add(coap.URI_QUERY, "since=5")
        for part in path:
            message.add(coap.URI_PATH, part)
        if echo is not None:
            message.add(coap.ECHO, echo)
        digest = seal_request(self.kit, self.alice, self.bob.public, message, 60, b"\xa1\x01\x02")
        return message, digest

    def response(self, digest, observe=77):
        message = coap.Message(codes.CONTENT, b"", coap.NON, 0x4321, b"\x01\x02\x03")
        message.add(coap.OBSERVE, observe)
        seal_response(self.kit, self.bob, self.alice.public, digest, message, 112, b"\x81\xa0")
        return message

    def opened_by(self, who, message):
        return open_request(self.kit, who.public, message)


def changed(message, number, value):
    """The message with this option set to one other value, or taken out."""
    other = coap.parse(coap.build(message))
    other.drop(number)
    if value is not None:
        other.add(number, value)
    return other
