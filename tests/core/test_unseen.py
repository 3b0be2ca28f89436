"""What a peer may not read is for it as if it were not there: code, bytes, lists, feeds."""

from world import World, make_identity, make_kit

from mesh.core import cbor, coap
from mesh.core.asks import request_for
from mesh.core.ids import to_text
from mesh.core.message import open_response, seal_request

HOLDER, FRIEND, STRANGER = 7, 8, 9
METHODS = (coap.GET, coap.FETCH, coap.POST, coap.PUT, coap.DELETE, 6, 7)


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
        assert code == coap.CONTENT, (path, payload)
        return cbor.decode(payload)


def alike(scene, number, code, kind, name, **more):
    """Whether a hidden thing is answered as one that is not there, of a name as long."""
    hidden = scene.ask(number, code, [kind, name], **more)
    absent = scene.ask(number, code, [kind, "x" * len(name)], **more)
    told = bytes(hidden[3]).replace(name.encode(), b"x" * len(name))
    assert (hidden[:3], told) == (absent[:3], bytes(absent[3])), (number, code, name, hidden)
    return hidden[0]


def test_each_method_is_answered_as_for_a_name_that_is_not_there():
    scene = Scene()
    for number, names in ((None, HIDDEN), (STRANGER, HIDDEN), (HOLDER, HIDDEN[:4])):
        for name in names:
            kind = "actuators" if name in ("bolt", "gate") else "sensors"
            for code in METHODS:
                if number is not None or code in (coap.GET, coap.PUT, coap.POST):
                    alike(scene, number, code, kind, name, value=True)


def test_reading_is_not_found_in_every_format_and_observes_nothing():
    scene = Scene()
    for number, code in ((None, coap.GET), (STRANGER, coap.FETCH)):
        for name in HIDDEN:
            kind = "actuators" if name in ("bolt", "gate") else "sensors"
            for accept in (None, 60, 110, 112, 99) + ((18,) if number is None else ()):
                assert alike(scene, number, code, kind, name, accept=accept) == coap.NOT_FOUND
            assert alike(scene, number, code, kind, name, observe=True) == coap.NOT_FOUND
    assert not scene.node.serving._watchers and not scene.node.endpoint.observers


def test_what_is_below_a_hidden_name_is_not_there_either():
    scene = Scene()
    for number, code in ((None, coap.GET), (STRANGER, coap.FETCH)):
        hidden = scene.ask(number, code, ["sensors", "hidden", "a"])
        assert hidden == scene.ask(number, code, ["sensors", "xxxxxx", "a"])
        assert hidden == scene.ask(number, code, ["sensors", "open", "a"])


def test_a_slash_within_a_segment_leads_to_nothing():
    scene = Scene()
    for number, code in ((None, coap.GET), (STRANGER, coap.FETCH), (STRANGER, coap.POST)):
        for name in HIDDEN:
            kind = "actuators" if name in ("bolt", "gate") else "sensors"
            for path in ([f"{kind}/{name}"], ["", f"{kind}/{name}"], [f"{kind}/{name}", ""]):
                there = scene.ask(number, code, path)
                absent = [part.replace(name, "x" * len(name)) for part in path]
                assert there == scene.ask(number, code, absent), (number, path, there)


def test_lists_show_each_what_it_may_read():
    scene = Scene()
    seen = {
        STRANGER: (["open"], ["lamp"]),
        HOLDER: (["open"], ["lamp"]),
        FRIEND: (["named", "open"], ["gate", "lamp"]),
    }
    for _ in range(2):  # the second time within the second in which answers are kept
        for number in sorted(seen):
            sensors, actuators = seen[number]
            about = scene.content(number, "peer")
            assert (about["sensors"], about["actuators"]) == (sensors, actuators), number
            assert about["failing"] == {}, about
            pack = scene.content(number, "sensors")
            assert names(pack) == sensors, pack
            assert sorted(scene.content(number, "actuators")) == actuators
            links = scene.ask(number, coap.FETCH, [".well-known", "core"])[3]
            for name in ALL:
                kind = b"/actuators/" if name in ("lamp", "bolt", "gate") else b"/sensors/"
                assert (kind + name.encode() + b">" in links) == (name in sensors + actuators)


def names(pack):
    """The names in a SenML pack, without its base name."""
    return sorted([record.get(0, "").rpartition(":")[2] for record in pack])


def test_nobody_who_does_not_sign_finds_a_name_anywhere():
    scene = Scene()
    for path in (["peer"], ["sensors"], ["actuators"], [".well-known", "core"], ["feeds"]):
        for accept in (None, 18):
            code, _, _, payload = scene.ask(None, coap.GET, path, accept)
            if code == coap.CONTENT:
                for name in HIDDEN:
                    assert name.encode() not in payload, (path, accept, name)
    assert b"open" in scene.ask(None, coap.GET, ["peer"])[3]


def test_what_was_kept_for_a_friend_is_not_given_to_a_stranger():
    scene = Scene()
    now_ms = scene.world.now // 1000 * 1000
    peer = scene.node.peer
    friend, stranger = (make_identity(n).public for n in (FRIEND, STRANGER))
    for who in (friend, stranger, friend, None):
        _, payload = peer.readings(now_ms, ["sensors"], 112, False, who)
        assert (b"named" in payload) == (who == friend), who


def test_max_age_tells_nothing_of_what_is_hidden():
    scene = Scene()
    before = scene.ask(STRANGER, coap.FETCH, ["sensors"])[2]
    scene.node.peer.sensors["hidden"].every_ms = 1
    scene.node.peer.sensors["hidden"].taken_ms = 0
    after = scene.ask(STRANGER, coap.FETCH, ["sensors"])[2]
    assert [o[0] for o in before] == [o[0] for o in after]
    assert age(after) >= age(before) - 1, (before, after)


def age(options):
    found = [int.from_bytes(value, "big") for number, value in options if number == coap.MAX_AGE]
    return found[0] if found else 60


def test_who_may_set_but_not_read_sets_and_is_told_nothing_else():
    scene = Scene()
    code, _, _, payload = scene.ask(HOLDER, coap.PUT, ["actuators", "bolt"], value=True)
    assert (code, payload) == (coap.CHANGED, b"")
    assert scene.node.peer.actuators["bolt"][1] is True
    assert scene.ask(HOLDER, coap.FETCH, ["actuators", "bolt"])[0] == coap.NOT_FOUND
    assert scene.ask(STRANGER, coap.PUT, ["actuators", "bolt"], value=True)[0] == coap.FORBIDDEN
    assert alike(scene, STRANGER, coap.PUT, "actuators", "bolt", value=True) == coap.FORBIDDEN


def test_feeds_hold_nothing_of_it():
    scene = Scene()
    scene.ask(HOLDER, coap.PUT, ["actuators", "bolt"], value=True)
    feeds = scene.node.peer.feeds
    held = cbor.encode(feeds.runs({feeds.own.author: 1}))
    assert b"open" in held
    for name in HIDDEN:
        assert name.encode() not in held, name


def test_what_may_be_read_is_not_refused():
    scene = Scene()
    for number, name in (
        (FRIEND, "named"),
        (FRIEND, "open"),
        (STRANGER, "open"),
        (HOLDER, "open"),
    ):
        assert scene.ask(number, coap.FETCH, ["sensors", name])[0] == coap.CONTENT
    assert scene.ask(FRIEND, coap.FETCH, ["actuators", "gate"])[0] == coap.CONTENT
    assert scene.ask(FRIEND, coap.POST, ["sensors", "named"])[0] == coap.NOT_ALLOWED
    assert scene.ask(FRIEND, coap.PUT, ["actuators", "gate"], value=1)[0] == coap.CHANGED
