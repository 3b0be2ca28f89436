"""settings.json: what is wrong is told with its place, and nothing is guessed."""

import json

import pytest

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
