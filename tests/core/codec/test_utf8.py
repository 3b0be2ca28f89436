"""Strict UTF-8, which MicroPython's own decoder is not."""

from helpers import raises

from mesh.core.codec.utf8 import octets, text
from mesh.core.errors import LocalError, RemoteError

# RFC 3629 s.4: for the first byte, how many follow, and the bounds of the first that does
FIRST = (
    (0x00, 0x7F, 0, 0, 0),
    (0xC2, 0xDF, 1, 0x80, 0xBF),
    (0xE0, 0xE0, 2, 0xA0, 0xBF),
    (0xE1, 0xEC, 2, 0x80, 0xBF),
    (0xED, 0xED, 2, 0x80, 0x9F),
    (0xEE, 0xEF, 2, 0x80, 0xBF),
    (0xF0, 0xF0, 3, 0x90, 0xBF),
    (0xF1, 0xF3, 3, 0x80, 0xBF),
    (0xF4, 0xF4, 3, 0x80, 0x8F),
)


def is_char(data):
    """Whether the bytes are one character, by the table."""
    for low, high, more, least, most in FIRST:
        if low <= data[0] <= high:
            return len(data) == more + 1 and (
                not more
                or (least <= data[1] <= most and all(0x80 <= byte <= 0xBF for byte in data[2:]))
            )
    return False


def test_every_first_byte():
    for first in range(256):
        for second in (0x00, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xFF):
            for tail in (b"", b"\x80", b"\xbf", b"\xbf\x80", b"\x80\xbf", b"\x80\x80\x80"):
                data = bytes((first, second)) + tail
                if is_char(data):
                    assert text(data).encode() == data, data
                    assert text(b"a" + data + b"z").encode() == b"a" + data + b"z", data
                elif first > 0x7F:
                    raises(RemoteError, text, data)
                    raises(RemoteError, text, b"a" + data + b"\xc3\xa4")


def test_two_faults_do_not_make_it_right():
    for data in (
        b"\xc0\x80\xc0\x80",
        b"\xed\xa0\x80\xed\xb0\x80",
        b"\xf8\x88\x80\x80\x80",
        b"\x80",
    ):
        raises(RemoteError, text, data)


def test_texts():
    for good in (
        "",
        "a",
        "\x00",
        "\x7f",
        "\x80",
        "°C",
        "水",
        "\ud7ff\ue000\uffff\U00010000\U0010ffff",
    ):
        assert text(good.encode()) == good, good
        assert text(memoryview(good.encode())) == good, good
        assert octets(good) == good.encode(), good


def test_surrogates_are_not_written():
    for bad in ("\ud800", "a\udfffb", "\udcff"):
        raises(LocalError, octets, bad)
