"""`?max=BYTES` at /feeds: what is signed has not one byte more; if nothing is so short, 4.13."""

from two_nodes import ask, two

from mesh.core import codes
from mesh.core.coap import message as coap
from mesh.core.events import PeerFound
from mesh.core.feed.chain import seam
from mesh.core.security.signed_client import request_for


class Scene:
    """One with a feed of many runs, and another who asks for it."""

    def __init__(self):
        self.world, self.a, self.at_a, self.b, _ = two()
        assert self.world.run(9000, lambda: self.world.of(self.at_a, PeerFound))
        for n in range(60):
            self.world.now += 10_000
            self.b.reading(self.world.now, "temp", n)
            self.b.peer.feeds.head(self.b.peer.id)

    def ask(self, body, *query):
        """(code, what is signed, what it says) of the answer."""
        message = request_for(coap.FETCH, ["feeds"], query)
        payload = self.a.peer.kit.encode(body)
        answer = ask(self.world, self.a, self.at_a, self.b.peer.id, message, payload)
        assert answer.signed, answer
        return answer.code, answer.payload, self.a.peer.kit.decode(answer.payload)


def test_no_answer_is_longer_than_what_is_asked_for():
    scene = Scene()
    author = scene.b.peer.id
    longest = refused = 0
    for most in (0, 1, 9, 100, 171, 172, 173, 500, 1000, 1500, 2222, 3600):
        for body in ({author: 1}, {b"": 0}, {author: 60, b"": None}):
            code, payload, told = scene.ask(body, f"max={most}")
            if code == codes.TOO_LARGE:
                refused += 1
                assert most < 1200, (most, body)
                continue
            assert code == codes.CONTENT and told, (most, body)
            assert len(payload) <= most, (most, body, len(payload))
            longest = max(longest, len(payload))
    assert longest > 1800 and refused > 3, (longest, refused)


def test_without_it_a_whole_run_is_told():
    scene = Scene()
    for query in ((), ("max=",), ("max=x",), ("max=-1",), ("max=0003600",)):
        code, _, told = scene.ask({scene.b.peer.id: 1}, *query)
        assert code == codes.CONTENT and told[0][3], query


def test_where_a_run_begins_tells_what_is_not_there_and_what_is_not_held():
    scene = Scene()
    author, absent = scene.b.peer.id, bytes(32)
    own = scene.b.peer.feeds.own
    for first in (own.first_seq, own.first_seq + 5):
        told = scene.ask({author: first, absent: 1})[2]
        assert [run[:2] for run in told[:1]] == [[author, first]]
        assert absent not in [run[0] for run in told], "nothing of it is held"
    later = scene.ask({author: 1})[2][0]
    assert later[1] == own.first_seq
    assert later[2] == seam(scene.b.peer.kit, author, later[1] - 1), "nothing is between"
    for n in range(scene.b.limits.tail + 9):
        scene.b.reading(scene.world.now, "temp", n)
    later = scene.ask({author: own.first_seq - 9})[2][0]
    assert later[1] == own.first_seq
    assert later[2] != seam(scene.b.peer.kit, author, later[1] - 1), "what was before is not held"
