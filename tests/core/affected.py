"""A peer with a fan and a thermometer, agreements that act there, and who sets its fan."""

from two_nodes import ask, two
from world import make_identity

from mesh.core.coap import message as coap
from mesh.core.codec import cbor
from mesh.core.peer_id import to_text
from mesh.core.relations import mark as marks
from mesh.core.relations import pact as pacts
from mesh.core.relations.agreements import Agreements
from mesh.core.relations.effects import Effects
from mesh.core.relations.mark import YES
from mesh.core.resources.granted import granted
from mesh.core.security.signed_client import request_for

ME, ANN, EVE = [make_identity(n).public for n in (1, 2, 3)]
FIRST, NEXT = b"f" * 32, b"n" * 32
NAMES = {"ann": to_text(ANN), "eve": to_text(EVE)}
ACT = {"who": ["ann"], "term": "act", "on": "fan", "low": 0, "high": 10, "seconds": 600}
WHEN = {"who": ["ann"], "term": "when", "on": "fan", "low": 20, "high": 35}
EVERY = {"who": "*", "term": "every", "low": 5}
OWN = {"when": "self/temp", "above": 40, "set": "fan", "to": 9, "else": 0}


class Object:
    """A peer with a fan and a thermometer, another one, and agreements between them."""

    def __init__(self, *rows, rules=(), kept=(), **more):
        settings = {
            "names": NAMES,
            "sensors": {"temp": {}},
            "actuators": {"fan": {}, "led": {}},
            "consent": list(rows),
            "rules": list(rules),
        }
        self.world, self.me, self.at, self.ann, self.at_ann = two(dict(settings, **more))
        assert (self.me.peer.id, self.ann.peer.id) == (ME, ANN)
        self.set = []
        self.me.add_actuator("fan", self.set.append, 0)
        self.me.add_actuator("led", self.set.append, None)
        self.paces = []
        self.facts = Agreements(self.me.peer.kit, ME)
        rows = self.me.profile.consent
        pace = lambda _, paces: self.paces.append(paces)  # noqa: E731
        self.effects = Effects(self.me, self.facts, rows, pace)
        self.effects.lent.remembered_by(self.remember)
        self.kept = []
        self.me.add(self.effects)
        self.me.peer.provide(resources=(granted(self.effects),))
        self.effects.lent.restore(self.world.now, kept)
        self.now = {}
        self.world.run(5000)

    def remember(self, kept):
        self.kept = kept

    def agree(self, ref, *terms, author=ANN, span=None, parties=None):
        """Have an agreement with these terms run."""
        parties = parties or [ANN if author == ME else ME]
        body = pacts.make(parties=parties, terms=list(terms), span=span)
        self.now[ref] = pacts.check(body)
        self.facts.pact(ref, author, self.now[ref])
        self.facts.mark(parties[0], marks.check(marks.make(ref, YES)))
        self.look()

    def end(self, ref):
        self.now.pop(ref)
        self.look()

    def look(self):
        self.effects.changed(self.world.now, sorted(self.now.items()))
        self.run(0)

    def run(self, ms):
        self.world.drain()
        self.world.now += ms  # World.run() would jump beyond that, to what happens next
        self.me.tick(self.world.now)
        self.world.drain()

    def measure(self, value):
        self.me.reading(self.world.now, "temp", value)
        self.run(0)

    def put(self, value, name="fan"):
        """Have the other one set an actuator. Gives the code and the text of the answer."""
        request = request_for(coap.PUT, ["actuators", name])
        body = cbor.encode(value)
        answer = ask(self.world, self.ann, self.at_ann, ME, request, body)
        return answer.code, answer.error or ""

    @property
    def fan(self):
        return self.me.peer.actuators["fan"][1]


def act(low, high, seconds, name="fan"):
    return ["act", name, low, high, seconds]


def when(number, value, other=None, side="above", peer=None):
    return ["when", peer, "temp", side, number, "fan", value, other]
