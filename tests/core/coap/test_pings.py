"""Who asks from an address that proved nothing is pinged before a long answer."""

from network import Dice, Link, asking, content, get
from reflected import Reflected

from mesh.core import codes
from mesh.core.coap import message as coap
from mesh.core.coap.endpoint import Endpoint
from mesh.core.events import ObserverGone
from mesh.core.limits import Limits

A = ("10.0.0.1", 5683)
B = ("10.0.0.2", 5683)
LONG = bytes([n * 7 & 255 for n in range(4000)])


def is_ping(data):
    return data[0] == 0x40 and data[1] == 0


def silent(_, data):
    """A fate that lets no ping arrive."""
    return [] if is_ping(data) else [1]


def stranger(payload, fate=None, **limits):
    """A link on which A proved nothing to B, which has a long answer."""
    link = Link(A, B, fate=fate, **limits)
    link.serve[B] = lambda event: content(payload, CONTENT_FORMAT=50)
    return link


def bounded(link, shown=0):
    """B never sent more than three times what came, and 2 KiB for each ping that was answered."""
    credit = 0
    for _, source, _, data in link.sent:
        if source == A:
            credit += 3 * len(data) + (2048 if data[0] >> 4 == 7 else 0)
        else:
            credit -= len(data)
            assert credit >= 0, (len(data), credit)


def read(link, message=None, confirmable=True):
    """What A gets, and how many requests and pings that took."""
    before = len(link.sent), len(link.of(A))
    link.ends[A].request(link.now, B, message or get("peer"), confirmable)
    link.run()
    (event,) = link.of(A)[before[1] :]
    sent = [data for _, _, _, data in link.sent[before[0] :]]
    requests = len([data for data in sent if 0 < data[1] < 32])
    return event.message.payload, requests, len([data for data in sent if is_ping(data)])


def test_who_answers_a_ping_gets_all_at_once():
    for confirmable in (True, False):
        link = stranger(LONG[:900])
        assert read(link, confirmable=confirmable) == (LONG[:900], 1, 1)
        answer = link.heard(A)[-1]
        assert answer.type == (coap.ACK if confirmable else coap.NON)
        assert read(link) == (LONG[:900], 1, 0), "the ping pays for two"
        assert read(link) == (LONG[:900], 1, 1)
        assert not link.ends[B].proven(A)
        assert not link.ends[B].flight
        bounded(link)


def test_who_answers_none_reads_all_in_small_blocks():
    for confirmable, pings in ((True, 2), (False, 1)):
        link = stranger(LONG[:400], silent)
        payload, requests, pinged = read(link, confirmable=confirmable)
        assert (payload, pinged) == (LONG[:400], pings)
        assert requests > 10
        assert len(link.of(B)) == 1, "asked once, as the body is kept"
        assert link.sent[pings + 1][0] - link.sent[0][0] <= 601
        bounded(link)


def test_a_ping_that_is_lost_comes_again():
    lost = []

    def fate(_, data):
        if is_ping(data) and not lost:
            lost.append(data)
            return []
        return [1]

    link = stranger(LONG[:900], fate)
    assert read(link) == (LONG[:900], 1, 2)
    assert [data for _, _, _, data in link.sent if is_ping(data)] == 2 * lost


def test_a_question_too_short_for_a_ping_and_a_block():
    end = Endpoint(Limits(), Dice())
    for name, pinged in (("peer", False), ("peers", True)):
        message = get(name)
        message.mid = len(name)
        end.receive(0, A, coap.build(message))
        end.respond(0, end.next_event().ticket, content(LONG[:400], CONTENT_FORMAT=50))
        answer = coap.parse(end.next_send()[1])
        assert (answer.code == 0) == pinged, name
        assert pinged or (answer.uint(coap.BLOCK2), answer.payload) == (8, LONG[:16])


def test_a_long_body_keeps_its_blocks():
    """What a ping paid for is used up amid the body: another one goes, and no smaller block."""
    link = stranger(LONG)
    payload, requests, pings = read(link)
    assert payload == LONG
    assert requests == 8
    assert 2 <= pings <= 3
    assert {m.uint(coap.BLOCK2) & 7 for m in link.heard(A) if m.code} == {5}
    bounded(link)


def test_refusals_are_cut_and_groups_are_answered_without_a_ping():
    link = Link(A, B)
    link.serve[B] = lambda event: coap.Message(codes.NOT_FOUND, LONG[:200])
    link.ends[A].request(link.now, B, get("x"))
    link.run(1000)
    assert link.of(A)[0].message.code == codes.NOT_FOUND
    link.serve[B] = lambda event: content(LONG[:200])
    link.ends[B].receive(link.now, A, coap.build(asking(coap.GET, ("long-name",))), True)
    link.run(1000)
    assert not [data for _, _, _, data in link.sent if is_ping(data)]


def waiting(count=1, size=200, **limits):
    """An endpoint and the tickets of so many questions whose answers wait for a ping."""
    end = Endpoint(Limits(**limits), Dice())
    tickets = []
    for n in range(count):
        message = asking(coap.GET, ("sensors", f"{n}"), OBSERVE=0)
        message.mid, message.token = n, b"%d" % n
        end.receive(0, A, coap.build(message))
        tickets.append(end.next_event().ticket)
        answer = content(bytes([n]) * size, OBSERVE=end.order())
        end.respond(0, tickets[-1], answer)
    return end, tickets


def sent(end):
    """What it sends now."""
    messages = []
    while (datagram := end.next_send()) is not None:
        messages.append(coap.parse(datagram[1]))
    return messages


def test_an_answer_that_waits_is_no_more_than_one():
    end, (ticket,) = waiting()
    (ping,) = sent(end)
    reset = coap.build(coap.Message(0, b"", coap.RST, ping.mid))
    for wrong in (ping.mid ^ 1, ping.mid ^ 0x800):
        end.receive(5, A, coap.build(coap.Message(0, b"", coap.RST, wrong)))
        assert not sent(end)
    end.receive(5, ("10.0.0.1", 5684), reset)
    assert not sent(end)
    end.receive(5, A, reset)
    (answer,) = sent(end)
    assert answer.payload == b"\0" * 200 and answer.get(coap.OBSERVE) is not None
    end.receive(6, A, reset)
    end.tick(10_000)
    assert not sent(end) and end.idle(ticket)


def test_news_come_after_the_answer_that_waits():
    end, (ticket,) = waiting()
    assert not end.idle(ticket), "what is told now comes after something"
    sent(end)
    assert end.notify(5, ticket, content(b"new", OBSERVE=end.order()))
    answer, news = sent(end)
    assert answer.type == coap.ACK and answer.payload[:16] == b"\0" * 16
    assert (news.type, news.payload) == (coap.CON, b"new")
    assert news.uint(coap.OBSERVE) > answer.uint(coap.OBSERVE)


def test_who_loses_his_place_while_he_waits_is_answered():
    end, tickets = waiting(3, observers=3)
    sent(end)
    other = ("10.0.0.9", 5683)
    end.prove(other)
    message = asking(coap.GET, ("x",), OBSERVE=0)
    message.token = b"other"
    end.receive(5, other, coap.build(message))
    end.respond(5, end.next_event().ticket, content(b"1", OBSERVE=1))
    gone = end.next_event()
    assert isinstance(gone, ObserverGone) and gone.ticket in tickets
    first, then = sent(end)
    assert (first.mid, then.token) == (gone.ticket.asked, b"other")
    end.end(tickets[0] if gone.ticket is not tickets[0] else tickets[1])
    assert len(sent(end)) == 1


def test_more_that_wait_than_are_remembered():
    """On a board six strangers; each answer goes, the oldest ones in small blocks."""
    end, tickets = waiting(20, exchanges=12, bodies=2)
    out = sent(end)
    assert len([m for m in out if m.code == 0]) == 20
    assert len([m for m in out if m.code]) == 14, "they cannot wait longer"
    pings = [m for m in out if m.code == 0][14:]
    sizes = []
    for ping in pings:
        end.receive(5, A, coap.build(coap.Message(0, b"", coap.RST, ping.mid)))
        sizes += [len(m.payload) for m in sent(end)]
    assert len(sizes) == 6 and sorted(sizes)[-2:] == [200, 200], sizes
    assert sizes[0] < 200, "its body is not kept any more"
    assert not end.flight and len(tickets) == 20


def short(path, number, **options):
    message = asking(coap.GET, path, **options)
    message.mid, message.token = number, b"%04d" % (number % 10_000)
    return coap.build(message)


def guess(scene, n):
    """Who forges a victim's address tries one more id."""
    kind = (coap.ACK, coap.RST)[n % 2]
    scene.forge(coap.build(coap.Message(0, b"", kind, 0xF000 + n * 7 % 4096)))


def test_guessed_resets_bring_less_than_they_cost():
    scene = Reflected()
    for n in range(200):
        for again in range(4):
            scene.forge(short(("peer",), 4 * n + again))
        for again in range(40):
            guess(scene, 40 * n + again)
        scene.world.run(100)
    scene.minutes(1)
    scene.check()
    assert scene.datagrams > 100


def test_many_pings_at_one_address_are_no_better_to_guess():
    """One of 256 is soon guessed, so what it pays is as much less."""
    for guesses in (20, 200):
        scene = Reflected(observers=256, remotes=4096, exchanges=4096, bodies=64)
        scene.world.run(100)
        for n in range(256):
            scene.forge(short(("sensors", "temp"), n, OBSERVE=0))
        scene.world.run(2000)
        for n in range(20):
            scene.node.reading(scene.world.now, "temp", n)
            scene.world.run(50)
            for again in range(guesses):
                guess(scene, guesses * n + again)
            scene.world.run(50)
        scene.minutes(1)
        scene.check()
        assert scene.datagrams > 500, guesses
