"""How the answers of strangers look, and that what is left out is said."""

import asyncio
import json

import cbor2
import pytest
from rich.console import Console

from mesh.cli import options
from mesh.cli.views import render
from mesh.cli.views.content_view import VIEWS
from mesh.hub.foreign import decode
from mesh.hub.foreign.coap_client import Reply

NOW = 1_500_000_000.0


def screen(content_format, payload):
    row = decode.describe("coap://x/y", Reply(0x45, content_format, payload), NOW)
    console = Console(width=200, highlight=False)
    with console.capture() as capture:
        console.print(VIEWS["content"](row))
    return [line.rstrip() for line in capture.get().splitlines()]


def test_records_are_a_table():
    pack = [{"bn": "dev:", "n": "t", "u": "Cel", "v": 21.5, "t": -60}, {"n": "on", "vb": True},
            {"n": "energy", "u": "J", "s": 12}]  # fmt: skip
    lines = screen(110, json.dumps(pack).encode())
    assert lines[0] == "2.05 application/senml+json, 120 bytes, not signed"
    assert [line.split() for line in lines[1:]] == [
        ["name", "value", "sum", "at"],
        ["dev:t", "21.5", "°C", "-", "2017-07-14", "02:39:00", "UTC"],
        ["dev:on", "true", "-", "-"],
        ["dev:energy", "-", "12", "-"],
    ]


def test_what_is_left_out_is_said():
    many = [{"n": f"s{n}", "v": n} for n in range(212)]
    lines = screen(110, json.dumps([*many, 5]).encode())
    assert lines[1] == "1 record is left out: a record that is no map"
    assert lines[-1] == "12 more records: --json has all"
    assert "s199" in lines[-2]
    links = ",".join(f"</s{n}>" for n in range(201))
    assert screen(40, links.encode())[-1] == "1 more links: --json has all"
    assert screen(0, b"x" * 20_000)[-1] == "(3,616 more characters: --json has all)"


def test_links_are_a_table():
    lines = screen(40, b'</a>;rt="x y";obs;ct=40,</b>;hreflang=de;hreflang=en')
    assert [line.split() for line in lines[1:]] == [
        ["resource", "attributes"],
        ["/a", "rt=x", "y", "obs", "ct=40"],
        ["/b", "hreflang=de,", "en"],
    ]


def test_cbor_is_shown_whole():
    lines = screen(60, cbor2.dumps({1: b"\x01", "x": [float("nan"), cbor2.undefined]}))
    assert lines[1:] == ["{", "  1: h'01',", '  "x": [', "    NaN,", "    undefined", "  ]", "}"]


def test_problem_details_and_bytes():
    assert screen(257, cbor2.dumps({-1: "no"}))[1:] == ["{", '  "title": "no"', "}"]
    lines = screen(23, b"\x89PNG" * 10)
    assert lines == ["2.05 image/png, 40 bytes, not signed", "h'" + "89504e47" * 10 + "'"]
    lines = screen(42, bytes(100_000))
    assert lines[0] == "2.05 application/octet-stream, 100,000 bytes, not signed"
    assert lines[-1] == "(99,900 more bytes: --json has all)"


def test_what_could_move_the_cursor_does_not():
    for content_format, payload in (
        (0, b"a\x1b[2Jb"),
        (50, json.dumps(["\x1b[2J\u202e"]).encode()),
        (60, cbor2.dumps("\x1b[2J")),
        (110, json.dumps([{"n": "a\x1b[2J", "v": "\x1b[2J", "u": "\x1b[2J"}]).encode()),
        (40, b'</a\x1b[2J>;rt="\x1b[2J"'),
        (257, cbor2.dumps({-1: "\x1b[2J"})),
    ):
        assert "\x1b" not in "".join(screen(content_format, payload)), content_format


def test_json_is_json_whatever_a_command_gives(capsys):
    async def items():
        yield {"value": float("nan"), "text": "\ud800", "far": float("-inf"), "bytes": b"\x01"}

    for many in (True, False):
        asyncio.run(render.show(options.Reply("content", items(), True, many=many)))
        said = capsys.readouterr().out
        assert json.loads(said, parse_constant=pytest.fail) == {
            "value": "NaN", "text": "\\ud800", "far": "-Infinity", "bytes": "h'01'",
        }  # fmt: skip


@pytest.mark.parametrize("more", [{}, {"name": 1}, {"href": 1}, {"value": []}, {"time": "x"}, 5])
def test_json_that_only_begins_like_a_table_is_shown_all_the_same(more):
    whole = {"name": "a", "value": 1, "unit": "C", "time": 1}
    for first in (whole, {"href": "/a"}, whole | {"href": "/a"}):
        for second in (more, whole | more if isinstance(more, dict) else [more]):
            text = screen(50, json.dumps([first, second]).encode())
            assert text[0].startswith("2.05"), text


@pytest.mark.parametrize("odd", [None, True, "x", [], {}, 1e300, -1])
def test_records_hold_whatever_a_stranger_wrote(odd):
    whole = {"name": "a", "value": 1, "unit": "C", "time": 1, "sum": 1}
    for key in whole:
        assert screen(50, json.dumps([whole | {key: odd}]).encode())[0].startswith("2.05")
