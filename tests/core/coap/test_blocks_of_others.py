"""Bodies in blocks from servers of other makes, by hand: RFC 7959."""

from network import Dice, asking, content, get

from mesh.core import codes
from mesh.core.coap import message as coap
from mesh.core.coap.endpoint import Endpoint
from mesh.core.events import Answered, Failed
from mesh.core.limits import Limits

A = ("10.0.0.1", 5683)
B = ("10.0.0.2", 5683)
LONG = bytes([n * 7 & 255 for n in range(3000)])


class Server:
    """B by hand: answers every request of an endpoint by what `make(request)` gives."""

    def __init__(self, make, **limits):
        self.end = Endpoint(Limits(**limits), Dice())
        self.asked = []
        self.make = make

    def get(self, message=None):
        number = self.end.request(0, B, message or get("x"))
        for _ in range(1000):
            datagram = self.end.next_send()
            if datagram is None:
                break
            request = coap.parse(datagram[1])
            self.asked.append(request)
            answer = self.make(request)
            answer.type = coap.ACK
            answer.mid = request.mid
            answer.token = request.token
            self.end.receive(0, B, coap.build(answer))
        else:
            raise AssertionError("it never ends")
        events = []
        while (event := self.end.next_event()) is not None:
            events.append(event)
        assert len(events) == 1 and events[0].number == number, events
        assert not self.end.open and not self.end.flight
        return events[0]


def test_a_server_that_always_has_more():
    def endless(request):
        num = (request.uint(coap.BLOCK2) or 0) >> 4
        return content(b"x" * 16, BLOCK2=num << 4 | 8)

    event = Server(endless).get()
    assert isinstance(event, Failed) and event.reason == "longer than limits.body"


def test_a_body_said_to_be_too_long_is_not_begun():
    server = Server(lambda request: content(b"x" * 16, BLOCK2=8, SIZE2=4097))
    assert server.get()[1:] == ("longer than limits.body",)
    assert len(server.asked) == 1, server.asked
    answers = [content(b"x" * 16, BLOCK2=n << 4 | (n < 9) << 3, SIZE2=160) for n in range(10)]
    event = Server(lambda request: answers.pop(0), body=160).get()
    assert event.message.payload == b"x" * 160, event


def test_a_server_that_repeats_a_block_or_sends_what_does_not_fit():
    for block, payload in (
        (0x08, b"x" * 16),
        (0x28, b"x" * 16),
        (0x1F, b"x" * 2048),
        (0x18, b"x" * 15),
        (0x18, b"x" * 17),
        (0x18, b""),
        (0x10, b"x" * 17),
        (None, b"x"),
    ):
        answers = [content(b"0" * 16, BLOCK2=8), content(payload)]
        if block is not None:
            answers[1].add(coap.BLOCK2, block)
        event = Server(lambda request, rest=answers: rest.pop(0)).get()
        assert event[1:] == ("blocks out of order",), (block, event)


def test_a_body_that_changes_on_the_way():
    for first, then in ((b"1", b"2"), (b"1", None), (None, b"2")):
        answers = []
        for _ in range(2):  # it is fetched from its start once more
            answers += [content(b"0" * 16, BLOCK2=8), content(b"1", BLOCK2=0x10)]
            if first:
                answers[-2].add(coap.ETAG, first)
            if then:
                answers[-1].add(coap.ETAG, then)
        event = Server(lambda request, rest=answers: rest.pop(0)).get()
        assert len(answers) == 2 * (first is None)
        if first is None:
            assert event.message.payload == b"0" * 16 + b"1", event
        else:
            assert event[1:] == ("changed on the way",), event


def test_a_body_that_changed_once_is_fetched_from_its_start():
    asked = []

    def change(request):
        asked.append(request.uint(coap.BLOCK2) or 0)
        rest = [(b"0" * 16, 8, b"1"), (b"0", 0x10, b"2"), (b"3" * 16, 8, b"2"), (b"4", 0x10, b"2")]
        payload, block, tag = rest[len(asked) - 1]
        return content(payload, BLOCK2=block).add(coap.ETAG, tag)

    event = Server(change).get()
    assert event.message.payload == b"3" * 16 + b"4", event
    assert asked == [0, 0x10, 0, 0x10]


def test_an_error_in_the_middle_is_the_answer():
    answers = [content(b"0" * 16, BLOCK2=8), coap.Message(codes.INCOMPLETE)]
    event = Server(lambda request: answers.pop(0)).get()
    assert isinstance(event, Answered) and event.message.code == codes.INCOMPLETE, event


def test_a_server_with_smaller_blocks_than_we_begin_with():
    got = []

    def small(request):
        block = request.uint(coap.BLOCK1)
        got.append((block >> 4, request.payload))
        return coap.Message(codes.CONTINUE if block & 8 else codes.CHANGED).add(
            coap.BLOCK1, block & ~7 | 2
        )

    server = Server(small)
    server.get(asking(coap.PUT, ("x",), LONG[:1500]))
    assert b"".join([payload for _, payload in got]) == LONG[:1500]
    assert got[0][0] == 0 and got[1][0] == 8 and len(got[1][1]) == 64, got[:2]


def test_a_server_that_refuses_the_first_block_as_too_large():
    got = []

    def picky(request):
        block = request.uint(coap.BLOCK1)
        if block & 7 > 3:
            return coap.Message(codes.TOO_LARGE).add(coap.BLOCK1, 3)
        got.append(request.payload)
        return coap.Message(codes.CONTINUE if block & 8 else codes.CHANGED).add(coap.BLOCK1, block)

    event = Server(picky).get(asking(coap.PUT, ("x",), LONG))
    assert event.message.code == codes.CHANGED and b"".join(got) == LONG
    for code in (codes.TOO_LARGE, codes.FORBIDDEN):
        event = Server(lambda request, code=code: coap.Message(code)).get(
            asking(coap.PUT, ("x",), LONG)
        )
        assert event.message.code == code, event


def test_a_server_that_takes_each_block_as_it_comes():
    got = []

    def stateless(request):
        got.append(request.payload)
        return coap.Message(codes.CHANGED).add(coap.BLOCK1, request.uint(coap.BLOCK1) & ~8)

    Server(stateless).get(asking(coap.PUT, ("x",), LONG))
    assert b"".join(got) == LONG


def test_a_server_that_goes_on_with_smaller_blocks():
    def shrinking(request):
        block = request.uint(coap.BLOCK2) or 6
        szx = block & 7 if block >> 4 == 0 else 3
        at = (block >> 4) << ((block & 7) + 4)
        end = at + (16 << szx)
        return content(
            LONG[at:end], BLOCK2=(at >> szx + 4) << 4 | (8 if end < len(LONG) else 0) | szx
        )

    server = Server(shrinking)
    assert server.get().message.payload == LONG
    assert server.asked[1].uint(coap.BLOCK2) == 0x25, "never more than our own size"


def test_one_block_that_the_caller_asked_for():
    server = Server(lambda request: content(LONG[64:128], BLOCK2=0x1A))
    event = server.get(asking(coap.GET, ("x",), BLOCK2=0x12))
    assert event.message.payload == LONG[64:128] and event.message.uint(coap.BLOCK2) == 0x1A
