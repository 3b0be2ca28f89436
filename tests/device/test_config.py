"""settings.json: what is wrong is told with its place, and nothing is guessed."""

import json
import random

import pytest

from mesh.core.coap import message as coap
from mesh.core.codec import cbor
from mesh.core.peer_id import from_text as to_bytes

WRONG = [
    ("", "line 1, column 1: a value should be where 'the end' is"),
    ('{"a": 1,}', "line 1, column 9: a name in \"quotes\" should be where '}' is"),
    ('{\n "a": 1\n "b": 2}', "line 3, column 2: , or } should be where '\"b\": 2}' is"),
    ('{\n "a": 1,\n "b":}', "line 3, column 6: a value should be where '}' is"),
    ('{"a": tru}', "line 1, column 7: a value should be where 'tru}' is"),
    ('{"a" 1}', "line 1, column 6: : should be where '1}' is"),
    ("{'a': 1}", "line 1, column 2: a name in \"quotes\" should be where \"'a': 1}\" is"),
    ('{"a": {"b": 2}', "line 1, column 15: , or } should be where 'the end' is"),
    ('{"a": 1} x', "line 1, column 10: the end should be where 'x' is"),
    ("[1, 2", "line 1, column 6: , or ] should be where 'the end' is"),
    ("[,]", "line 1, column 2: a value should be where ',]' is"),
    ('"abc', "line 1, column 1: a value should be where '\"abc' is"),
    ('{"a": "x\ny"}', "line 1, column 7: a value should be where '\"x' is"),
    (
        '{"a": 1, "a": 2}',
        "line 1, column 10: a name that was not there before should be where '\"a\": 2}' is",
    ),
    ("[" * 9 + "]" * 9, "line 1, column 9: a value should be where '[]]]]]]]]]' is"),
]  # fmt: skip
RIGHT = [
    "{}",
    "[]",
    ' { "a" : [ 1 , -2.5e3 , "x\\n\\u00e9\\"" ] , "b" : { "c" : null } } ',
    "true",
]
READ = """
from mesh.core.errors import LocalError
from mesh.device.config import Reader
for text in TEXTS:
    try:
        print(json.dumps([Reader(text).read()]))
    except LocalError as error:
        print(json.dumps(error.detail))
"""


def test_json_as_strict_as_it_should_be(there):
    texts = [text for text, _ in WRONG] + RIGHT
    told = there(READ.replace("TEXTS", repr(texts)))
    assert told[: len(WRONG)] == [detail for _, detail in WRONG]
    assert told[len(WRONG) :] == [[json.loads(text)] for text in RIGHT]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ('{"port": 1 "name": "x"}', "settings.json: line 1, column 12"),
        ('{"sensors": {"t": {"every_s": "soon"}}}', "settings.json: sensors.t.every_s: 'soon'"),
        (
            '{"sensors": {"t": {"kind": "loud"}}}',
            "sensors.t.kind: 'loud' is not one of battery, bh1750",
        ),
        (
            '{"sensors": {"load": {"evry_s": 5}}}',
            "sensors.load: 'evry_s' is not one of average, every_s",
        ),
        (
            '{"actuators": {"led": {"pni": 5}}}',
            "actuators.led: 'pni' is not one of allow, inverted",
        ),
    ],
)
def test_a_board_with_wrong_settings_says_so_and_ends(board, text, wanted):
    one = board()
    (one.folder / "settings.json").write_text(text)
    with one:
        assert one.wait_end() == 1
    assert wanted in one.console
    assert "Traceback" not in one.console


def test_the_near_miss_is_offered(board):
    with board(sensors={"load": {"evry_s": 5}}) as one:
        assert one.wait_end() == 1
    assert 'did you mean "every_s"?' in one.console


def test_without_settings_a_board_joins(board, namespace):
    one = board(wrap=namespace.wrap)
    (one.folder / "settings.json").unlink()
    with one:
        one.wait_line(lambda line: line.startswith("joined: "))
        assert one.stop() == 0
    assert one.lines[-1].startswith("stopped")


FILES = [
    (b'{"name": "K\xfcche"}', "settings.json: line 1, column 12: byte 0xfc is not UTF-8"),
    ('{"name": "Küche"}'.encode("utf-16"), "settings.json: the text is UTF-16"),
    (b"", "settings.json: the file is empty"),
    (b"\xef\xbb\xbf \n", "settings.json: the file is empty"),
    (b'{"name": "a\\ud83db"}', "settings.json: name: half a character"),
    (b'{"name": "a\\u0000b"}', "settings.json: name: a control character"),
    (b'{"name": "a\x00b"}', "settings.json: line 1, column 12: a control character"),
    (b'{"port": 1e999}', "settings.json: port: a number that is none, or too large"),
    (b'{"port": NaN}', "settings.json: line 1, column 10: a value should be where"),
    (b'{"port": Infinity}', "settings.json: line 1, column 10: a value should be where"),
    (b'{"port": ' + b"9" * 400 + b"}", "settings.json: port: a whole number beyond 2^53"),
    (b'{"port": 1, "port": 2}', "settings.json: line 1, column 13: a name that was not there"),
    (b'{"keep": ' + b"[" * 5000, "settings.json: line 1, column 17"),
    (b" " * 20_000, "settings.json: more than 16384 bytes"),
]  # fmt: skip


@pytest.mark.parametrize(("data", "wanted"), FILES)
def test_a_file_that_is_no_text_of_settings_says_so_and_starts_in_safe_mode(board, data, wanted):
    one = board()
    (one.folder / "settings.json").write_bytes(data)
    with one:
        assert one.wait_end() == 1
    assert wanted in one.console
    with one:  # the next start
        one.wait_line(lambda line: line.startswith("safe: "))
        one.wait_line(lambda line: line.startswith("joined: "))
        assert one.stop() == 0
    assert wanted in one.console, "it is told in safe mode too"
    assert "Traceback" not in one.console


def test_a_folder_in_place_of_the_settings_is_told(board):
    one = board()
    (one.folder / "settings.json").unlink()
    (one.folder / "settings.json").mkdir()
    with one:
        assert one.wait_end() == 1
    assert "settings.json: cannot be read" in one.console
    assert "Traceback" not in one.console


def test_in_safe_mode_what_can_be_used_of_the_settings_is(board):
    with board(name="attic", sensors={"t": {"every_s": "soon"}}) as one:
        assert one.wait_end() == 1
    with one:
        assert "every_s" in one.wait("error")["detail"]
        one.wait("joined")
        one.stop()


def test_an_escaped_character_and_a_mark_are_read_as_they_are_meant(board, desk):
    settings = {"peers": [{"id": desk.id, "address": f"127.0.0.1:{desk.address[1]}"}]}
    with board(**settings, name="x") as one:
        one.wait("joined")
        one.stop()
    path = one.folder / "settings.json"
    told = json.loads(path.read_text()) | {"name": "K\u00fcche \U0001f600"}
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps(told).encode())
    assert b"\\ud83d\\ude00" in path.read_bytes()
    with one:
        joined = one.wait("joined")
        desk.until(lambda: desk.met(joined["id"]), "the board")
        answer = desk.ask(to_bytes(joined["id"]), coap.FETCH, "peer")
        assert cbor.decode(answer.payload)["name"] == "K\u00fcche \U0001f600"
        assert one.is_running


MUTATED = """
import os
from mesh.core.errors import LocalError
from mesh.device import config
os.chdir(FOLDER)
read = refused = 0
with open("data.json") as file:
    told = json.load(file)
for data in told:
    with open("settings.json", "wb") as file:
        file.write(bytes.fromhex(data))
    for safe in (False, True):
        try:
            profile, _, wrong = config.load("settings.json", safe)
            profile.name.encode()
            read += 1
        except LocalError as error:
            assert not safe, "in safe mode a board starts with whatever it has"
            assert error.detail.startswith("settings.json: "), error.detail
            refused += 1
print(json.dumps([read, refused]))
"""
PIECES = [
    *(b"\xef\xbb\xbf", b"\xff\xfe", b"\xfc", b"\x00", b"\xed\xa0\x80", b"\\ud83d", b"\\u0000"),
    *(b"NaN", b"1e999", b"9" * 300, b"[" * 300, b'{"a":' * 100, b"null", b"\n", b"\\"),
    *(b'"', b"{", b"]", b","),
]


def test_whatever_is_in_the_file_a_board_reads_it_or_says_what_is_wrong(there, tmp_path):
    dice = random.Random(8)
    good = json.dumps({
        "name": "hall", "wifi": [{"ssid": "house", "password": "\u00fc"}], "port": 5683,
        "sensors": {"heap": {"every_s": 5.5}}, "rules": [], "follow": "*",
    }).encode()  # fmt: skip
    told = []
    for _ in range(400):
        data = good
        for _ in range(dice.randint(1, 3)):
            at = dice.randint(0, len(data))
            piece = dice.choice([*PIECES, dice.randbytes(3), data[at : at + 9]])
            data = data[:at] + piece + data[at + dice.randint(0, 9) :]
        told.append(data.hex())
    (tmp_path / "data.json").write_text(json.dumps(told))
    [[read, refused]] = there(MUTATED.replace("FOLDER", repr(str(tmp_path))))
    assert read >= 400
    assert refused > 200
