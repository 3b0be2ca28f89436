"""A flood at a real board, over real sockets: a desktop still asks and follows it."""

from asker import Asker
from flooder import Flood

from mesh.core import codes
from mesh.core.coap import message as coap
from mesh.core.events import PeerLost, Reading
from mesh.core.security.seal import seal_request
from mesh.core.security.signed_client import request_for
from mesh.hub.desktop_kit import make_kit

PER_SECOND = 300
QUESTIONS = 30
READINGS = 6
GROWTH = 32 << 10  # bytes of heap that may be in use at one look and not at another


def recorded(desk, peer):
    """What the desktop might have asked before."""
    message = request_for(coap.FETCH, ["feeds"], observe=True)
    identity = desk.node.asks._identity
    seal_request(make_kit(), identity, peer, message, 60, make_kit().encode({peer: 0}))
    return coap.build(message)


def exchange(desk, peer):
    """Questions that are answered, and readings that are told."""
    for _ in range(QUESTIONS):
        answer = desk.ask(peer, coap.FETCH, "peer")
        assert (answer.code, answer.signed) == (codes.CONTENT, True), answer
    told = len(desk.of(Reading))
    desk.until(lambda: len(desk.of(Reading)) >= told + READINGS, "readings")


def looked(board, times):
    """Whether the board told of its heap so often; what it told instead if it ended."""
    assert board.is_running, board.console[-3000:]
    return len(board.events("heap")) >= times


def test_a_flood(board, desk):
    desk.node.profile.follow.append("*")
    settings = {"sensors": {"load": {"every_s": 0.2}}, "limits": {"head_ms": 200, "tail": 16}}
    with board(actuators={"led": {}}, **settings) as one:
        joined = one.wait("joined")
        peer = desk.meet(joined)
        address = joined["address"].split(":")
        flood = Flood(address, peer, PER_SECOND, [recorded(desk, peer)])
        with flood:
            for looks in (2, 3):  # the board looks at its heap now and then
                exchange(desk, peer)
                desk.until(lambda n=looks: looked(one, n), "a look at the heap")
        exchange(desk, peer)
        _, first, second, *_ = [event["used"] for event in one.events("heap")]
        assert second < first + GROWTH, (first, second)
        assert not desk.of(PeerLost), desk.events
        assert flood.sent > PER_SECOND, flood.sent
        assert one.events("refused"), one.console
        assert (one.folder / "led.state").read_text() == "false\n"


def test_one_proven_sender_that_asks_more_than_a_board_can_check(board, desk):
    """Its questions are valid; whoever is followed still gets every answer, and every reading."""
    desk.node.profile.follow.append("*")
    settings = {"sensors": {"load": {"every_s": 0.2}}, "limits": {"head_ms": 200, "tail": 16}}
    with board(follow=[desk.id], **settings) as one:
        joined = one.wait("joined")
        peer = desk.meet(joined)
        asker = Asker(joined["address"].split(":"), peer, PER_SECOND)
        with asker:
            exchange(desk, peer)
        exchange(desk, peer)
        assert not desk.of(PeerLost), desk.events
        assert asker.sent > PER_SECOND, asker.sent
        assert asker.codes["2.05"] < asker.sent / 4, (asker.sent, asker.codes)
        assert asker.codes["4.29"] > 0, asker.codes
        assert one.is_running, one.console[-2000:]
