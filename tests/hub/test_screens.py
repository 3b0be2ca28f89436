"""How things look: 80 columns, units, JSON; and words of others that mean harm."""

import asyncio
import json

import pytest
from rich.console import Console

from mesh.hub.cli import layout, lines, render, units, views, views_content, views_peers
from mesh.hub.cli.options import Reply

EVIL = "evil\x1b[2J\u202egnp\x07"


def peer_row(**changes):
    row = {
        "id": "a" * 52, "short": "aaaaaaaa", "name": "greenhouse", "petname": "",
        "label": "greenhouse", "kind": "board", "state": "up",
        "addresses": ["192.168.1.120:5683"], "how": "mdns",
        "heard_s": 12.5, "verified": 1234, "refused": 0,
    }  # fmt: skip
    return row | changes


def screen(renderable, width=80):
    console = Console(width=width, highlight=False)
    with console.capture() as captured:
        console.print(renderable)
    return captured.get()


def test_peers_fit_80_columns():
    rows = [
        peer_row(),
        peer_row(
            name="a-name-of-thirty-two-characters!",
            addresses=["[fe80::1234:5678:9abc:def0%wlan0]:5683"],
        ),
        peer_row(name="", state="new", heard_s=None, addresses=[]),
    ]
    shown = screen(views_peers.peers(rows))
    assert len(shown.splitlines()) == 4
    assert all(len(line) <= 80 for line in shown.splitlines())
    for word in ("192.168.1.120:5683", "aaaaaaaa", "DNS-SD", "12 s", "up", "1234"):
        assert word in shown.splitlines()[1]


@pytest.mark.parametrize(
    "renderable",
    [
        views_peers.peers([peer_row(name=EVIL)]),
        views.readings(
            [{"sensor": EVIL, "value": EVIL, "unit": EVIL, "age_s": 1, "verified": True}]
        ),
        lines.watch(
            {
                "peer": EVIL,
                "sensor": EVIL,
                "value": EVIL,
                "unit": EVIL,
                "age_s": 9,
                "verified": False,
            }
        ),
        lines.watch({"peer": EVIL, "sensor": None, "error": EVIL}),
        lines.up({"event": "found", "at": 0, "label": EVIL, "address": EVIL, "how": EVIL}),
        lines.up({"event": "lost", "at": 0, "label": EVIL, "reason": EVIL}),
        lines.up({"event": "refused", "at": 0, "source": EVIL, "code": 131, "detail": EVIL}),
        views_content.content({"code": "2.05", "format": "x", "signed_by": None, "content": EVIL}),
        views_content.content(
            {"code": "2.05", "format": "x", "signed_by": None, "content": {EVIL: EVIL}}
        ),
        views_content.content(
            {"code": "2.05", "format": "x", "signed_by": None, "content": [{"href": EVIL}]}
        ),
    ],
)
def test_words_of_others_cannot_move_the_cursor(renderable):
    shown = screen(renderable)
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    assert "\x07" not in shown


def test_errors_are_cleaned_too(capsys):
    render.error(f"no peer '{EVIL}'", EVIL)
    assert "\x1b" not in capsys.readouterr().err


def test_json_lines_and_documents(capsys):
    async def numbers():
        yield {"n": 1}
        yield {"n": 2}

    asyncio.run(render.show(Reply("watch", numbers(), json=True, many=True)))
    assert capsys.readouterr().out == '{"n": 1}\n{"n": 2}\n'
    asyncio.run(render.show(Reply("findings", numbers(), json=True, listed=True)))
    assert json.loads(capsys.readouterr().out) == [{"n": 1}, {"n": 2}]


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [
        (21.35, "Cel", "21.35 °C"),
        (21.0, "Cel", "21 °C"),
        (45.25, "%RH", "45.25 % humidity"),
        (0.277, "/", "27.7%"),
        (73, "%", "73%"),
        (1536, "B", "1.5 KiB"),
        (3 * 1024**2, "B", "3 MiB"),
        (512, "B", "512 B"),
        (97, "s", "97 s"),
        (100_000, "s", "1 d 3 h"),
        (101_325, "Pa", "1013.25 hPa"),
        (5, "count", "5"),
        (1.5, None, "1.5"),
        (0.00001234, "V", "1.23e-05 V"),
        (True, None, "true"),
        ("open", None, "open"),
        (None, None, "-"),
        ("0.12345678901234567", "m", "0.12345678901234567"),
    ],
)
def test_values_are_shown_with_their_units(value, unit, shown):
    assert units.quantity(value, unit) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(None, "-"), (0.2, "now"), (7, "7 s"), (75, "1 min"), (7300, "2 h"), (200_000, "2 d")],
)
def test_ages_are_short(seconds, shown):
    assert units.ago(seconds) == shown


def test_a_feed_is_counted_from_its_last_start():
    heads = [{"label": "greenhouse", "seq": (2 << 32) + 8}, {"label": "study", "seq": 5}]
    row = peer_row(about={}, sensors=[], actuators={}, heads=heads, resources=[])
    assert "greenhouse 8 since start 2, study up to 5" in screen(views.show(row), 120)


def test_how_a_peer_was_found_is_said_in_words():
    shown = screen(views_peers.peers([peer_row(how="last"), peer_row(how="peers")]))
    assert "last address" in shown
    assert "told by peers" in shown


def test_a_folder_of_the_user_is_shown_short(monkeypatch):
    monkeypatch.setenv("HOME", "/users/ada")
    assert layout.short("kx3x in /users/ada/mesh, private") == "kx3x in ~/mesh, private"
    assert layout.short("/users/adam/mesh /x/users/ada/y") == "/users/adam/mesh /x/users/ada/y"


def test_a_clock_that_cannot_tell_says_so():
    for doubt, shown in ((None, "not synchronised"), (1, "one tells another"), (3, "3 tell")):
        about = {"clock": [1, 1, 5, None]} | ({"clock_doubt": doubt} if doubt else {})
        row = peer_row(about=about, sensors=[], actuators={}, heads=[], resources=[])
        assert shown in " ".join(screen(views.show(row), 200).split())
