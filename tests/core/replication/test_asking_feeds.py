"""Questions for /feeds that want to observe: whoever asks, and whatever was asked before."""

from asking_stranger import Stranger
from world import World, make_identity

from mesh.core import codes
from mesh.core.coap import message as coap
from mesh.core.peer_id import to_text

EVERYBODY = {b"": 0}
PEER = ("10.0.0.1", 5683)


def scene(settings=None, **limits):
    world = World()
    node, _ = world.add(1, settings, **limits)
    node.start(world.now, False)
    node.add_sensor("temp", "Cel")
    node.reading(world.now, "temp", 20)
    return world, node


def test_a_stranger_observes_a_peer_that_follows_and_keeps_nobody():
    world, node = scene()
    stranger = Stranger(world, 9)
    answer, _ = stranger.fetch(node, EVERYBODY)
    assert answer.code == codes.CONTENT, answer
    assert answer.get(coap.OBSERVE) is not None
    assert node.serving.telling.listens(stranger.identity.public)
    node.reading(world.now, "temp", 21)
    assert world.run(20_000, lambda: node.peer.feeds.own.head is not None)


def test_an_observer_is_booked_under_its_own_name():
    world, node = scene()
    node.endpoint.prove(("10.0.0.9", 5683))
    first, second = Stranger(world, 8), Stranger(world, 9)
    # what the first asked is answered, and observes nothing
    first.fetch(node, {node.peer.id: 1}, observe=False)
    answer, proofs = second.fetch(node, {}, ("evidence",))
    assert proofs == {} and answer.get(coap.OBSERVE) is None, answer
    assert not node.serving.telling.table, "nobody asked for what can be observed"


def test_a_question_that_is_refused_leaves_nothing_for_the_next():
    world, node = scene({"share": {"/feeds": [_text(8)]}})
    allowed, refused = Stranger(world, 8), Stranger(world, 9)
    allowed.fetch(node, EVERYBODY)
    answer, _ = refused.fetch(node, EVERYBODY)
    assert answer.code == codes.FORBIDDEN, answer
    listeners = [one.peer for one in node.serving.telling.table.values()]
    assert listeners == [allowed.identity.public]
    answer, _ = allowed.fetch(node, "no wishes")
    assert answer.code == codes.BAD_REQUEST
    listeners = [one.peer for one in node.serving.telling.table.values()]
    assert listeners == [allowed.identity.public], "a question that is none ends no observation"


def test_one_observation_of_a_peer_is_the_one_with_the_empty_key():
    world, node = scene()
    stranger = Stranger(world, 9)
    node.endpoint.prove(stranger.address)
    table = node.serving.telling.table
    for body, links in (
        ({node.peer.id: 1}, [False]),
        (EVERYBODY, [False, True]),
        ({node.peer.id: None}, [False, False, True]),
        ({b"": None}, [False, False, True]),
        (EVERYBODY, [False, False, True]),
    ):
        stranger.fetch(node, body)
        assert sorted(one.links for one in table.values()) == links, body


def test_what_ends_in_a_refusal_observes_nothing():
    """It was answered, but in a format that nobody has."""
    world, node = scene()
    first, second = Stranger(world, 8), Stranger(world, 9)
    answer, _ = first.fetch(node, EVERYBODY, accept=99)
    assert answer.code == codes.NOT_ACCEPTABLE, answer
    assert not node.serving.telling.table
    second.fetch(node, {}, ("evidence",))
    assert not node.serving.telling.table


def test_whoever_observes_anew_has_a_whole_run_in_the_answer():
    """It is signed. The news that follow are not: somebody may end them, each time, before they
    come.
    """
    world, node = scene()
    stranger = Stranger(world, 9)
    node.endpoint.prove(stranger.address)
    for n in range(100):  # nobody asked for them: they are signed now, in runs as long as can be
        node.reading(world.now, "temp", n)
    first, told = 1, 0
    while told < 80:
        answer, news = stranger.fetch(node, {node.peer.id: first})
        assert news and len(coap.build(answer)) <= node.limits.datagram, (first, news)
        told += len(news[0][3])
        first = news[0][1] + len(news[0][3])


def _text(number):
    return to_text(make_identity(number).public)
