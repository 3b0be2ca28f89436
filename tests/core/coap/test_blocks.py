"""Bodies in blocks, both ways: RFC 7959, and FETCH with it (RFC 8132)."""

from helpers import raises
from network import Dice, Link, asking, content, get, losing, sizes

from mesh.core import codes
from mesh.core.coap import message as coap
from mesh.core.coap.endpoint import Endpoint
from mesh.core.errors import LocalError
from mesh.core.events import Failed
from mesh.core.limits import Limits

A = ("10.0.0.1", 5683)
B = ("10.0.0.2", 5683)
LONG = bytes([n * 7 & 255 for n in range(3000)])


def pair(answer=None, **limits):
    link = Link(A, B, **limits)
    link.ends[B].prove(A)
    link.serve[B] = lambda event: answer() if answer else content(event.message.payload)
    return link


def asked(link):
    return [event for event in link.of(B) if type(event).__name__ == "Requested"]


def test_a_long_answer_comes_in_blocks():
    link = pair(lambda: content(LONG, CONTENT_FORMAT=42))
    link.ends[A].request(link.now, B, get("long"))
    link.run(100)
    answer = link.of(A)[0].message
    assert answer.payload == LONG and answer.uint(coap.CONTENT_FORMAT) == 42, len(answer.payload)
    assert answer.get(coap.BLOCK2) is None and len(link.of(A)) == 1
    assert len(asked(link)) == 1, link.of(B)
    blocks = [m.uint(coap.BLOCK2) for m in link.heard(A)]
    assert blocks == [0x0D, 0x1D, 0x2D, 0x3D, 0x4D, 0x55], blocks
    assert len({m.get(coap.ETAG) for m in link.heard(A)}) == 1
    assert len({m.token for m in link.heard(B)}) == 1, "some servers look for that"
    assert not link.ends[A].open and not link.ends[A].flight


def test_a_long_request_goes_in_blocks():
    link = pair(lambda: coap.Message(codes.CHANGED))
    link.ends[A].request(link.now, B, asking(coap.PUT, ("x",), LONG, CONTENT_FORMAT=42))
    link.run(100)
    (event,) = link.of(B)
    assert event.message.payload == LONG and event.message.get(coap.BLOCK1) is None
    answer = link.of(A)[0].message
    assert answer.code == codes.CHANGED and answer.uint(coap.BLOCK1) == 0x55, answer.code
    assert [m.code for m in link.heard(A)] == [codes.CONTINUE] * 5 + [codes.CHANGED]
    assert [m.uint(coap.SIZE1) for m in link.heard(B)] == [3000] + [None] * 5
    assert not link.ends[B].bodies


def test_two_bodies_for_one_resource_are_kept_apart():
    link = pair(lambda: coap.Message(codes.CHANGED), fate=losing(3, 6))
    for letter in (b"a", b"b"):
        link.ends[A].request(link.now, B, asking(coap.POST, ("x",), letter * 1500))
    link.run()
    bodies = sorted([event.message.payload for event in asked(link)])
    assert bodies == [b"a" * 1500, b"b" * 1500], [body[:2] for body in bodies]


def test_both_ways_with_losses():
    for code in (coap.POST, coap.PUT, coap.FETCH):
        link = pair(fate=losing(2, 3, 7, 11, 14, 15, 19))
        link.ends[A].request(link.now, B, asking(code, ("x",), LONG))
        link.run()
        assert link.of(A)[0].message.payload == LONG and len(link.of(A)) == 1, link.of(A)
        assert len(asked(link)) == 1, link.of(B)
        late = [m for m in link.heard(B) if (m.uint(coap.BLOCK2) or 0) >> 4]
        assert late and all(m.payload == b"" for m in late), "RFC 7959 figure 10"


def test_a_fetch_says_its_payload_again_and_is_served_from_the_body_kept():
    link = pair(lambda: content(LONG))
    for what in (b"one", b"two"):
        link.ends[A].request(link.now, B, asking(coap.FETCH, ("x",), what))
    link.run(100)
    assert [event.message.payload for event in link.of(A)] == [LONG, LONG], link.of(A)
    assert [m.payload for m in link.heard(B)].count(b"one") == 6
    assert len(asked(link)) == 2, link.of(B)


def test_two_fetches_of_one_path_are_kept_apart():
    link = Link(A, B)
    link.ends[B].prove(A)
    link.serve[B] = lambda event: content(event.message.payload * 1000)
    for what in (b"one", b"two"):
        link.ends[A].request(link.now, B, asking(coap.FETCH, ("x",), what))
    link.run(100)
    assert [e.message.payload for e in link.of(A)] == [b"one" * 1000, b"two" * 1000]


def by_hand(end, message, mid, source=A, now=0):
    """Give an endpoint one message, answer what it asks by LONG; the answer it sends."""
    message.mid = mid
    end.receive(now, source, coap.build(message))
    event = end.next_event()
    if event is not None:
        end.respond(now, event.ticket, content(LONG))
    datagram = end.next_send()
    return event is not None, coap.parse(datagram[1])


def proven_end(**limits):
    end = Endpoint(Limits(**limits), Dice())
    end.prove(A)
    return end


def test_a_later_block_of_a_fetch_may_leave_out_its_payload():
    end = proven_end()
    assert by_hand(end, asking(coap.FETCH, ("x",), b"what"), 1)[0]
    new, answer = by_hand(end, asking(coap.FETCH, ("x",), BLOCK2=0x25), 2)
    assert not new and answer.payload == LONG[1024:1536], answer.payload
    new, answer = by_hand(end, asking(coap.FETCH, ("x",), b"what", BLOCK2=0x24), 3)
    assert not new and answer.payload == LONG[512:768], answer.payload
    new, answer = by_hand(end, asking(coap.FETCH, ("x",), b"other", BLOCK2=0x25), 4)
    assert new, "another body: the application knows"


def test_a_block_of_a_body_no_longer_kept():
    end = proven_end()
    new, answer = by_hand(end, asking(coap.GET, ("x",), BLOCK2=0x25), 1)
    assert new and answer.payload == LONG[1024:1536], "a read is just done again"
    new, answer = by_hand(end, asking(coap.POST, ("x",), BLOCK2=0x15), 2)
    assert not new and answer.code == codes.INCOMPLETE, answer.code
    new, answer = by_hand(end, asking(coap.FETCH, ("x",), BLOCK2=0x15), 5)
    assert not new and answer.code == codes.INCOMPLETE, "what it asks for is gone too"
    assert by_hand(end, asking(coap.GET, ("x",), BLOCK2=0x35), 3)[0] is False
    assert by_hand(end, asking(coap.GET, ("x",), BLOCK2=0x45), 4, now=20_000)[0], "too old"


def test_blocks_that_cannot_be():
    end = proven_end()
    assert by_hand(end, asking(coap.GET, ("x",), BLOCK2=0x65), 2)[1].code == codes.BAD_REQUEST
    for mid, (block, payload, code) in enumerate(
        (
            (0x0F, b"1" * 16, codes.BAD_REQUEST),
            (0x0D, b"1" * 511, codes.BAD_REQUEST),
            (0x0D, b"1" * 513, codes.BAD_REQUEST),
            (0x05, b"1" * 513, codes.BAD_REQUEST),
            (0x1D, b"1" * 512, codes.INCOMPLETE),
            (0x15, b"1", codes.INCOMPLETE),
        )
    ):
        new, answer = by_hand(end, asking(coap.PUT, ("x",), payload, BLOCK1=block), 10 + mid)
        assert not new and answer.code == code, (mid, answer.code)
    assert all(body.message for body in end.bodies), "nothing is being put together"


def test_blocks_out_of_order():
    end = proven_end()
    for mid, (block, code) in enumerate(
        ((0x08, 0x5F), (0x18, 0x5F), (0x38, 0x88), (0x18, 0x88), (0x08, 0x5F), (0x10, 0x45))
    ):
        payload = bytes((mid,)) * 16
        new, answer = by_hand(end, asking(coap.PUT, ("x",), payload, BLOCK1=block), mid)
        assert answer.code == code and new == (mid == 5), (mid, answer.code)


def test_too_large_a_body_is_refused_with_the_limit():
    end = proven_end(body=64)
    for mid, block in enumerate((0x08, 0x18, 0x28, 0x38, 0x40)):
        answer = by_hand(end, asking(coap.PUT, ("x",), b"1" * 16, BLOCK1=block), mid)[1]
    assert answer.code == codes.TOO_LARGE and answer.uint(coap.SIZE1) == 64, answer.code
    assert not end.bodies
    said = asking(coap.PUT, ("x",), b"1" * 16, BLOCK1=8, SIZE1=65)
    assert by_hand(end, said, 9)[1].code == codes.TOO_LARGE


def test_only_so_many_bodies_and_not_for_long():
    end = proven_end(bodies=4)
    for n in range(9):
        by_hand(end, asking(coap.PUT, (str(n),), b"1" * 16, BLOCK1=8), n)
        by_hand(end, asking(coap.PUT, ("x",), b"1" * 16, BLOCK1=8), n, ("10.3.3.3", n))
        assert len(end.bodies) <= 4
    for n in range(9):
        by_hand(end, asking(coap.PUT, ("x",), b"1" * 16, BLOCK1=8), n, ("10.4.4.4", n))
    sources = [body.key[0] for body in end.bodies]
    assert sources == [A, A, ("10.4.4.4", 7), ("10.4.4.4", 8)], sources
    end.tick(10_749)
    assert len(end.bodies) == 4
    end.tick(10_750)
    assert not end.bodies


def test_what_we_send_has_a_limit_too():
    link = pair(lambda: content(LONG), body=2000)
    big = asking(coap.PUT, ("x",), LONG)
    raises(LocalError, link.ends[A].request, link.now, B, big)
    assert not link.ends[A].open and not link.ends[A].remotes
    link.serve = {}
    link.ends[A].request(link.now, B, get("x"))
    link.run(10)
    raises(LocalError, link.ends[B].respond, link.now, link.of(B)[0].ticket, content(LONG))
    link.ends[B].respond(link.now, link.of(B)[0].ticket, content(b"short"))
    link.run(10)
    assert link.of(A)[0].message.payload == b"short"


def test_an_answer_longer_than_the_limit_fails():
    link = pair(lambda: content(LONG))
    link.ends[A].limits.body = 2047
    number = link.ends[A].request(link.now, B, get("x"))
    link.run()
    assert link.of(A) == [Failed(number, "longer than limits.body")], link.of(A)
    assert len(link.heard(B)) == 4 and sizes(link.ends[A])["flight"] == 0


def test_a_stranger_begins_again_where_the_body_is_gone():
    end = Endpoint(Limits(), Dice())
    new, answer = by_hand(end, asking(coap.GET, ("long-name",), BLOCK2=0x25), 1)
    assert not new and answer.code == codes.INCOMPLETE, "without an ETag nothing tells it apart"


def test_blocks_of_a_long_question_of_a_stranger_have_an_etag():
    """Its question may be answered twice, as each copy is, and blocks of two answers mixed."""
    for size, has_one in ((200, True), (20, False)):
        end = Endpoint(Limits(), Dice())
        message = asking(coap.FETCH, ("peer",), bytes(size), CONTENT_FORMAT=42)
        end.receive(1, A, coap.build(message))
        end.respond(1, end.next_event().ticket, content(LONG[:900], CONTENT_FORMAT=42))
        while (sending := end.next_send()) is None or not sending[1][1]:
            end.tick(end.wake_at() or 1)
        block = coap.parse(sending[1])
        assert block.uint(coap.BLOCK2) & 8 and (block.get(coap.ETAG) is not None) == has_one, size


def test_a_stranger_reads_everything_in_small_blocks():
    """Who answers no ping, that is: test_pings.py has the others."""
    link = pair(lambda: content(LONG[:400], CONTENT_FORMAT=50))
    link.fate = lambda _, data: [1] if data[1] else []
    link.ends[B].remotes = {}
    link.ends[A].request(link.now, B, get("peer"))
    link.run(1000)
    assert link.of(A)[0].message.payload == LONG[:400]
    times = {}
    for _, source, _, data in link.sent:
        mid = data[2:4]
        if data[1]:
            assert source == A or len(data) <= 3 * times[mid], (len(data), times[mid])
            times[mid] = len(data)
    assert len(asked(link)) == 1, link.of(B)


def test_a_long_refusal_comes_in_blocks_too():
    for proven in (False, True):
        link = pair(lambda: coap.Message(codes.FORBIDDEN, LONG[:1200]))
        if not proven:
            link.ends[B].remotes = {}
        link.ends[A].request(link.now, B, get("peer"))
        link.run(1000)
        (event,) = link.of(A)
        assert event.message.code == codes.FORBIDDEN and event.message.payload == LONG[:1200]


def test_a_refusal_of_a_later_block_is_whole():
    end = proven_end()
    message = asking(coap.GET, ("x",), BLOCK2=0x10)
    end.receive(0, A, coap.build(message))
    end.respond(0, end.next_event().ticket, coap.Message(codes.FORBIDDEN, b"not for you, sorry"))
    answer = coap.parse(end.next_send()[1])
    assert answer.code == codes.FORBIDDEN and answer.payload == b"not for you, sorry"


def test_a_request_too_small_for_any_answer():
    end = Endpoint(Limits(), Dice())
    answer = by_hand(end, get("p"), 1)[1]
    assert answer.code == codes.UNAUTHORIZED and not answer.payload and not answer.options


def test_what_fits_a_datagram_stays_whole():
    link = pair(lambda: content(b"r" * 900))
    link.ends[A].request(link.now, B, asking(coap.POST, ("feeds",), b"r" * 900))
    link.run(10)
    assert len(link.sent) == 2, len(link.sent)
