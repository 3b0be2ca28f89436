"""Observers at a whole node: who keeps a place when there are more of them than places."""

from attacking import Scene

from mesh.core.coap import message as coap
from mesh.core.security.signed_client import request_for

TEMP = ["sensors", "temp"]


def address(n):
    return f"10.66.0.{n}", 1024 + n


def test_observers_that_proved_their_addresses_take_no_place_of_a_known_peer():
    scene = Scene(observers=4, remotes=8).meet()
    ben = scene.ben
    for ticket in list(ben.endpoint.observers.values()):
        ben.endpoint.end(ticket)
    for n in range(20):
        ben.endpoint.prove(address(n))
    assert scene.at_ann not in ben.endpoint.remotes, "its state was evicted"
    wish = request_for(coap.FETCH, TEMP, observe=True)
    number = scene.ann.ask(scene.world.now, ben.peer.id, wish, None, b"")
    scene.world.run(1000)
    for n in range(20):
        ben.endpoint.prove(address(n))
        scene.arrive(scene.signed(1000 + n, coap.FETCH, TEMP, observe=True), address(n))
    assert scene.at_ann in [at for at, _ in ben.endpoint.observers]
    ben.reading(scene.world.now, "temp", 33)
    scene.world.run(5000)
    assert len(scene.answers(number)) == 2, "it goes on being told"
