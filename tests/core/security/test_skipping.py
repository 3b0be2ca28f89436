"""Counters that were used before a restore are skipped, and nobody uses up all that there are."""

from restoring import OWNER_ID, Stage

from mesh.core import codes
from mesh.core.coap import message as coap
from mesh.core.codec import cbor
from mesh.core.errors import Stale
from mesh.core.events import Answer
from mesh.core.peer_id import to_text
from mesh.core.security.signed_client import request_for

LAMP = {"introduced_by": to_text(OWNER_ID)}


def switching(stage, owner, value):
    """What came of setting the reader's lamp."""
    message = request_for(coap.PUT, ["actuators", "lamp"])
    peer = stage.readers[0].peer.id
    number = owner.ask(stage.world.now, peer, message, 60, cbor.encode(value))
    stage.world.run(1000)
    return [e for e in stage.world.of(("10.0.0.1", 5683), Answer) if e.number == number][-1]


def test_a_request_that_was_done_is_not_put_again():
    """Somebody sends it once more, under another message id: the refusal of that comes first."""
    stage = Stage(settings=LAMP)
    done = []
    stage.readers[0].add_actuator("lamp", done.append, 0)
    stage.world.run(3000)
    assert switching(stage, stage.owner, 1).code == codes.CHANGED

    def replayed(source, target, data):
        if data[1] == coap.PUT and source == ("10.0.0.1", 5683):
            again = bytes((data[0] | 0x10, data[1], data[2] ^ 1)) + data[3:]  # NON
            stage.world.lose = lambda *_: False
            stage.world.inject(source, target, data)
            stage.world.flying = []  # its answer is lost
            stage.world.inject(source, target, again)
            return True
        return False

    stage.world.lose = replayed
    assert switching(stage, stage.owner, 2).code == codes.UNAUTHORIZED
    assert done == [1, 2]


def test_its_requests_are_taken_again_although_their_counters_were_used():
    stage = Stage(settings=LAMP)
    stage.readers[0].add_actuator("lamp", lambda _: None, 0)
    stage.world.run(3000)
    copy = stage.disk.copy()
    for n in range(50):
        assert switching(stage, stage.owner, n).code == codes.CHANGED
    stage.world.remove(("10.0.0.1", 5683))
    owner = stage.start(copy)
    stage.world.run(5000)
    # the first may have been done before, as far as can be known, so it is not put again
    assert switching(stage, owner, 7).code == codes.UNAUTHORIZED
    for n in range(3):
        assert switching(stage, owner, n).code == codes.CHANGED
        assert stage.readers[0].peer.actuators["lamp"][1] == n
    assert 1 << 24 <= copy.counter < 1 << 25


def test_who_refuses_for_ever_does_not_use_up_our_counters():
    stage = Stage(settings=LAMP)
    stage.readers[0].add_actuator("lamp", lambda _: None, 0)
    stage.world.run(3000)

    def refuse(*_):
        raise Stale("counter too old", None)

    stage.readers[0].gate.fresh = refuse
    stage.readers[0].gate.body = refuse
    for n in range(20):
        assert switching(stage, stage.owner, n).code == codes.UNAUTHORIZED
    assert stage.disk.counter < 1 << 41
