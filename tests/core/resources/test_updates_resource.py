"""/updates: what is offered is for whom it is offered to, and a hint is no more than that."""

from two_nodes import ask, two
from world import make_identity

from mesh.core import codes
from mesh.core.coap import message as coap
from mesh.core.errors import RemoteError
from mesh.core.events import Answer, PeerFound
from mesh.core.full.content import content
from mesh.core.security.signed_client import request_for

STRANGER = make_identity(9).public


def met():
    world, a, at_a, b, at_b = two()
    assert world.run(5000, lambda: world.of(at_a, PeerFound) and world.of(at_b, PeerFound))
    return world, a, at_a, b, at_b


def test_a_peer_without_updates_says_so():
    world, a, at_a, b, _ = met()
    answer = ask(world, a, at_a, b.peer.id, request_for(coap.FETCH, ["updates"]))
    assert (answer.code, answer.signed) == (codes.CONTENT, True), answer
    assert b.peer.kit.decode(answer.payload) == [], "whoever introduced a board is asked"
    piece = b.peer.kit.encode([bytes(32), 0, 1024])
    for code, body in ((coap.FETCH, piece), (coap.POST, b"")):
        answer = ask(world, a, at_a, b.peer.id, request_for(code, ["updates"]), body)
        assert (answer.code, answer.signed) == (codes.NOT_FOUND, True), answer
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
    assert (answer.code, answer.signed) == (codes.NOT_FOUND, True), answer
    assert wishes == [(a.peer.id, None), (a.peer.id, [bytes(32), 0, 1024])], wishes


def test_nothing_is_told_unsigned():
    world, a, at_a, b, at_b = met()
    b.peer.offered = lambda who, wish: [b"offer"]
    number = a.get(world.now, at_b, request_for(coap.GET, ["updates"]))

    def answers():
        return [e for e in world.of(at_a, Answer) if e.number == number]

    assert world.run(5000, answers)
    assert answers()[0].code == codes.NOT_ALLOWED, answers()
    assert b"updates" not in content(b.peer, world.now, ".well-known/core")


def test_a_hint_is_refused_with_a_reason():
    world, a, at_a, b, _ = met()
    hints = []

    def hinted(now_ms, who, what):
        if who == STRANGER or hints:
            raise RemoteError("this board takes updates from chosen peers only", 0x83)
        hints.append(who)

    b.peer.hinted = hinted
    answer = ask(world, a, at_a, b.peer.id, request_for(coap.POST, ["updates"]))
    assert (answer.code, hints) == (codes.CHANGED, [a.peer.id]), answer
    answer = ask(world, a, at_a, b.peer.id, request_for(coap.POST, ["updates"]))
    assert (answer.code, answer.signed) == (codes.FORBIDDEN, True), answer
    assert "chosen peers" in answer.error, answer
