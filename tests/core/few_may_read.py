"""A peer with sensors and actuators that few may read, and somebody who asks it directly."""

from world import World, make_identity, make_kit

from mesh.core import codes
from mesh.core.coap import message as coap
from mesh.core.codec import cbor
from mesh.core.peer_id import to_text
from mesh.core.security.seal import open_response, seal_request
from mesh.core.security.signed_client import request_for

HOLDER, FRIEND, STRANGER = 7, 8, 9


def name_of(number):
    return to_text(make_identity(number).public)


SETTINGS = {
    "introduced_by": name_of(HOLDER),
    "sensors": {
        "open": {"kind": "any"},
        "hidden": {"kind": "any", "share": "nobody"},
        "nobody": {"kind": "any", "share": []},
        "named": {"kind": "any", "share": [name_of(FRIEND)]},
        "broken": {"kind": "any", "share": "nobody"},
    },
    "actuators": {
        "lamp": {"kind": "any"},
        "bolt": {"kind": "any"},
        "gate": {"kind": "any", "allow": [name_of(FRIEND)]},
    },
    "share": {"/actuators/bolt": "nobody", "/actuators/gate": [name_of(FRIEND)]},
}
HIDDEN = ("hidden", "nobody", "named", "broken", "bolt", "gate")


ALL = ("open", "lamp", "hidden", "nobody", "named", "broken", "bolt", "gate")


class Scene:
    """A peer with things that few may read, and somebody who asks it directly."""

    def __init__(self):
        self.world = World()
        self.node, _ = self.world.add(1, SETTINGS)
        self.node.start(self.world.now, False)
        for name in ("open", "hidden", "nobody", "named", "broken"):
            self.node.add_sensor(name, "Cel")
        for name in ("lamp", "bolt", "gate"):
            self.node.add_actuator(name, lambda value: None, False)
        for name in ("open", "hidden", "nobody", "named"):
            self.node.reading(self.world.now, name, 20)
        self.node.sensor_failed("broken", "no answer")
        self.kit = make_kit(5)
        self.who = {n: make_identity(n) for n in (HOLDER, FRIEND, STRANGER)}
        self.asked = 0

    def ask(self, number, code, path, accept=None, observe=False, value=None):
        """(code, options, payload) of the answer; number None asks unsigned."""
        answer = self._ask(number, code, path, (accept, None), observe, value)
        echo = answer[0].get(coap.ECHO)
        if echo is not None:
            answer = self._ask(number, code, path, (accept, echo), observe, value)
        message, form, payload = answer
        options = [o for o in message.options if o[0] not in (coap.ECHO, coap.CONTENT_FORMAT)]
        return message.code, form, options, payload

    def _ask(self, number, code, path, options, observe, value):
        self.asked += 1
        source = (f"10.0.0.{number or 99}", 5683)
        self.node.endpoint.prove(source)
        message = request_for(code, path, (), observe)
        for n in range(2):
            if options[n] is not None:
                message.add((coap.ACCEPT, coap.ECHO)[n], options[n])
        message.type, message.mid, message.token = coap.CON, self.asked, b"%d" % self.asked
        digest = None
        if number is not None:
            body = b"" if value is None else cbor.encode(value)
            form = 60 if body else None
            to = self.node.peer.id
            digest = seal_request(self.kit, self.who[number], to, message, form, body)
        self.world.now += 1000
        self.node.receive(self.world.now, 0, source, coap.build(message))
        found = []
        while (sending := self.node.next_send()) is not None:
            answer = coap.parse(sending[2])
            if sending[1] == source and answer.token == message.token:
                found.append(answer)
        answer = found[0]
        form, payload = answer.uint(coap.CONTENT_FORMAT), answer.payload
        if form == 18 and digest is not None:
            public = self.who[number].public
            form, payload = open_response(self.kit, self.node.peer.id, public, digest, answer)
        return answer, form, payload

    def content(self, number, *path):
        """What is at a path, for somebody who signs."""
        code, _, _, payload = self.ask(number, coap.FETCH, list(path))
        assert code == codes.CONTENT, (path, payload)
        return cbor.decode(payload)
