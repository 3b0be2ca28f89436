"""/relations: who may ask for what, and how much is given."""

from forming import Forming, write
from two_nodes import ask

from mesh.core import codes
from mesh.core.coap import message as coap
from mesh.core.codec import cbor
from mesh.core.feed.chain import read_run
from mesh.core.peer_id import to_text
from mesh.core.relations import pact as pacts
from mesh.core.security.signed_client import request_for


def told(forming, items, query=()):
    """What the first peer gives the second: runs, or why not."""
    message = request_for(coap.FETCH, ["relations"], query)
    payload = b"" if items is None else cbor.encode(items)
    answer = ask(
        forming.world, forming.nodes[1], forming.addresses[1], forming.ids[0], message, payload
    )
    if answer.code != codes.CONTENT:
        return answer.code
    node = forming.nodes[1]
    return [read_run(node.peer.kit, run, node.limits) for run in cbor.decode(answer.payload)]


def links(runs):
    return [link for run in runs for link in run.links]


def test_the_entry_and_words_about_it_are_given_by_ref_and_by_author():
    forming = Forming(2)
    founding, version = forming.circle([0, 1])
    assert founding in links(told(forming, [founding]))
    runs = told(forming, [version])
    assert version in links(runs)
    assert {run.author for run in runs} == set(forming.ids), "the words of both"
    assert {founding, version} <= set(links(told(forming, [[forming.ids[0], 0]])))
    assert told(forming, [[forming.ids[0], 1 << 40]]) == []
    assert told(forming, [bytes(32)]) == []
    assert told(forming, None) == [], "nothing is asked for"


def test_what_is_no_question_is_refused():
    forming = Forming(2)
    forming.run()
    ref = bytes(32)
    wrong = (
        [],
        [ref] * 9,
        [ref[:8]],
        [[ref]],
        [[ref, -1]],
        [[ref, 1.5]],
        [[ref, True]],
        {},
        5,
        ["x"],
    )
    for items in wrong:
        assert told(forming, items) == codes.BAD_REQUEST, items


def test_as_much_is_given_as_there_is_room_for_and_at_least_one():
    forming = Forming(2)
    forming.run()
    for n in range(20):
        write(forming, 0, pacts.NAME, pacts.make(terms=[["answer", n + 1]], text="x" * 160))
    forming.run()
    asked = [[forming.ids[0], 0]]
    whole, less, least = (
        told(forming, asked),
        told(forming, asked, ["max=2000"]),
        told(forming, asked, ["max=1"]),
    )
    assert len(least) == 1 < len(less) < len(whole)
    seen, after = [], 0
    while runs := told(forming, [[forming.ids[0], after]], ["max=1200"]):
        seen += links(runs)
        after = runs[-1].seq
    assert len(set(seen)) == 20, "who goes on asking gets all"


def test_who_may_read_feeds_may_ask_and_only_signed():
    forming = Forming(2)
    forming.run()
    message = request_for(coap.FETCH, ["relations"])
    node, address = forming.nodes[1], forming.addresses[1]
    number = node.get(forming.world.now, forming.addresses[0], message)
    forming.run(5000)
    (answer,) = [e for e in forming.world.events[address] if getattr(e, "number", None) == number]
    assert answer.code == codes.UNAUTHORIZED
    listed = request_for(coap.GET, [".well-known", "core"])
    number = node.get(forming.world.now, forming.addresses[0], listed)
    forming.run(5000)
    (answer,) = [e for e in forming.world.events[address] if getattr(e, "number", None) == number]
    assert b'</relations>;rt="othermesh.relations"' in answer.payload
    for who, code in (("nobody", codes.FORBIDDEN), ([to_text(forming.ids[1])], codes.CONTENT)):
        other = Forming(2, settings={"share": {"/feeds": who}})
        other.run()
        found = told(other, [bytes(32)])
        assert (code if found == [] else found) == code
