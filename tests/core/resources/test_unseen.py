"""What a peer may not read is for it as if it were not there: code, bytes, lists, feeds."""

from few_may_read import ALL, FRIEND, HIDDEN, HOLDER, STRANGER, Scene
from world import make_identity

from mesh.core import codes
from mesh.core.coap import message as coap
from mesh.core.codec import cbor
from mesh.core.security.signed_client import request_for

METHODS = (coap.GET, coap.FETCH, coap.POST, coap.PUT, coap.DELETE, 6, 7)


def alike(scene, number, code, kind, name, **more):
    """Whether a hidden thing is answered as one that is not there, of a name as long."""
    hidden = scene.ask(number, code, [kind, name], **more)
    absent = scene.ask(number, code, [kind, "x" * len(name)], **more)
    told = bytes(hidden[3]).replace(name.encode(), b"x" * len(name))
    assert (hidden[:3], told) == (absent[:3], bytes(absent[3])), (number, code, name, hidden)
    return hidden[0]


def test_each_method_is_answered_as_for_a_name_that_is_not_there():
    scene = Scene()
    for number, names in ((None, HIDDEN), (STRANGER, HIDDEN), (HOLDER, HIDDEN[:4])):
        for name in names:
            kind = "actuators" if name in ("bolt", "gate") else "sensors"
            for code in METHODS:
                if number is not None or code in (coap.GET, coap.PUT, coap.POST):
                    alike(scene, number, code, kind, name, value=True)


def test_reading_is_not_found_in_every_format_and_observes_nothing():
    scene = Scene()
    for number, code in ((None, coap.GET), (STRANGER, coap.FETCH)):
        for name in HIDDEN:
            kind = "actuators" if name in ("bolt", "gate") else "sensors"
            for accept in (None, 60, 110, 112, 99) + ((18,) if number is None else ()):
                assert alike(scene, number, code, kind, name, accept=accept) == codes.NOT_FOUND
            assert alike(scene, number, code, kind, name, observe=True) == codes.NOT_FOUND
    assert not scene.node.serving._watchers and not scene.node.endpoint.observers


def test_what_is_below_a_hidden_name_is_not_there_either():
    scene = Scene()
    for number, code in ((None, coap.GET), (STRANGER, coap.FETCH)):
        hidden = scene.ask(number, code, ["sensors", "hidden", "a"])
        assert hidden == scene.ask(number, code, ["sensors", "xxxxxx", "a"])
        assert hidden == scene.ask(number, code, ["sensors", "open", "a"])


def test_a_slash_within_a_segment_leads_to_nothing():
    scene = Scene()
    for number, code in ((None, coap.GET), (STRANGER, coap.FETCH), (STRANGER, coap.POST)):
        for name in HIDDEN:
            kind = "actuators" if name in ("bolt", "gate") else "sensors"
            for path in ([f"{kind}/{name}"], ["", f"{kind}/{name}"], [f"{kind}/{name}", ""]):
                there = scene.ask(number, code, path)
                absent = [part.replace(name, "x" * len(name)) for part in path]
                assert there == scene.ask(number, code, absent), (number, path, there)


def test_lists_show_each_what_it_may_read():
    scene = Scene()
    seen = {
        STRANGER: (["open"], ["lamp"]),
        HOLDER: (["open"], ["lamp"]),
        FRIEND: (["named", "open"], ["gate", "lamp"]),
    }
    for _ in range(2):  # the second time within the second in which answers are kept
        for number in sorted(seen):
            sensors, actuators = seen[number]
            about = scene.content(number, "peer")
            assert (about["sensors"], about["actuators"]) == (sensors, actuators), number
            assert about["failing"] == {}, about
            pack = scene.content(number, "sensors")
            assert names(pack) == sensors, pack
            assert sorted(scene.content(number, "actuators")) == actuators
            links = scene.ask(number, coap.FETCH, [".well-known", "core"])[3]
            for name in ALL:
                kind = b"/actuators/" if name in ("lamp", "bolt", "gate") else b"/sensors/"
                assert (kind + name.encode() + b">" in links) == (name in sensors + actuators)


def names(pack):
    """The names in a SenML pack, without its base name."""
    return sorted([record.get(0, "").rpartition(":")[2] for record in pack])


def test_nobody_who_does_not_sign_finds_a_name_anywhere():
    scene = Scene()
    for path in (["peer"], ["sensors"], ["actuators"], [".well-known", "core"], ["feeds"]):
        for accept in (None, 18):
            code, _, _, payload = scene.ask(None, coap.GET, path, accept)
            if code == codes.CONTENT:
                for name in HIDDEN:
                    assert name.encode() not in payload, (path, accept, name)
    assert b"open" in scene.ask(None, coap.GET, ["peer"])[3]


def test_what_was_kept_for_a_friend_is_not_given_to_a_stranger():
    scene = Scene()
    now_ms = scene.world.now // 1000 * 1000
    peer = scene.node.peer
    friend, stranger = (make_identity(n).public for n in (FRIEND, STRANGER))
    for who in (friend, stranger, friend, None):
        request = request_for(coap.GET, ["sensors"]).add(coap.ACCEPT, 112)
        payload = peer.answer(now_ms, peer.asked(request, who))[2]
        assert (b"named" in payload) == (who == friend), who


def test_max_age_tells_nothing_of_what_is_hidden():
    scene = Scene()
    before = scene.ask(STRANGER, coap.FETCH, ["sensors"])[2]
    scene.node.peer.sensors["hidden"].every_ms = 1
    scene.node.peer.sensors["hidden"].taken_ms = 0
    after = scene.ask(STRANGER, coap.FETCH, ["sensors"])[2]
    assert [o[0] for o in before] == [o[0] for o in after]
    assert age(after) >= age(before) - 1, (before, after)


def age(options):
    found = [int.from_bytes(value, "big") for number, value in options if number == coap.MAX_AGE]
    return found[0] if found else 60


def test_who_may_set_but_not_read_sets_and_is_told_nothing_else():
    scene = Scene()
    code, _, _, payload = scene.ask(HOLDER, coap.PUT, ["actuators", "bolt"], value=True)
    assert (code, payload) == (codes.CHANGED, b"")
    assert scene.node.peer.actuators["bolt"][1] is True
    assert scene.ask(HOLDER, coap.FETCH, ["actuators", "bolt"])[0] == codes.NOT_FOUND
    assert scene.ask(STRANGER, coap.PUT, ["actuators", "bolt"], value=True)[0] == codes.FORBIDDEN
    assert alike(scene, STRANGER, coap.PUT, "actuators", "bolt", value=True) == codes.FORBIDDEN


def test_feeds_hold_nothing_of_it():
    scene = Scene()
    scene.ask(HOLDER, coap.PUT, ["actuators", "bolt"], value=True)
    feeds = scene.node.peer.feeds
    held = cbor.encode(feeds.runs({feeds.own.author: 1}))
    assert b"open" in held
    for name in HIDDEN:
        assert name.encode() not in held, name


def test_what_may_be_read_is_not_refused():
    scene = Scene()
    for number, name in (
        (FRIEND, "named"),
        (FRIEND, "open"),
        (STRANGER, "open"),
        (HOLDER, "open"),
    ):
        assert scene.ask(number, coap.FETCH, ["sensors", name])[0] == codes.CONTENT
    assert scene.ask(FRIEND, coap.FETCH, ["actuators", "gate"])[0] == codes.CONTENT
    assert scene.ask(FRIEND, coap.POST, ["sensors", "named"])[0] == codes.NOT_ALLOWED
    assert scene.ask(FRIEND, coap.PUT, ["actuators", "gate"], value=1)[0] == codes.CHANGED
