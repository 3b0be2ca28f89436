"""What a peer says of the version that it speaks, and of its features (docs/registry.md)."""

from two_nodes import ask, two

from mesh.core.coap import message as coap
from mesh.core.codec import cbor
from mesh.core.security.signed_client import request_for


def about(of):
    world, a, at_a, b, _ = of
    world.run(5000)
    return cbor.decode(ask(world, a, at_a, b.peer.id, request_for(coap.FETCH, ["peer"])).payload)


def test_version_and_features():
    told = about(two())
    assert told["version"] == 1, told
    assert told["features"] == ["evidence", "overlay"], told


def test_a_runtime_adds_what_it_has():
    of = two()
    of[3].peer.more["features"].append("x-own")
    assert about(of)["features"][-1] == "x-own"
    assert about(two())["features"] == ["evidence", "overlay"], "of each peer its own"
