"""DNS messages and the texts of addresses: vectors of ours, of avahi and of zeroconf."""

from helpers import hexed, raises, vectors

from mesh.core.discovery import dns
from mesh.core.errors import LocalError, RemoteError

NAME = b"\1a\5local\0"


def test_good_messages():
    for case in vectors("dns"):
        if "message" in case:
            id, flags, questions, records = dns.parse(bytes.fromhex(case["hex"]))
            found = [
                id,
                flags,
                [[name.hex(), kind, unicast] for name, kind, unicast in questions],
                [[hexed(r.name), r.kind, r.flush, r.ttl, hexed(r.data)] for r in records],
            ]
            assert found == case["message"], (case["what"], found)


def test_bad_messages():
    for case in vectors("dns"):
        if "error" in case:
            try:
                found = dns.parse(bytes.fromhex(case["hex"]))
            except RemoteError:
                continue
            raise AssertionError((case["what"], found))


def test_messages_are_built_as_they_came():
    for case in vectors("dns"):
        if case.get("built"):
            data = bytes.fromhex(case["hex"])
            id, flags, questions, records = dns.parse(data)
            found = dns.build(id, flags, questions, records)
            assert found == data, (case["what"], found.hex())


def test_every_cut_is_refused():
    for case in vectors("dns"):
        if case.get("built"):
            data = bytes.fromhex(case["hex"])
            for size in range(len(data)):
                raises(RemoteError, dns.parse, data[:size])


def test_additional_records():
    records = [
        dns.Record(NAME, dns.TXT, False, 1, b"\1x"),
        dns.Record(NAME, dns.TXT, True, 2, b""),
    ]
    data = dns.build(0xABCD, dns.RESPONSE, [], records, 1)
    assert data[:12] == b"\xab\xcd\x84\0\0\0\0\1\0\0\0\1", data
    assert dns.parse(data) == (0xABCD, dns.RESPONSE, [], records), data


def test_names_are_compressed():
    questions = [(NAME, dns.A, False), (b"\1b" + NAME, dns.A, False), (b"\5local\0", dns.A, False)]
    data = dns.build(0, 0, questions, [])
    assert data[12:] == NAME + b"\0\1\0\1" + b"\1b\xc0\x0c\0\1\0\1" + b"\xc0\x0e\0\1\0\1", data
    assert dns.parse(data)[2] == questions, data


def test_names_beyond_the_reach_of_pointers():
    records = [dns.Record(NAME, dns.TXT, False, 1, bytes(16_384))]
    records += [dns.Record(b"\1b" + NAME, dns.TXT, False, 1, b"")] * 2
    data = dns.build(0, 0, [], records)
    assert data.count(b"\1b\xc0\x0c") == 2, "a pointer has 14 bits"


def test_sizes():
    text = dns.Record(NAME, dns.TXT, False, 1, bytes(8970))
    data = dns.build(0, 0, [], [text])
    assert len(data) == 9000 + 1, len(data)
    raises(RemoteError, dns.parse, data)
    raises(RemoteError, dns.parse, bytes(65_535))
    data = dns.build(0, 0, [], [dns.Record(NAME, dns.TXT, False, 1, bytes(8969))])
    assert dns.parse(data)[3][0].data == bytes(8969), "9000 bytes were refused"


def test_the_texts_of_addresses():
    for text, data in (
        ("0.0.0.0", "00000000"),
        ("192.168.1.254", "c0a801fe"),
        ("::", "00" * 16),
        ("::1", "00" * 15 + "01"),
        ("1::", "0001" + "00" * 14),
        ("2001:db8::ff00:42:8329", "20010db8000000000000ff0000428329"),
        ("fe80::1:0:0:2", "fe800000000000000001000000000002"),
        ("1:0:0:2::3", "00010000000000020000000000000003"),
        ("1::4:0:0:7:8", "00010000000000040000000000070008"),
        ("1:2:3:4:5:6:0:8", "00010002000300040005000600000008"),
        ("abcd:ef01:2345:6789:abcd:ef01:2345:6789", "abcdef0123456789" * 2),
    ):
        assert dns.host_bytes(text).hex() == data, (text, dns.host_bytes(text))
        assert dns.host_text(bytes.fromhex(data)) == text, dns.host_text(bytes.fromhex(data))
    assert dns.host_bytes("fe80::1%eth0") == b"\xfe\x80" + bytes(13) + b"\1", "scope"
    assert dns.host_bytes("FE80:0:0::0001") == b"\xfe\x80" + bytes(13) + b"\1", "long forms"


def test_texts_of_no_address():
    for text in (
        "",
        "localhost",
        "1.2.3",
        "1.2.3.4.5",
        "1.2.3.256",
        "1.2.3.-4",
        "1.2.3.x",
        "1:2",
        "1::2::3",
        "g::",
        "12345::",
        "1:2:3:4:5:6:7:8:9",
        "1.2.3.4:5683",
        "::ffff:1.2.3.4",
    ):
        raises(LocalError, dns.host_bytes, text)
