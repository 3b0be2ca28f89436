"""A signed message with an unknown `crit` label or algorithm: whoever sent it learns which."""

from attacking import Scene

from mesh.core import codes
from mesh.core.coap import message as coap
from mesh.core.codec import cbor
from mesh.core.codec.formats import COSE
from mesh.core.events import Answer
from mesh.core.security.signed_client import request_for

UNKNOWN = (
    ({1: -19, 2: [99]}, "COSE crit not understood: [99]"),
    ({1: -8}, "COSE alg not understood: -8"),
)


def signed_otherwise(message, header):
    """The message with a COSE_Sign1 of that protected header, and no right signature."""
    message.payload = cbor.encode([cbor.encode(header), {}, b"", bytes(64)])
    return coap.build(message)


def test_a_question():
    """The refusal is unsigned, as nobody is known to have signed the question."""
    scene = Scene().meet()
    for header, text in UNKNOWN:
        message = scene.request(scene.ann_signs, coap.FETCH, ["peer"])
        (reply,) = scene.arrive(signed_otherwise(message, header), scene.at_ann)
        assert (reply.code, reply.payload) == (codes.BAD_REQUEST, text.encode()), reply.payload
        assert reply.get(coap.CONTENT_FORMAT) is None


def test_an_answer():
    scene = Scene().meet()
    for header, text in UNKNOWN:
        answers = []
        scene.swallow = lambda source, target, data, got=answers: kept(scene, target, data, got)
        number = scene.ann.ask(
            scene.world.now, scene.ben.peer.id, request_for(coap.FETCH, ["peer"]), None, b""
        )
        scene.world.run(100)
        scene.swallow = lambda *_: False
        scene.world.inject(scene.at_ben, scene.at_ann, signed_otherwise(answers[0], header))
        scene.world.run(100)
        (told,) = [e for e in scene.world.of(scene.at_ann, Answer) if e.number == number]
        assert not told.signed and told.payload == b"", told
        assert told.error == "forged answer: " + text, told.error


def kept(scene, target, data, answers):
    """Whether it is a signed answer to Ann, which she does not get."""
    message = coap.parse(data)
    is_answer = target == scene.at_ann and message.code == codes.CONTENT
    if is_answer and message.uint(coap.CONTENT_FORMAT) == COSE:
        answers.append(message)
        return True
    return False
