"""One peer, two transports: what is asked signed over TCP is answered as it is over UDP."""

import contextlib
import re

from both_ways import said, two
from hubs import run, until
from tcp_peers import KIT, LIMITS, runs_of, someone

from mesh.core import codes
from mesh.core.coap import message as coap
from mesh.core.codec.formats import CBOR, JSON
from mesh.core.feed.chain import walk

FORBIDDEN, NOT_FOUND, NOT_ALLOWED = 0x83, 0x84, 0x85
BAD_REQUEST, UNSUPPORTED, UNAVAILABLE = 0x80, 0x8F, 0xA3
OPEN = {
    *("peer", "peers", "time", "feeds", "relations", "actuators"),
    *("sensors", "sensors/cold", "sensors/mute"),
}


def test_every_resource_that_is_listed(tmp_path):
    async def main():
        async with two(tmp_path) as both:
            listed = (await both.same(coap.FETCH, [".well-known", "core"]))[2].decode()
            paths = re.findall("</([^>]*)>", listed)
            assert set(paths) == OPEN | {"actuators/lamp", "actuators/lock"}
            for path in paths:
                code, form, content, error = await both.same(coap.FETCH, path.split("/"))
                assert code == (UNAVAILABLE if path == "sensors/mute" else codes.CONTENT)
                assert form is not None
                assert content is not None
                assert (error is None) == (code == codes.CONTENT)

    run(main)


def test_reading_with_a_query_and_a_body(tmp_path):
    async def main():
        async with two(tmp_path) as both:
            core = [".well-known", "core"]
            lamps = await both.same(coap.FETCH, core, b"", None, ["rt=othermesh.actuator"])
            assert lamps[2].count(b"rt=") == 2
            me = both.asked.identity.public
            (*_, runs, _) = await both.same(coap.FETCH, ["feeds"], KIT.encode({me: 1}), CBOR)
            assert walk(KIT, runs[0], LIMITS).author == me
            heads = await both.same(coap.FETCH, ["feeds"], KIT.encode({me: None}), CBOR)
            assert len(heads[2]) == 1
            some = await both.same(coap.FETCH, ["feeds"], KIT.encode({b"": None}), CBOR)
            assert some[0] == codes.CONTENT
            none = await both.same(
                coap.FETCH, ["feeds"], KIT.encode({me: None}), CBOR, ["max=99999"]
            )
            assert none[2] == heads[2]
            evidence = await both.same(coap.FETCH, ["feeds"], KIT.encode([me]), CBOR, ["evidence"])
            assert evidence[0] == codes.CONTENT

    run(main)


def test_refusals(tmp_path):
    async def main():
        async with two(tmp_path) as both:
            body = KIT.encode(True)
            for code, *question in (
                (NOT_FOUND, coap.FETCH, ["nothing"]),
                (NOT_FOUND, coap.FETCH, ["sensors", "none"]),
                (NOT_FOUND, coap.FETCH, ["sensors", "secret"]),
                (NOT_FOUND, coap.FETCH, ["sensors", "cold", "more"]),
                (NOT_FOUND, coap.FETCH, ["updates"], KIT.encode([bytes(32), 0, 9]), CBOR),
                (NOT_FOUND, coap.POST, ["updates"], body, CBOR),
                (NOT_FOUND, coap.PUT, ["nothing"], body, CBOR),
                (NOT_ALLOWED, coap.PUT, ["sensors", "cold"], body, CBOR),
                (NOT_ALLOWED, coap.PUT, ["peer"], body, CBOR),
                (NOT_ALLOWED, coap.POST, ["time"], body, CBOR),
                (NOT_ALLOWED, coap.DELETE, ["peer"]),
                (FORBIDDEN, coap.PUT, ["actuators", "lock"], body, CBOR),
                (FORBIDDEN, coap.PUT, ["actuators", "none"], body, CBOR),
                (BAD_REQUEST, coap.PUT, ["actuators", "lamp"], KIT.encode([1]), CBOR),
                (BAD_REQUEST, coap.PUT, ["actuators", "lamp"], KIT.encode("no"), CBOR),
                (BAD_REQUEST, coap.POST, ["feeds"], KIT.encode(7), CBOR),
                (BAD_REQUEST, coap.FETCH, ["feeds"], KIT.encode(7), CBOR),
                (UNSUPPORTED, coap.PUT, ["actuators", "lamp"], b"{}", JSON),
                (UNSUPPORTED, coap.POST, ["feeds"], b"{}", JSON),
            ):
                what = await both.same(*question)
                assert what[0] == code, question
                assert what[3]
            assert not both.done

    run(main)


def test_what_its_owner_shares_with_nobody(tmp_path):
    async def main():
        async with two(tmp_path) as both:
            share = both.asked.profile.share
            for path in ("peer", "peers", "time", "feeds"):
                share["/" + path] = "nobody"
                assert (await both.same(coap.FETCH, [path]))[0] == FORBIDDEN
                share["/" + path] = []
                assert (await both.same(coap.FETCH, [path]))[0] == FORBIDDEN

    run(main)


def test_setting(tmp_path):
    async def main():
        async with two(tmp_path) as both:
            lamp = ["actuators", "lamp"]
            for value in (True, 3, "dim"):
                what = await both.same(coap.PUT, lamp, KIT.encode(value), CBOR)
                assert what == (codes.CHANGED, None, b"", None)
                assert (await both.same(coap.FETCH, lamp))[2] == value
            assert both.done == [True, True, 3, 3, "dim", "dim"]

    run(main)


def test_offering(tmp_path):
    """Whether few runs or many."""

    async def main():
        async with two(tmp_path) as both:
            both.asked.node.peer.feeds.wants = lambda _: 1
            for count in (10, 600):
                held = []
                for _ in range(2):
                    author = someone()
                    body = KIT.encode(runs_of(author, count))
                    (_, _, told, _), _ = await both.ask(coap.POST, ["feeds"], body, CBOR)
                    held.append(list(told.values()))
                    assert list(told) == [author.public]
                assert held == [[count]] * 2

    run(main)


def test_observing(tmp_path):
    """Each reading comes by both ways, and the last word too."""

    async def main():
        async with two(tmp_path) as both:
            id, cold = both.asked.identity.public, ["sensors", "cold"]
            async with (
                contextlib.aclosing(both.asker.observe(id, cold)) as by_udp,
                contextlib.aclosing(both.way.observe(cold)) as by_tcp,
            ):
                first = said(await anext(by_tcp))
                assert first == said(await anext(by_udp))
                for value in (22, 23, 24):
                    both.asked.node.reading(both.asked.now(), "cold", value)
                    both.asked.driver.settle()
                    told = said(await anext(by_tcp))
                    assert told == said(await anext(by_udp))
                    assert told[2][0][2] == value
            await until(lambda: len(both.asked.node.serving._watchers) == 1)  # that of UDP stays

    run(main)


def test_observing_feeds(tmp_path):
    """What is new in a feed is told by both ways: runs, which prove themselves."""

    async def main():
        async with two(tmp_path) as both:
            id = both.asked.identity.public
            wishes = KIT.encode({id: 1})
            async with (
                contextlib.aclosing(both.asker.observe(id, ["feeds"], wishes, CBOR)) as by_udp,
                contextlib.aclosing(both.way.observe(["feeds"], wishes, CBOR)) as by_tcp,
            ):
                told = [KIT.decode((await anext(by_tcp)).payload)]
                assert told == [KIT.decode((await anext(by_udp)).payload)]
                both.asked.node.reading(both.asked.now(), "cold", 25)
                both.later(10_000)
                answers = [await anext(by_tcp), await anext(by_udp)]
                assert [answer.signed for answer in answers] == [False, False]
                runs = [KIT.decode(answer.payload) for answer in answers]
                assert runs[0] == runs[1]
                assert walk(KIT, runs[0][0], LIMITS).author == id

    run(main)
