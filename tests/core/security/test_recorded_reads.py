"""A question that was recorded reads nothing later of what not everybody may read."""

from attacking import AT_EVE
from world import World, make_identity, make_kit

from mesh.core import codes
from mesh.core.coap import message as coap
from mesh.core.codec import cbor
from mesh.core.peer_id import to_text
from mesh.core.security.seal import open_response, seal_request
from mesh.core.security.signed_client import request_for

FRIEND, OTHER = 8, 9
NAMED = [to_text(make_identity(FRIEND).public)]
SETTINGS = {
    "sensors": {"open": {"kind": "any"}, "secret": {"kind": "any", "share": NAMED}},
    "actuators": {"gate": {"kind": "any"}},
    "share": {"/actuators/gate": NAMED, "/peers": NAMED, "/feeds": NAMED},
}
PRIVATE = (["sensors", "secret"], ["actuators", "gate"], ["peers"], ["feeds"])
LISTS = (["peer"], ["sensors"], ["actuators"], [".well-known", "core"])


class Scene:
    """A peer that shows a friend more than others; a friend who asks, and who records him."""

    def __init__(self, settings=SETTINGS):
        self.world = World()
        self.node, _ = self.world.add(1, settings)
        self.node.start(self.world.now, False)
        for name in ("open", "secret"):
            self.node.add_sensor(name, "Cel")
        self.node.add_actuator("gate", lambda value: None, False)
        self.measure(20)
        self.kit = make_kit(5)
        self.who = {n: make_identity(n) for n in (FRIEND, OTHER)}
        self.mids = 0
        self.digests = {}

    def measure(self, value):
        for name in ("open", "secret"):
            self.node.reading(self.world.now, name, value)

    def question(self, number, path, code=coap.FETCH, echo=None, observe=False, value=None):
        message = request_for(code, path, (), observe)
        if echo is not None:
            message.add(coap.ECHO, echo)
        body = b"" if value is None else cbor.encode(value)
        digest = seal_request(self.kit, self.who[number], self.node.peer.id, message, 60, body)
        self.digests[message.payload] = digest
        return message

    def arrive(self, message, source):
        """A message arrives as no duplicate; (code, Echo, payload) of the answer, or None."""
        self.mids += 1
        message.type, message.mid, message.token = coap.CON, self.mids, b"%d" % self.mids
        self.node.endpoint.prove(source)
        self.node.receive(self.world.now, 0, source, coap.build(message))
        found = []
        while (sending := self.node.next_send()) is not None:
            answer = coap.parse(sending[2])
            if sending[1] == source and answer.token == message.token:
                found.append(answer)
        return found[0] if found else None

    def ask(self, number, path, **more):
        """Ask until it is answered: (what was put, in its order; the last answer)."""
        put = [self.question(number, path, **more)]
        answer = self.arrive(put[0], (f"10.0.0.{number}", 5683))
        if answer.get(coap.ECHO) is not None:
            put.append(self.question(number, path, echo=answer.get(coap.ECHO), **more))
            answer = self.arrive(put[1], (f"10.0.0.{number}", 5683))
        return put, answer

    def opened(self, number, message, answer):
        digest = self.digests[message.payload]
        public = self.who[number].public
        return open_response(self.kit, self.node.peer.id, public, digest, answer)[1]


def reads_nothing(scene, recorded):
    """Whoever recorded these questions gets no content, from wherever."""
    scene.world.now += 2000
    scene.measure(33)
    for message in recorded:
        for source in (AT_EVE, (f"10.0.0.{FRIEND}", 5683)):
            answer = scene.arrive(message, source)
            assert answer.code == codes.UNAUTHORIZED, (message.path(), answer.code)
    assert not scene.node.serving._watchers


def test_a_recorded_question_reads_nothing_later():
    for code in (coap.FETCH, coap.GET):
        scene = Scene()
        recorded = []
        for path in PRIVATE + LISTS:
            put, answer = scene.ask(FRIEND, path, code=code)
            assert answer.code == codes.CONTENT, (path, answer.code)
            recorded += put
        reads_nothing(scene, recorded)


def test_one_who_is_known_is_not_asked_for_an_echo_again():
    scene = Scene()
    lengths = [len(scene.ask(FRIEND, path)[0]) for path in PRIVATE + LISTS]
    assert lengths == [2] + [1] * (len(lengths) - 1), lengths


def test_a_recorded_observation_begins_no_other():
    scene = Scene()
    put, answer = scene.ask(FRIEND, ["sensors", "secret"], observe=True)
    assert answer.get(coap.OBSERVE) is not None and len(scene.node.serving._watchers) == 1
    for ticket in list(scene.node.serving._watchers):
        scene.node.serving.gone(ticket)
        scene.node.endpoint.end(ticket)
    reads_nothing(scene, put)


def test_it_is_so_after_a_restart():
    scene = Scene()
    put, _ = scene.ask(FRIEND, ["sensors", "secret"])
    scene.node, _ = scene.world.add(1, SETTINGS, 2)
    scene.node.start(scene.world.now, False)
    for name in ("open", "secret"):
        scene.node.add_sensor(name, "Cel")
    scene.node.add_actuator("gate", lambda value: None, False)
    reads_nothing(scene, put)


def test_updates_are_read_by_new_questions_only():
    scene = Scene()
    offers = []

    def offered(who, wish):
        offers.append(who)
        return [b"offer"]

    scene.node.peer.offered = offered
    put, answer = scene.ask(OTHER, ["updates"], value=[b"x" * 32, 0, 100])
    assert (answer.code, len(put), len(offers)) == (codes.CONTENT, 2, 1)
    reads_nothing(scene, put)
    assert len(offers) == 1, offers


def test_what_all_may_read_needs_no_echo():
    """Of who sees no more than everybody, whatever he asks: it costs no round trip."""
    scene = Scene()
    open_to_all = list(LISTS)
    open_to_all += [["sensors", "open"], ["time"]]
    for path in open_to_all:
        put, answer = scene.ask(OTHER, path)
        assert (answer.code, len(put)) == (codes.CONTENT, 1), (path, answer.code)
    everything = Scene({"sensors": {"open": {"kind": "any"}}})
    put, answer = everything.ask(FRIEND, ["feeds"])
    assert (answer.code, len(put)) == (codes.CONTENT, 1)
    assert everything.opened(FRIEND, put[0], answer)


def test_who_may_not_read_takes_no_place_among_those_who_may():
    scene = Scene()
    for path in PRIVATE:
        put, answer = scene.ask(OTHER, path)
        assert len(put) == 1 and answer.code in (codes.FORBIDDEN, codes.NOT_FOUND), answer.code
    assert not scene.node.gate._freshness._senders
