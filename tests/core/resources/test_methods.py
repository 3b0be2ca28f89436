"""Methods and formats at the resources of docs/protocol.md section 7, whoever asks for them."""

from few_may_read import FRIEND, HOLDER, STRANGER, Scene
from two_nodes import two

from mesh.core import codes
from mesh.core.coap import message as coap
from mesh.core.codec import cbor
from mesh.core.events import PeerFound, PeerLost
from mesh.core.full.content import content
from mesh.core.resources.resource_table import RESOURCES

PATCH, IPATCH = 6, 7
OTHERS = (coap.POST, coap.PUT, coap.DELETE, PATCH, IPATCH)


def test_a_method_that_is_not_there_is_told_to_whoever_asks():
    scene = Scene()
    for of in RESOURCES:
        if "*" in of.path:
            continue
        absent = [code for code in OTHERS if code not in (of.more or {})]
        if of.read is None:
            absent.append(coap.GET)
        for code in absent:
            for number in (None, HOLDER, FRIEND, STRANGER):
                told = scene.ask(number, code, of.path.split("/"))
                assert told[0] == codes.NOT_ALLOWED, (of.path, code, number, told)


def test_what_there_is_has_to_be_signed():
    scene = Scene()
    for path, code in (
        (["peer"], coap.FETCH),
        (["feeds"], coap.POST),
        (["updates"], coap.POST),
        (["actuators", "lamp"], coap.PUT),
        (["nothing"], coap.POST),
    ):
        assert scene.ask(None, code, path)[0] == codes.UNAUTHORIZED, (path, code)


def test_accept_in_a_signed_exchange_is_of_what_is_signed():
    scene = Scene()
    for accept, form in ((None, 60), (60, 60), (50, 50), (18, 60)):
        code, told, _, payload = scene.ask(STRANGER, coap.FETCH, ["peer"], accept)
        assert (code, told) == (codes.CONTENT, form), (accept, told)
        if form == 60:
            assert cbor.decode(payload)["id"] == scene.node.peer.id
    for accept, form in ((None, 112), (112, 112), (110, 110), (18, 112)):
        code, told, _, _ = scene.ask(STRANGER, coap.FETCH, ["sensors", "open"], accept)
        assert (code, told) == (codes.CONTENT, form), (accept, told)
    assert scene.ask(STRANGER, coap.FETCH, ["peer"], 40)[0] == codes.NOT_ACCEPTABLE


def test_the_list_of_resources_is_read_by_fetch_as_by_get():
    scene = Scene()
    links = scene.ask(None, coap.GET, [".well-known", "core"])
    assert links[:2] == (codes.CONTENT, 40), links
    for number, more in ((STRANGER, False), (FRIEND, True)):
        code, form, _, payload = scene.ask(number, coap.FETCH, [".well-known", "core"])
        assert (code, form) == (codes.CONTENT, 40)
        assert (b"</sensors/named>" in payload, payload == links[3]) == (more, not more), payload
    types = [part.split(b'"')[0].decode() for part in links[3].split(b'rt="')[1:]]
    assert sorted(set(types)) == [
        "othermesh.actuator",
        "othermesh.actuators",
        "othermesh.feeds",
        "othermesh.peer",
        "othermesh.peers",
        "othermesh.sensor",
        "othermesh.sensors",
        "othermesh.time",
    ]


def test_who_is_lost_is_not_told_at_peers():
    world, a, at_a, b, at_b = two()
    assert world.run(9000, lambda: world.of(at_a, PeerFound))

    def told():
        return [row[0] for row in content(a.peer, world.now, "peers")]

    assert told() == [b.peer.id]
    world.remove(at_b)
    assert world.run(120_000, lambda: world.of(at_a, PeerLost))
    assert told() == [] and a.peer.contacts.get(b.peer.id) is not None
