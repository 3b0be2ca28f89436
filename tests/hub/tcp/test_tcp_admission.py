"""Who signed what comes by TCP, whether it is new, and whom it makes us look for: as over UDP."""

from random import Random

import pytest
from both_ways import raw, signed, two
from hubs import run, until
from tcp_client import answer_to
from tcp_peers import KIT, someone

from mesh.core import codes
from mesh.core.coap import message as coap
from mesh.core.codec.formats import CBOR
from mesh.core.security.seal import open_response, seal_request
from mesh.core.security.signed_client import request_for

UNAUTHORIZED = 0x81


def test_a_signature_of_another_or_for_another(tmp_path):
    async def main():
        async with two(tmp_path) as both, raw(both.source) as connection:
            stranger = someone()
            right = signed(stranger, both.asked.identity.public, coap.FETCH, ["peer"])
            assert (await answer_to(connection, right)).code == codes.CONTENT
            wrong = signed(stranger, someone().public, coap.FETCH, ["peer"])
            assert (await answer_to(connection, wrong)).code == UNAUTHORIZED
            changed = signed(stranger, both.asked.identity.public, coap.FETCH, ["peer"])
            changed.code = coap.PUT
            assert (await answer_to(connection, changed)).code == UNAUTHORIZED

    run(main)


def test_what_was_done_over_one_transport_is_not_done_again_over_the_other(tmp_path):
    """One replay window for all."""

    async def main():
        async with two(tmp_path) as both, raw(both.source) as connection:
            lamp, body = ["actuators", "lamp"], KIT.encode(True)
            await both.same(coap.PUT, lamp, body, CBOR)  # opens the window
            me, peer = both.asker.identity, both.asked.identity.public
            wish = signed(me, peer, coap.PUT, lamp, body)
            both.done.clear()
            assert (await answer_to(connection, wish)).code == codes.CHANGED
            assert (await answer_to(connection, wish)).code == UNAUTHORIZED
            refused = both.asked.node.peer.refused
            both.asker.node.endpoint.request(both.asker.now(), both.asked.address, wish)
            both.asker.driver.settle()
            await until(lambda: both.asked.node.peer.refused > refused)
            assert both.done == [True]

    run(main)


def test_a_peer_that_asks_over_tcp_gets_no_address_from_that(tmp_path):
    """The port that a connection comes from is none where somebody listens."""

    async def main():
        async with two(tmp_path) as both, raw(both.source) as connection:
            await both.same(coap.FETCH, ["peer"])
            contacts = both.asked.node.contacts
            known = {c.peer: c.address for c in contacts.proven()}
            assert known == {both.asker.identity.public: both.asker.address}
            stranger = signed(someone(), both.asked.identity.public, coap.FETCH, ["peer"])
            assert (await answer_to(connection, stranger)).code == codes.CONTENT
            assert list(contacts.table) == [both.asker.identity.public]

    run(main)


@pytest.mark.parametrize("size", [200, 700, 1152])
def test_an_answer_that_is_longer_than_the_other_end_takes_comes_in_blocks(tmp_path, size):
    """And is the same one, as it was signed, from block to block."""

    async def main():
        async with two(tmp_path) as both, raw(both.source, size) as connection:
            for n in range(40):
                both.asked.node.add_sensor(f"sensor-{n}", "Cel", 1000)
            stranger, peer = someone(), both.asked.identity.public
            message = request_for(coap.FETCH, [".well-known", "core"])
            digest = seal_request(KIT, stranger, peer, message, None, b"")
            body, block = b"", 8
            while block & 8:
                answer = await answer_to(connection, message)
                both.asked.node.add_sensor(f"late-{len(body)}", "Cel", 1000)
                body += answer.payload
                block = answer.uint(coap.BLOCK2)
                message.drop(coap.BLOCK2)
                message.add(coap.BLOCK2, (block >> 4) + 1 << 4 | block & 7)
            answer.payload = body
            _, links = open_response(KIT, peer, stranger.public, digest, answer)
            assert links.count(b"sensor-") == 40

    run(main)


def anything(random, peer, who):
    """A request with whatever may be in one, signed or not."""
    paths = (
        ["peer"],
        ["feeds"],
        ["sensors", "cold"],
        ["actuators", "lamp"],
        ["updates"],
        [""],
        [],
    )
    message = request_for(random.choice((1, 2, 3, 4, 5, 6, 31)), random.choice(paths))
    for number, most in (
        (coap.OBSERVE, 2),
        (coap.BLOCK2, 200),
        (coap.BLOCK1, 9),
        (coap.ACCEPT, 120),
    ):
        if random.random() < 0.2:
            message.add(number, random.randrange(most))
    if random.random() < 0.1:
        message.options.append((random.randrange(290, 3000), b"x"))
    body = random.choice((b"", b"\xa0", b"\x80", b"\x81\x07", b"\xff", KIT.encode({peer: 1})))
    if random.random() < 0.7:
        seal_request(KIT, who, random.choice((peer, bytes(32))), message, CBOR, body)
    else:
        message.add(coap.CONTENT_FORMAT, random.choice((0, 18, 60)))
    return message


@pytest.mark.parametrize("seed", range(3))
def test_every_request_is_answered_once(tmp_path, seed):
    """Over TCP nothing comes again, so nobody is left without an answer, nor has it twice."""

    async def main():
        random = Random(seed)
        async with two(tmp_path) as both, raw(both.source) as connection:
            both.asked.driver.fair.wait_s = lambda _: 0.0
            both.asked.node.gate._refusals.owe(400)  # UDP would leave the first ones unanswered
            who, answers = someone(), {}
            for n in range(300):
                message = anything(random, both.asked.identity.public, who)
                both.later(10)
                answers[n] = []
                connection.request(message, answers[n].append)
                await until(lambda found=answers[n]: found)
            last = request_for(coap.GET, ["time"])
            assert (await answer_to(connection, last)).code == codes.CONTENT
            assert {len(found) for found in answers.values()} == {1}
            assert both.asked.faults.count == 0

    run(main)
