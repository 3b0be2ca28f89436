"""A resource that is not in the tree, handed to a node: read, listed, shared, observed, set."""

from helpers import raises
from moon_resource import moon
from world import World, make_identity

from mesh.core import codes
from mesh.core.coap import message as coap
from mesh.core.codec import cbor
from mesh.core.errors import LocalError
from mesh.core.events import Answer, PeerFound
from mesh.core.full.content import content
from mesh.core.peer_id import to_text
from mesh.core.policy.settings import parse
from mesh.core.resources.resource_table import RESOURCES
from mesh.core.resources.sharing import shareable
from mesh.core.security.signed_client import request_for


class Scene:
    """One has the moon; two asks for it."""

    def __init__(self, holder=2):
        self.world = World()
        self.phases = {"now": "full", "next": "new"}
        settings = {"introduced_by": to_text(make_identity(holder).public)}
        self.one, at_one = self.world.add(1, settings, resources=RESOURCES + moon(self.phases))
        self.one.peer.things["moon"] = self.phases
        self.two, self.at_two = self.world.add(2)
        self.one.start(self.world.now, False)
        self.two.start(self.world.now, False)
        self.two.candidate(self.world.now, self.one.peer.id, at_one, "given")
        assert self.world.run(9000, lambda: self.world.of(self.at_two, PeerFound))

    def ask(self, code, path, value=None, observe=False):
        """The answers so far to a question: a list that grows."""
        form, body = (None, b"") if value is None else (60, cbor.encode(value))
        message = request_for(code, path, (), observe)
        number = self.two.ask(self.world.now, self.one.peer.id, message, form, body)

        def found():
            return [e for e in self.world.of(self.at_two, Answer) if e.number == number]

        assert self.world.run(9000, found)
        return found


def test_it_is_read_and_listed():
    scene = Scene()
    answer = scene.ask(coap.FETCH, ["moon"])()[0]
    assert cbor.decode(answer.payload) == {"now": "full", "next": "new"}, answer
    assert cbor.decode(scene.ask(coap.FETCH, ["moon", "next"])()[0].payload) == "new"
    links = scene.ask(coap.FETCH, [".well-known", "core"])()[0].payload
    assert b'</moon>;rt="othermesh.moon";obs,</moon/next>;' in links, links
    assert scene.ask(coap.POST, ["moon"])()[0].code == codes.NOT_ALLOWED
    assert scene.ask(coap.FETCH, ["moon", "dark"])()[0].code == codes.NOT_FOUND


def test_its_owner_decides_who_reads_it():
    scene = Scene()
    scene.one.peer.access._share["/moon/next"] = "nobody"
    assert scene.ask(coap.FETCH, ["moon", "next"])()[0].code == codes.NOT_FOUND
    assert b"moon/next" not in content(scene.one.peer, 0, ".well-known/core")
    assert cbor.decode(scene.ask(coap.FETCH, ["moon"])()[0].payload) == {"now": "full"}
    scene.one.peer.access._share["/moon"] = []
    assert scene.ask(coap.FETCH, ["moon"])()[0].code == codes.FORBIDDEN


def test_the_setting_share_knows_the_paths_that_it_is_told():
    paths = shareable(RESOURCES + moon({}))
    assert sorted(paths) == [
        "/actuators", "/feeds", "/moon", "/peer", "/peers", "/sensors", "/time",
    ]  # fmt: skip
    assert parse({"share": {"/moon": "nobody"}}, "board", paths).share == {"/moon": "nobody"}
    for wrong in ("/moon", "/moon/now"):
        raises(LocalError, parse, {"share": {wrong: "nobody"}}, "board", shareable())
    raises(LocalError, parse, {"share": {"/peer": "nobody"}})  # who tells no paths has none


def test_it_is_observed():
    scene = Scene()
    answers = scene.ask(coap.FETCH, ["moon"], observe=True)
    scene.phases["now"] = "waning"
    scene.one.serving.changed(scene.world.now, ["moon"])
    assert scene.world.run(9000, lambda: len(answers()) > 1), answers()
    assert cbor.decode(answers()[-1].payload)["now"] == "waning"


def test_only_who_introduced_its_peer_sets_it():
    scene = Scene()
    assert scene.ask(coap.PUT, ["moon"], "none")()[0].code == codes.CHANGED
    assert scene.phases["now"] == "none"
    scene = Scene(holder=3)
    assert scene.ask(coap.PUT, ["moon"], "none")()[0].code == codes.FORBIDDEN
    assert scene.phases["now"] == "full"
