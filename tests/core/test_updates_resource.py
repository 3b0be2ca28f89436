"""/updates: what is offered is for whom it is offered to, and a hint is no more than that."""

from test_node import ask, two
from world import make_identity

from mesh.core import coap
from mesh.core.asks import request_for
from mesh.core.errors import RemoteError
from mesh.core.events import Answer, PeerFound

STRANGER = make_identity(9).public


def met():
    world, a, at_a, b, at_b = two()
    assert world.run(5000, lambda: world.of(at_a, PeerFound) and world.of(at_b, PeerFound))
    return world, a, at_a, b, at_b


def test_a_peer_without_updates_says_so():
    world, a, at_a, b, _ = met()
    for code in (coap.FETCH, coap.POST, coap.PUT):
        answer = ask(world, a, at_a, b.peer.id, request_for(code, ["updates"]))
        assert (answer.code, answer.signed) == (coap.NOT_FOUND, True), answer
        assert "no updates" in answer.error, answer


def test_what_is_offered_is_for_one():
    world, a, at_a, b, _ = met()
    wishes = []

    def offered(who, wish):
        wishes.append((who, wish))
        if wish is not None:
            raise RemoteError("this is not offered to you", 0x84)
        return [b"offer"] if who == a.peer.id else []

    b.peer.offered = offered
    answer = ask(world, a, at_a, b.peer.id, request_for(coap.FETCH, ["updates"]))
    assert b.peer.kit.decode(answer.payload) == [b"offer"], answer
    piece = b.peer.kit.encode([bytes(32), 0, 1024])
    answer = ask(world, a, at_a, b.peer.id, request_for(coap.FETCH, ["updates"]), piece)
    assert (answer.code, answer.signed) == (coap.NOT_FOUND, True), answer
    assert wishes == [(a.peer.id, None), (a.peer.id, [bytes(32), 0, 1024])], wishes


def test_nothing_is_told_unsigned():
    world, a, at_a, b, at_b = met()
    b.peer.offered = lambda who, wish: [b"offer"]
    number = a.get(world.now, at_b, request_for(coap.GET, ["updates"]))

    def answers():
        return [e for e in world.of(at_a, Answer) if e.number == number]

    assert world.run(5000, answers)
    assert answers()[0].code == coap.NOT_FOUND, answers()
    assert b"updates" not in b.peer.links([])


def test_a_hint_is_refused_with_a_reason():
    world, a, at_a, b, _ = met()
    hints = []

    def hinted(now_ms, who, what):
        if who == STRANGER or hints:
            raise RemoteError("this board takes updates from chosen peers only", 0x83)
        hints.append(who)

    b.peer.hinted = hinted
    answer = ask(world, a, at_a, b.peer.id, request_for(coap.POST, ["updates"]))
    assert (answer.code, hints) == (coap.CHANGED, [a.peer.id]), answer
    answer = ask(world, a, at_a, b.peer.id, request_for(coap.POST, ["updates"]))
    assert (answer.code, answer.signed) == (coap.FORBIDDEN, True), answer
    assert "chosen peers" in answer.error, answer
