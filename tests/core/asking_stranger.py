"""A stranger who asks for /feeds."""

from world import make_identity, make_kit

from mesh.core import codes
from mesh.core.coap import message as coap
from mesh.core.codec import cbor
from mesh.core.security.seal import open_response, seal_request
from mesh.core.security.signed_client import request_for


class Stranger:
    """Somebody with a key of its own, who signs what it likes."""

    def __init__(self, world, number):
        self.world = world
        self.identity = make_identity(number)
        self.address = (f"10.0.0.{number}", 5683)
        self.asked = 0

    def fetch(self, node, body, query=(), observe=True, accept=None):
        """The answer to FETCH /feeds; it is signed. If it asks for an Echo, that to the next."""
        answer, value = self._fetch(node, body, query, observe, accept)
        if answer.code == codes.UNAUTHORIZED and answer.get(coap.ECHO) is not None:
            return self._fetch(node, body, query, observe, accept, answer.get(coap.ECHO))
        return answer, value

    def _fetch(self, node, body, query, observe, accept, echo=None):
        self.asked += 1
        message = request_for(coap.FETCH, ["feeds"], query, observe)
        if accept is not None:
            message.add(coap.ACCEPT, accept)
        if echo is not None:
            message.add(coap.ECHO, echo)
        message.type = coap.CON
        message.mid = self.asked
        message.token = b"%d" % self.asked
        kit = make_kit(7)
        payload = kit.encode(body)
        digest = seal_request(kit, self.identity, node.peer.id, message, 60, payload)
        now_ms = self.world.now
        node.receive(now_ms, 0, self.address, coap.build(message))
        datagrams = []
        while (sending := node.next_send()) is not None:
            datagrams.append(sending[2])
        answer = coap.parse(datagrams[0])
        public = self.identity.public
        _, payload = open_response(kit, node.peer.id, public, digest, answer)
        return answer, cbor.decode(payload)
