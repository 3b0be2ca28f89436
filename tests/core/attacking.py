"""Two honest peers on a pretend network, what an attacker sends them, and how much they hold."""

import gc

from world import World, make_identity, make_kit

from mesh.core import codes
from mesh.core.coap import message as coap
from mesh.core.codec import cbor
from mesh.core.events import Answer, Reading
from mesh.core.full.requests import Questions
from mesh.core.limits import Limits
from mesh.core.node import COAP, Node
from mesh.core.peer_id import to_text
from mesh.core.policy.settings import parse
from mesh.core.security.seal import seal_request
from mesh.core.security.signed_client import request_for

if hasattr(gc, "threshold"):  # MicroPython: collect often, or what stays is strewn over the heap
    gc.threshold(400_000)

ANN, BEN, CAT, EVE = 1, 2, 3, 66
AT_EVE = ("10.6.6.6", 666)
BY_ANN = {"introduced_by": to_text(make_identity(ANN).public)}


class Scene:
    """Ann follows all she meets, and may set Ben's led and fan; `done` is what they did."""

    def __init__(self, **limits):
        self.world = world = World()
        limits.setdefault("tail", 16)  # full after a few exchanges, so that nothing has to grow
        self.kit = make_kit(EVE)
        self.ann, self.at_ann = world.add(ANN, {"follow": "*"}, **limits)
        self.ben, self.at_ben = world.add(BEN, BY_ANN, **limits)
        self.ann_signs = self.ann.asks._identity
        self.done = []
        self.ben.add_actuator("led", self.done.append, 0)
        self.ben.add_actuator("fan", self.done.append, 0)
        self.ben.add_sensor("temp", "Cel")
        self.said = []  # datagrams that `keep` wanted
        self.keep = self.swallow = lambda source, target, data: False
        world.lose = self._lose
        self.told = 0
        self._count = 0

    def _lose(self, source, target, data):
        if self.keep(source, target, data):
            self.said.append(data)
        return self.swallow(source, target, data)

    def start(self):
        """They find each other."""
        self.ann.start(self.world.now, False)
        self.ben.start(self.world.now, False)
        self.ann.candidate(self.world.now, self.ben.peer.id, self.at_ben, "given")
        self.world.run(5000)
        return self

    def meet(self):
        """They find each other, and from then on Ben knows Ann's counters."""
        self.start()
        self.exchange()
        return self

    def ask(self, code, path, value=None, node=None):
        """Ann, or that node, asks Ben; gives the Answer."""
        node = node or self.ann
        address = next(a for a in self.world.nodes if self.world.nodes[a] is node)
        payload = b"" if value is None else cbor.encode(value)
        number = node.ask(
            self.world.now,
            self.ben.peer.id,
            request_for(code, path),
            60 if payload else None,
            payload,
        )

        def found():
            return self.answers(number, address)

        assert self.world.run(30_000, found), "no answer came"
        return found()[-1]

    def answers(self, number, address=None):
        told = self.world.of(address or self.at_ann, Answer)
        return [e for e in told if e.number == number]

    def exchange(self):
        """An honest exchange: Ann sets Ben's led, and hears of his new reading."""
        self.told += 1
        self.ben.reading(self.world.now, "temp", self.told)
        answer = self.ask(coap.PUT, ["actuators", "led"], self.told)
        assert (answer.code, answer.signed) == (codes.CHANGED, True), answer
        assert self.done[-1] == self.told, self.done

        def heard():
            return self.told in self.readings()

        assert self.world.run(20_000, heard), (self.told, self.readings())
        self.forget()

    def forget(self):
        """What was seen need not be kept."""
        for address in self.world.events:
            self.world.events[address] = []
        self.done[:] = self.done[-1:]

    def readings(self):
        return [e.value for e in self.world.of(self.at_ann, Reading)]

    def arrive(self, data, source=AT_EVE, target=None, channel=COAP, silent=False):
        """A datagram arrives at Ben, or at `target`; gives what is answered at once, or after a
        ping, which is answered, too, or not (`silent`).
        """
        target = target or self.at_ben
        replies = self._arrive(data, source, target, channel)
        pings = [m for m in replies if (m.type, m.code) == (coap.CON, 0)]
        for ping in pings:
            replies.remove(ping)
            reset = coap.Message(0, b"", coap.RST, ping.mid)
            if not silent:
                replies += self._arrive(coap.build(reset), source, target, channel)
        while pings and not replies:
            self.world.step()
            replies = [m for m in self._sent_to(source, 0) if m.code]
        return replies

    def _arrive(self, data, source, target, channel):
        before = len(self.world.flying)
        self.world.inject(source, target, data, channel)
        return self._sent_to(source, before)

    def _sent_to(self, source, before):
        """What is on its way there, taken out."""
        flying = self.world.flying
        replies = [f for f in flying[before:] if f[4] == source]
        self.world.flying = [f for f in flying if f not in replies]
        return [coap.parse(f[5]) for f in replies]

    def signed(self, who, code, path, value=None, **more):
        """A signed request to Ben as a datagram, with a message id of its own."""
        return coap.build(self.request(who, code, path, value, **more))

    def request(self, who, code, path, value=None, **more):
        """`who`: an Identity or a number; more: echo, observe, recipient, quiet (No-Response)."""
        message = request_for(code, path, observe=more.get("observe", False))
        for number, name in ((coap.ECHO, "echo"), (coap.NO_RESPONSE, "quiet")):
            if name in more:
                message.add(number, more[name])
        payload = b"" if value is None else value if isinstance(value, bytes) else None
        payload = cbor.encode(value) if payload is None else payload
        recipient = more.get("recipient", self.ben.peer.id)
        signer = make_identity(who) if isinstance(who, int) else who
        seal_request(self.kit, signer, recipient, message, 60, payload)
        return self.numbered(message)

    def numbered(self, message):
        """The message with an id that no recent one had."""
        self._count += 1
        message.token = b"eve!"
        message.mid = self._count * 257 & 0xFFFF
        return message


def join(world, identity, address, settings, boots):
    """A node of that identity at that address; after a restart it remembers nothing."""
    node = Node(make_kit(boots + address[1]), identity, parse(settings), Limits(), boots)
    node.ask = Questions(node).ask
    world.nodes[address] = node
    world.events[address] = []
    node.start(world.now, False)
    return node


def weigh(*roots):
    """How much objects hold: one for each object, and the length of each that has one."""
    seen = set()
    weight = 0
    waiting = list(roots)
    while waiting:
        one = waiting.pop()
        if id(one) in seen or isinstance(one, type):
            continue
        seen.add(id(one))
        weight += 1
        if isinstance(one, (bytes, bytearray, str)):
            weight += len(one)
        elif isinstance(one, dict):
            weight += len(one)
            waiting += list(one.keys()) + list(one.values())
        elif isinstance(one, (list, tuple, set)) or type(one).__name__ == "deque":
            weight += len(one)
            waiting += list(one)
        elif hasattr(one, "__dict__") and not callable(one):
            waiting += list(one.__dict__.values())
    return weight
