"""Every bit of what is signed, at whole nodes: changed, it changes nothing and answers nothing."""

from attacking import Scene
from flipping import is_bound

from mesh.core import codes
from mesh.core.coap import message as coap
from mesh.core.events import Actuated
from mesh.core.security.signed_client import request_for


def flipped(data, bit):
    at = bit >> 3
    return data[:at] + bytes((data[at] ^ 0x80 >> (bit & 7),)) + data[at + 1 :]


def sealed(replies):
    return [r for r in replies if r.uint(coap.CONTENT_FORMAT) == 18]


def every_bit_of_a_request(code, value):
    """How many changed datagrams were refused, and how many said the same as before."""
    # no message id is remembered for long, and all of it comes at one moment
    scene = Scene(exchanges=2, proven_per_s=1 << 20).meet()
    ann, ben = scene.ann.peer.id, scene.ben
    path = ["actuators", "led"]
    refused = same = bit = 0
    bits = 1
    while bit < bits:
        data = scene.signed(scene.ann_signs, code, path, value)
        bits = 8 * len(data)
        verified = ben.peer.verified
        scene.done[:] = []
        replies = scene.arrive(flipped(data, bit), scene.at_ann)
        acted = [(e.name, e.value, e.by) for e in scene.world.of(scene.at_ben, Actuated)]
        if ben.peer.verified == verified:
            assert bit < 8 or is_bound(data, bit), bit
            assert not scene.done and not acted, (bit, scene.done, acted)
            assert not sealed(replies), (bit, replies)
            refused += 1
        else:
            assert not is_bound(data, bit), bit
            assert sealed(replies), bit
            assert acted == ([("led", value, ann)] if value is not None else []), (bit, acted)
            same += 1
        scene.forget()
        bit += 1
    scene.exchange()
    return refused, same


def test_every_bit_of_a_put():
    refused, same = every_bit_of_a_request(coap.PUT, True)
    assert same == 49, same  # message id, token, and CON made NON
    assert refused > 1100, refused


def test_every_bit_of_a_fetch():
    refused, same = every_bit_of_a_request(coap.FETCH, None)
    assert same == 49, same
    assert refused > 1100, refused


def test_every_bit_of_an_answer():
    scene = Scene(proven_per_s=1 << 20).meet()

    def to_ann(source, target, data):
        return target == scene.at_ann and data[1] == codes.CONTENT

    same = bit = 0
    bits = 1
    while bit < bits:
        scene.said = []
        scene.keep = scene.swallow = to_ann
        message = request_for(coap.FETCH, ["actuators", "fan"])
        number = scene.ann.ask(scene.world.now, scene.ben.peer.id, message, None, b"")
        assert scene.world.run(1000, lambda: scene.said), "no answer was sent"
        data = scene.said[0]
        bits = 8 * len(data)
        scene.arrive(flipped(data, bit), scene.at_ben, scene.at_ann)
        answers = scene.answers(number)
        for answer in answers:
            if answer.signed:
                assert not is_bound(data, bit), bit
                assert (answer.code, answer.payload) == (codes.CONTENT, b"\x00"), (bit, answer)
                same += 1
            else:
                assert answer.error or answer.content_format != 18, (bit, answer)
        if not answers:  # the true one still counts, if its token was not used up
            scene.arrive(data, scene.at_ben, scene.at_ann)
        scene.keep = scene.swallow = lambda source, target, data: False
        assert scene.world.run(30_000, lambda n=number: scene.answers(n)), bit
        scene.forget()
        bit += 1
    assert 0 < same < 8, same  # an acknowledgement has to fit its request; a type may change
    scene.exchange()
