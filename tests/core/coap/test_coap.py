"""CoAP messages: bytes to Message and back, and nothing but RemoteError for what is none."""

from helpers import raises, vectors

from mesh.core import codes
from mesh.core.coap import message as coap
from mesh.core.coap.message import Message, build, parse
from mesh.core.errors import LocalError, RemoteError


def accepted():
    return [case for case in vectors("coap") if "refused" not in case]


def message_of(case):
    message = Message(
        case["code"],
        bytes.fromhex(case["payload"]),
        case["type"],
        case["mid"],
        bytes.fromhex(case["token"]),
    )
    for number, value in case["options"]:
        message.add(number, bytes.fromhex(value))
    return message


def fields(message):
    return (
        message.code,
        message.payload,
        message.type,
        message.mid,
        message.token,
        message.options,
    )


def test_parsed():
    for case in accepted():
        message = parse(bytes.fromhex(case["hex"]))
        assert fields(message) == fields(message_of(case)), (case, fields(message))


def test_built():
    for case in accepted():
        data = build(message_of(case))
        assert data.hex() == case["hex"], (case, data.hex())


def test_refused():
    for case in vectors("coap"):
        if "refused" in case:
            raises(RemoteError, parse, bytes.fromhex(case["hex"]))


def test_cut_off():
    for case in accepted():
        data = bytes.fromhex(case["hex"])
        for size in range(len(data)):
            try:
                message = parse(data[:size])
            except RemoteError:
                continue
            # a message may end after any option, or inside the payload; then that is what it says
            assert build(message) == data[:size], (case, size)


def test_options_are_kept_in_order():
    message = Message(coap.GET)
    message.add(coap.URI_QUERY, "b").add(coap.URI_PATH, "x").add(coap.URI_QUERY, "a")
    message.add(coap.URI_PATH, "y").add(coap.OBSERVE, 0)
    assert message.options == [(6, b""), (11, b"x"), (11, b"y"), (15, b"b"), (15, b"a")], (
        message.options
    )
    message.drop(coap.URI_PATH)
    message.drop(coap.ECHO)
    assert message.options == [(6, b""), (15, b"b"), (15, b"a")], message.options


def test_values_are_found():
    message = Message(coap.GET).add(coap.URI_PATH, "sensors").add(coap.URI_PATH, "°C")
    message.add(coap.URI_QUERY, "rt=x").add(coap.CONTENT_FORMAT, 0).add(coap.MAX_AGE, 60)
    assert message.path() == ["sensors", "°C"], message.path()
    assert message.query() == ["rt=x"], message.query()
    assert message.get(coap.URI_PATH) == b"sensors", message.get(coap.URI_PATH)
    assert message.all(coap.URI_PATH) == [b"sensors", "°C".encode()], message.all(coap.URI_PATH)
    assert message.get(coap.ETAG) is None
    assert message.all(coap.ETAG) == []
    assert message.uint(coap.CONTENT_FORMAT) == 0, message.uint(coap.CONTENT_FORMAT)
    assert message.uint(coap.MAX_AGE) == 60, message.uint(coap.MAX_AGE)
    assert message.uint(coap.ACCEPT) is None


def test_numbers():
    for value, data in (
        (0, b""),
        (1, b"\x01"),
        (255, b"\xff"),
        (256, b"\x01\x00"),
        (65536, b"\x01\x00\x00"),
        (0xFFFFFFFF, b"\xff\xff\xff\xff"),
    ):
        message = Message(coap.GET).add(coap.SIZE1, value)
        assert message.get(coap.SIZE1) == data, (value, message.get(coap.SIZE1))
        assert message.uint(coap.SIZE1) == value, (value, message.uint(coap.SIZE1))
    for data in (b"\x00", b"\x00\x00\x00\x00"):  # leading zeros are allowed (RFC 7252 s.3.2)
        assert Message(1).add(coap.SIZE1, data).uint(coap.SIZE1) == 0


def test_numbers_too_long_are_as_if_unknown():
    data = bytes.fromhex(
        "40010000" + "6400000001" + "6300ffff"
    )  # Observe of 4 bytes, Content-Format of 3
    message = parse(data)
    assert message.uint(coap.OBSERVE) is None, message.uint(coap.OBSERVE)
    assert message.uint(coap.CONTENT_FORMAT) is None, message.uint(coap.CONTENT_FORMAT)
    assert coap.sift(message) is None and message.options == [], message.options


def test_what_cannot_be_added():
    for number, value in (
        (coap.SIZE1, -1),
        (coap.SIZE1, 1 << 32),
        (coap.SIZE1, 1 << 200),
        (coap.ACCEPT, 65536),
        (coap.OBSERVE, 1 << 24),
        (coap.URI_PATH, "x" * 256),
        (coap.URI_PATH, "\udcff"),
        (coap.ECHO, bytes(41)),
        (9, bytes(1035)),
    ):
        raises(LocalError, Message(coap.GET).add, number, value)


def test_what_cannot_be_built():
    for message in (
        Message(coap.GET, token=bytes(9)),
        Message(coap.GET, mid=65536),
        Message(coap.GET, mid=-1),
        Message(256),
    ):
        raises(LocalError, build, message)


def test_path_of_other_bytes():
    for number, method in ((coap.URI_PATH, "path"), (coap.URI_QUERY, "query")):
        for value in (b"\xff", b"\xc0\x80", b"\xed\xa0\x80"):
            raises(RemoteError, getattr(Message(coap.GET).add(number, value), method))


def test_unknown_critical():
    known = Message(coap.PUT).add(coap.URI_HOST, "h").add(coap.URI_PORT, 5683)
    known.add(coap.URI_PATH, "a").add(coap.URI_PATH, "a").add(coap.URI_QUERY, "").add(
        coap.URI_QUERY, ""
    )
    known.add(coap.ACCEPT, 60).add(coap.BLOCK1, 0).add(coap.BLOCK2, 0).add(2048, b"elective")
    before = list(known.options)
    assert coap.sift(known) is None and known.options == before, known.options
    for number in (1, 5, 9, 33, 65001):
        message = Message(coap.GET).add(coap.OBSERVE, 0).add(number, b"")
        assert coap.sift(message) == number, number
    for number in (coap.URI_HOST, coap.URI_PORT, coap.ACCEPT, coap.BLOCK1, coap.BLOCK2):
        message = Message(coap.GET).add(number, b"1").add(number, b"2")
        assert coap.sift(message) == number, number
    # Accept of three bytes: as if unknown (RFC 7252 s.5.4.3)
    message = parse(bytes.fromhex("40010000" + "d304000001"))
    assert coap.sift(message) == coap.ACCEPT, message.options


def sifted(number, *sizes):
    """What becomes of a message with an option of these sizes: refused, and the sizes left."""
    message = Message(coap.GET)
    for size in sizes:
        message.options.append((number, b"x" * size))
    message = parse(build(message))  # as it comes in
    return coap.sift(message) == number, [len(value) for _, value in message.options]


def test_each_option_by_its_length_and_repeats():
    """RFC 7252 s.5.4.1, s.5.4.3, s.5.4.5: the table of all options that are registered."""
    for row in vectors("options"):
        number, least, most = row["number"], row["shortest"], row["longest"]
        critical = bool(number & 1)
        ignored = (critical, [most] if critical or not row["understood"] else [])
        assert sifted(number, most) == ((False, [most]) if row["understood"] else ignored), row
        if not row["understood"]:
            continue
        assert sifted(number, least) == (False, [least]), row
        for size in (least - 1, most + 1, most + 300):
            if size >= 0:
                assert sifted(number, size) == (critical, [size] if critical else []), row
                assert sifted(number, size, most)[0] == critical, row
        twice = sifted(number, least, most, most)
        if row["repeatable"]:
            assert twice == (False, [least, most, most]), row
        else:
            assert twice == (critical, [least, most, most] if critical else [least]), row


def test_what_is_not_in_the_table_is_unknown():
    known = [row["number"] for row in vectors("options")]
    for number in range(1, 400):
        if number not in known:
            assert sifted(number, 0, 3) == (bool(number & 1), [0, 3]), number


def test_no_dots_in_a_path():
    for path in ([".."], ["."], ["sensors", "..", "peer"], ["sensors", "."]):
        message = Message(coap.GET)
        for segment in path:
            message.add(coap.URI_PATH, segment)
        raises(RemoteError, message.path)
    for path in (["..."], [".well-known"], ["", ""], ["a..b"]):
        message = Message(coap.GET)
        for segment in path:
            message.add(coap.URI_PATH, segment)
        assert message.path() == path, path


def test_code_text():
    for code, text in ((0, "0.00"), (1, "0.01"), (0x45, "2.05"), (0x9D, "4.29"), (0xA3, "5.03")):
        assert codes.text(code) == text, codes.text(code)
