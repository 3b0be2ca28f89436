"""The door in a board's access point: who has the code, and nobody else, gives it a network."""

from helpers import raises, vectors
from two_nodes import ask, two
from world import Random, make_kit, sha256

from mesh.core import codes
from mesh.core.coap import message as coap
from mesh.core.codec import cbor
from mesh.core.errors import RemoteError
from mesh.core.events import Answer
from mesh.core.resources.setup_door import Door, network
from mesh.core.security.code_proof import LONGEST, Code
from mesh.core.security.signed_client import request_for

CODE = "k7mp-3xqd-w9hn-r4tz"
HOME = {"ssid": "house", "password": "correct horse"}


class Scene:
    """A board `b` with an open door, and `a` that asks."""

    def __init__(self):
        self.world, self.a, self.at_a, self.b, self.at_b = two()
        self.door = Door(make_kit(77), CODE)
        self.b.peer.provide(resources=(self.door.resource,))
        self.door.open(lambda host: host == self.at_a[0])
        self.random = Random(5)
        assert self.world.run(9000, lambda: self.a.contacts.get(self.b.peer.id).address)

    def ask(self, code, body=b""):
        message = request_for(code, ["setup"])
        return ask(self.world, self.a, self.at_a, self.b.peer.id, message, body)

    def told(self):
        answer = self.ask(coap.FETCH)
        assert answer.code == codes.CONTENT, answer
        assert answer.signed
        return cbor.decode(answer.payload)

    def where(self):
        return self.b.peer.id + self.a.peer.id + self.told()["challenge"]

    def sealed(self, value, code=CODE, where=None):
        where = self.where() if where is None else where
        return Code(sha256, code).seal(where, self.random(16), cbor.encode(value))

    def put(self, body):
        return self.ask(coap.PUT, cbor.encode(body))


def test_the_vectors():
    for case in vectors("setup"):
        where = b"".join([bytes.fromhex(case[key]) for key in ("board", "asker", "challenge")])
        nonce, text = bytes.fromhex(case["nonce"]), bytes.fromhex(case["text"])
        code = Code(sha256, case["code"])
        body = cbor.decode(bytes.fromhex(case["body"]))
        if "error" in case:
            error = raises(RemoteError, lambda: network(cbor.decode(code.unseal(where, body))))  # noqa: B023
            assert case["error"] in error.detail, (case["meaning"], error.detail)
            continue
        assert code.unseal(where, body) == text, case["meaning"]
        assert code.seal(where, nonce, text) == body, case["meaning"]
        assert code.receipt(where, nonce).hex() == case["receipt"]
        assert network(cbor.decode(text))["ssid"] == cbor.decode(text)["ssid"]


def test_every_bit_of_a_body_and_of_its_place():
    code = Code(sha256, CODE)
    where, nonce = bytes(range(80)), bytes(16)
    sealed = code.seal(where, nonce, b"secret")
    assert b"secret" not in b"".join(sealed)
    for part in range(3):
        for bit in range(8 * len(sealed[part])):
            other = list(sealed)
            changed = bytearray(other[part])
            changed[bit >> 3] ^= 1 << (bit & 7)
            other[part] = bytes(changed)
            assert raises(RemoteError, code.unseal, where, other).code == codes.FORBIDDEN
    for bit in range(8 * len(where)):
        changed = bytearray(where)
        changed[bit >> 3] ^= 1 << (bit & 7)
        assert raises(RemoteError, code.unseal, bytes(changed), sealed).code == codes.FORBIDDEN


def test_malformed_bodies():
    code = Code(sha256, CODE)
    good = code.seal(bytes(80), bytes(16), bytes(LONGEST))
    assert code.unseal(bytes(80), good) == bytes(LONGEST)
    wrong = [None, 7, "text", b"", [], {}, good[:2], good + [b""], [""] + good[1:]]  # noqa: RUF005
    wrong += [[good[0], b"", good[2]], [good[0], bytes(LONGEST + 1), good[2]]]
    for body in wrong:
        assert raises(RemoteError, code.unseal, bytes(80), body).code == codes.BAD_REQUEST


def test_a_network_is_taken_from_whom_has_the_code_and_told_what_became_of_it():
    scene = Scene()
    assert scene.told()["state"] == "open"
    where = scene.where()
    body = scene.sealed(HOME, where=where)
    answer = scene.put(body)
    assert answer.code == codes.CHANGED, answer
    assert answer.signed
    assert cbor.decode(answer.payload) == Code(sha256, CODE).receipt(where, body[0])
    assert scene.door.wish == HOME
    told = scene.told()
    assert (told["state"], told["ssid"]) == ("trying", "house")
    assert scene.put(scene.sealed({"ssid": "inn"})).code == codes.UNAVAILABLE
    assert scene.door.wish == HOME
    scene.door.ended("", "the password is wrong")
    told = scene.told()
    assert (told["state"], told["ssid"], told["why"]) == (
        "failed",
        "house",
        "the password is wrong",
    )
    assert scene.put(scene.sealed(HOME)).code == codes.CHANGED
    scene.door.ended("192.0.2.7", "")
    assert not scene.door.told
    told = scene.told()
    assert (told["state"], told["address"]) == ("joined", "192.0.2.7")
    assert scene.door.told
    assert "password" not in told
    scene.door.close()
    scene.door.open(lambda host: True)
    assert scene.told()["state"] == "open", "that was another time"


def test_a_recorded_body_is_for_one_challenge_and_one_asker():
    scene = Scene()
    body = scene.sealed(HOME)
    assert scene.put(body).code == codes.CHANGED
    scene.door.ended("", "it is not heard here")
    assert scene.put(body).code == codes.FORBIDDEN
    where = scene.told()["challenge"]
    stranger = Code(sha256, CODE).seal(scene.b.peer.id + bytes(32) + where, bytes(16), b"\xa0")
    assert scene.put(stranger).code == codes.FORBIDDEN
    assert scene.door.wish is None
    fresh = scene.sealed(HOME)
    scene.door.close()
    scene.door.open(lambda host: True)
    assert scene.put(fresh).code == codes.FORBIDDEN


def test_wrong_codes_a_minute_and_in_all():
    scene = Scene()
    for _ in range(5):
        assert scene.put(scene.sealed(HOME, "k7mp-3xqd-w9hn-r4tt")).code == codes.FORBIDDEN
    late = scene.put(scene.sealed(HOME))
    assert late.code == codes.TOO_MANY, "the right one waits, too"
    assert scene.door.wish is None
    for _ in range(3):
        scene.world.run(61_000)
        assert scene.door.is_open
        for _ in range(5):
            scene.put(scene.sealed(HOME, "k7mp-3xqd-w9hn-r4tt", bytes(80)))
    assert not scene.door.is_open
    scene.world.run(61_000)
    assert scene.put(scene.sealed(HOME, where=bytes(80))).code == codes.NOT_FOUND
    assert scene.door.wish is None


def test_it_is_there_for_whom_is_inside_and_only_while_it_is_open():
    scene = Scene()
    nothing = ask(
        scene.world, scene.a, scene.at_a, scene.b.peer.id, request_for(coap.FETCH, ["nothing"])
    )
    scene.door.close()
    closed = scene.ask(coap.FETCH)
    scene.door.open(lambda host: host == "10.0.0.99")
    outside = scene.ask(coap.FETCH)
    for answer in (closed, outside):
        assert (answer.code, answer.error) == (nothing.code, nothing.error)
        assert answer.code == codes.NOT_FOUND
    assert scene.put([bytes(16), b"x", bytes(32)]).code == codes.NOT_FOUND
    assert scene.ask(coap.POST).code == codes.NOT_FOUND
    scene.door.open(lambda host: True)
    links = ask(
        scene.world,
        scene.a,
        scene.at_a,
        scene.b.peer.id,
        request_for(coap.FETCH, [".well-known", "core"]),
    )
    assert b"setup" not in links.payload


def test_what_is_not_signed_is_not_answered_there():
    scene = Scene()
    for code in (coap.GET, coap.PUT, coap.FETCH):
        number = scene.a.get(scene.world.now, scene.at_b, request_for(code, ["setup"]))

        def found(number=number):
            return [e for e in scene.world.of(scene.at_a, Answer) if e.number == number]

        assert scene.world.run(9000, found)
        assert found()[0].code in (codes.UNAUTHORIZED, codes.NOT_ALLOWED)
    assert scene.door.wish is None
