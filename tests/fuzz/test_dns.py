"""Random datagrams and random peers: nothing but RemoteError, and what is built is read back."""

import ipaddress

from hypothesis import given
from hypothesis import strategies as st
from link import STRANGER, alone, counting, peer_id, question, records, response
from zeroconf import DNSIncoming

from mesh.core.discovery import dns
from mesh.core.discovery.dnssd import SERVICE, OneShot, host, instance
from mesh.core.errors import LocalError, RemoteError
from mesh.core.limits import Limits

labels = st.binary(min_size=1, max_size=63).map(lambda label: bytes([len(label)]) + label)
names = st.lists(labels, max_size=5).map(lambda parts: b"".join(parts) + b"\0")
names = names.filter(lambda name: len(name) <= 255)
texts = st.from_regex("[a-z0-9-]{1,15}", fullmatch=True).map(str.encode)
plain_names = st.lists(texts, min_size=1, max_size=5).map(
    lambda parts: b"".join(bytes([len(part)]) + part for part in parts) + b"\0"
)
ttls = st.integers(0, 0xFFFFFFFF)
words = st.integers(0, 0xFFFF)


def questions_of(names):
    return st.lists(st.tuples(names, words, st.booleans()), max_size=4)


def records_of(names):
    def of(kind, data):
        return st.builds(
            dns.Record, names.map(bytes.lower), st.just(kind), st.booleans(), ttls, data
        )

    target = names.map(bytes.lower)
    location = st.tuples(st.binary(min_size=6, max_size=6), target).map(b"".join)
    return st.lists(
        of(dns.A, st.binary(min_size=4, max_size=4))
        | of(dns.AAAA, st.binary(min_size=16, max_size=16))
        | of(dns.TXT, st.binary(max_size=200))
        | of(dns.PTR, target)
        | of(dns.SRV, location),
        max_size=6,
    )


def tried(function, *arguments):
    """The result; None if it was refused as a peer's fault. Anything else fails the test."""
    try:
        return function(*arguments)
    except RemoteError:
        return None


@given(st.binary(max_size=600))
def test_any_bytes(data):
    tried(dns.parse, data)


@given(st.binary(max_size=300), st.lists(st.integers(0, 8), min_size=4, max_size=4))
def test_any_bytes_behind_a_head(data, counts):
    head = bytes(4) + b"".join(count.to_bytes(2, "big") for count in counts)
    tried(dns.parse, head + data)


@given(words, words, questions_of(names), records_of(names), st.integers(0, 6))
def test_what_is_built_is_read_back(id, flags, questions, found, more):
    data = dns.build(id, flags, questions, found, min(more, len(found)))
    assert dns.parse(data) == (id, flags, questions, found)


@given(questions_of(plain_names), records_of(plain_names))
def test_zeroconf_reads_what_is_built(questions, found):
    message = DNSIncoming(dns.build(0, 0, questions, found))
    assert message.valid
    assert [question.type for question in message.questions] == [row[1] for row in questions]
    theirs = [(wire(answer.name), answer.type, answer.unique) for answer in message.answers()]
    assert theirs == [(record.name, record.kind, record.flush) for record in found]


def wire(text):
    parts = text.rstrip(".").encode().split(b".")
    return b"".join(bytes([len(part)]) + part for part in parts) + b"\0"


@given(st.data(), questions_of(names), records_of(names))
def test_what_was_changed_on_the_way(data, questions, found):
    whole = bytearray(dns.build(0, 0, questions, found))
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    tried(dns.parse, bytes(whole))


ours = st.builds(
    lambda number, size, port, ttl: records(number, port=port, ttl=ttl)[:size],
    st.integers(1, 6),
    st.integers(1, 4),
    words,
    st.sampled_from([0, 1, 10, 120, 4500, 0xFFFFFFFF]),
)
label = b"aaaaaaaaaaaaaaaa"
wanted = st.sampled_from([SERVICE, instance(label), host(label), instance(label).upper(), b"\0"])
said = st.one_of(
    ours.map(response),
    records_of(wanted).map(response),
    st.lists(st.tuples(wanted, words), max_size=3).map(lambda asked: question(*asked)),
    st.binary(max_size=100),
)


@given(st.lists(st.tuples(said, st.integers(0, 100_000), st.sampled_from([5353, 7])), max_size=12))
def test_any_neighbour_at_any_time(steps):
    link, node = alone(mdns_records=9, candidates=4)
    for data, pause_ms, port in steps:
        node.receive(link.now, (STRANGER[0], port), data)
        assert len(node._found) <= 3
        assert len(node._events) <= 4 + 3
        assert node.wake_at() is not None
        link.run(pause_ms)
    link.run(10_000_000)
    assert not node._found
    assert node.wake_at() > link.now


@given(st.lists(said, max_size=12))
def test_any_answer_to_a_one_shot_query(steps):
    asker = OneShot(Limits(), counting(1), peer_id(9))
    asker.start(0)
    now = 0
    for data in steps:
        now = asker.wake_at()
        asker.tick(now)
        while sending := asker.next_send():
            id = sending[1][:2]
            asker.receive(now, STRANGER, id + data[2:])
        while asker.next_event():
            pass
    assert asker.wake_at() > now or not steps


@given(st.binary(min_size=4, max_size=4) | st.binary(min_size=16, max_size=16))
def test_texts_of_addresses(data):
    text = dns.host_text(data)
    assert ipaddress.ip_address(text).packed == data
    assert dns.host_bytes(text) == data
    assert dns.host_bytes(ipaddress.ip_address(data).exploded) == data


@given(st.text("0123456789abcdef:.%x-", max_size=24))
def test_any_text_for_an_address(text):
    try:
        data = dns.host_bytes(text)
    except LocalError:
        return
    assert len(data) in (4, 16)
