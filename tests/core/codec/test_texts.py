"""What is in people's files: read as it is meant, or refused with its place."""

from helpers import raises

from mesh.core.codec import texts
from mesh.core.errors import LocalError
from mesh.core.policy.settings import parse

GOOD = [
    (b"", ""),
    (b"name", "name"),
    (b"\xef\xbb\xbf{}", "{}"),
    ("Küche 🙂 ḁ".encode(), "Küche 🙂 ḁ"),
    (b"a\r\n\tb\n", "a\r\n\tb\n"),
]
WRONG = [
    (b"a\nK\xfcche", "line 2, column 2: byte 0xfc is not UTF-8"),
    ("ü\nüß".encode() + b"\xe4x", "line 2, column 3: byte 0xe4 is not UTF-8"),
    (b"x\x80", "line 1, column 2: byte 0x80 is not UTF-8"),
    (b"\xe2\x82", "line 1, column 1: byte 0xe2 is not UTF-8"),
    (b"ab\xf0\x9f\x99", "line 1, column 3: byte 0xf0 is not UTF-8"),
    (b"\xed\xa0\xbd\xed\xb8\x80", "line 1, column 1: byte 0xed is not UTF-8"),
    (b"\xc0\x80", "line 1, column 1: byte 0xc0 is not UTF-8"),
    (b"\xf4\x90\x80\x80", "line 1, column 1: byte 0xf4 is not UTF-8"),
    (b"\xff", "line 1, column 1: byte 0xff is not UTF-8"),
    (b"\xff\xfe{\x00}\x00", "the text is UTF-16"),
    (b"\xfe\xff\x00{\x00}", "the text is UTF-16"),
    (b'{"a":\n "\x00"}', "line 2, column 3: a control character (0x00)"),
    (b"a\x1b[31m", "line 1, column 2: a control character (0x1b)"),
    (b"a\x7f", "line 1, column 2: a control character (0x7f)"),
]


def test_a_file_of_text_is_read():
    for data, wanted in GOOD:
        assert texts.decode(data) == wanted, data


def test_what_is_no_text_is_refused_with_its_place_and_what_to_do():
    for data, wanted in WRONG:
        error = raises(LocalError, texts.decode, data)
        assert error.detail.startswith(wanted), (data, error.detail)
        assert error.help


def test_any_cut_of_a_text_is_read_or_refused():
    data = "Küche 🙂 ḁ\n".encode() * 2
    for end in range(len(data)):
        for start in range(end):
            try:
                texts.decode(data[start:end])
            except LocalError as error:
                assert "UTF-8" in error.detail


def pair(n):
    """A character beyond U+FFFF as MicroPython reads it out of JSON."""
    n -= 0x10000
    return chr(0xD800 + (n >> 10)) + chr(0xDC00 + (n & 0x3FF))


def test_two_surrogates_are_one_character():
    for n in (0x1F600, 0x10000, 0x10FFFF):
        assert texts.joined("a" + pair(n) + "b" + pair(n)) == "a" + chr(n) + "b" + chr(n)
    for alone in (chr(0xD83D), chr(0xDE00), chr(0xDE00) + chr(0xD83D), chr(0xD83D) + "x"):
        joined = texts.joined("a" + alone)
        assert raises(LocalError, texts.sound, {"name": joined}).detail.startswith("name: half a")
    assert len(texts.joined(chr(0xD83D) + pair(0x1F600))) == 2
    assert texts.joined("plain") == "plain"


DEEP = {}
for _ in range(texts.DEEP + 2):
    DEEP = {"x": DEEP}
UNSOUND = [
    ({"name": "a\x00b"}, "name: a control character (0x00)"),
    ({"name": "a\nb"}, "name: a control character (0x0a)"),
    ({"names": {"a" + chr(0xD800): ""}}, "names: half a character (\\ud800)"),
    ({"rules": [{"to": float("inf")}]}, "rules[0].to: a number that is none"),
    ({"rules": [{"to": float("nan")}]}, "rules[0].to: a number that is none"),
    ({"sensors": {"t": {"every_s": -float("inf")}}}, "sensors.t.every_s: a number that is none"),
    ({"actuators": {"a": {"pin": 10**40}}}, "actuators.a.pin: a whole number beyond 2^53"),
    ({"port": -(1 << 54)}, "port: a whole number beyond 2^53"),
    ({"history": DEEP}, "history.x.x"),
    ("\x07", "settings: a control character"),
]


def test_settings_that_no_peer_could_hold_are_refused():
    for mapping, wanted in UNSOUND:
        error = raises(LocalError, parse, mapping)
        assert error.detail.startswith(wanted), (wanted, error.detail)


def test_settings_may_have_any_character_that_there_is():
    assert parse({"name": "Küche 🙂"}).name == "Küche 🙂"
    assert parse({"wifi": [{"ssid": "Größe", "password": "pä ss"}]}).wifi[0]["ssid"] == "Größe"
    assert parse({"port": 0, "history": [{"days": 1 << 40}]}).port == 0
