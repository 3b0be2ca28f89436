"""How things look: 80 columns, units, JSON; and words of others that mean harm."""

import asyncio
import json

import pytest
from screens import peer_row, screen

from mesh.cli.options import Reply
from mesh.cli.views import content_view, data_view, event_lines, layout, peers_view, render
from mesh.hub.show import units

EVIL = "evil\x1b[2J\u202egnp\x07"


def test_peers_fit_80_columns():
    rows = [
        peer_row(),
        peer_row(
            name="a-name-of-thirty-two-characters!",
            addresses=["[fe80::1234:5678:9abc:def0%wlan0]:5683"],
        ),
        peer_row(name="", state="new", heard_s=None, addresses=[]),
    ]
    shown = screen(peers_view.peers(rows))
    assert len(shown.splitlines()) == 4
    assert all(len(line) <= 80 for line in shown.splitlines())
    for word in ("192.168.1.120:5683", "aaaaaaaa", "DNS-SD", "12 s", "up", "1234"):
        assert word in shown.splitlines()[1]


def test_a_long_name_gives_way_to_an_address_with_its_port():
    row = peer_row(petname="bed", name="the-bed-behind-the-greenhouse", how="last")
    row["addresses"] = ["192.168.100.100:51855"]
    (_, line) = screen(peers_view.peers([row])).splitlines()
    assert len(line) <= 80
    assert "192.168.100.100:51855" in line
    assert line.startswith("bed (ca")


def test_why_sensors_fail_and_the_firmware_are_shown_whole_at_80_columns():
    failing = ["air.humidity", "air.pressure", "air.temperature"]
    row = peer_row(starts=3, faults=0, failing=failing, firmware="0.1.0+660f54f2", memory=[1, 9])
    heads = ("name", "state", "starts", "faults", "failing", "firmware", "memory")
    lines = screen(peers_view.columns([row], heads)).splitlines()
    assert all(len(line) <= 80 for line in lines)
    assert "0.1.0+660f54f2" in lines[1]
    at = lines[0].index("failing")
    cell = "".join(line[at : lines[0].index("firmware")].strip() for line in lines[1:])
    assert cell == "air.humidity,air.pressure,air.temperature"


@pytest.mark.parametrize("columns", [40, 80])
def test_no_column_is_squeezed_to_nothing(columns):
    heads = ("is", "part", "count", "what else")
    rows = [("board", "p" * 50, "7", "w" * 60), ("x", "q" * 33, "1", "v")]
    lines = screen(layout.table(heads, rows, "count"), columns).splitlines()
    assert len(lines) == 3
    assert all(len(line) <= columns for line in lines)
    assert lines[1].startswith("board  p")
    assert lines[1].split()[2] == "7"


@pytest.mark.parametrize(
    "renderable",
    [
        peers_view.peers([peer_row(name=EVIL)]),
        data_view.readings(
            [{"sensor": EVIL, "value": EVIL, "unit": EVIL, "age_s": 1, "verified": True}]
        ),
        event_lines.watch(
            {
                "peer": EVIL,
                "sensor": EVIL,
                "value": EVIL,
                "unit": EVIL,
                "age_s": 9,
                "verified": False,
            }
        ),
        event_lines.watch({"peer": EVIL, "sensor": None, "error": EVIL}),
        event_lines.up({"event": "found", "at": 0, "label": EVIL, "address": EVIL, "how": EVIL}),
        event_lines.up({"event": "lost", "at": 0, "label": EVIL, "reason": EVIL}),
        event_lines.up({"event": "refused", "at": 0, "source": EVIL, "code": 131, "detail": EVIL}),
        content_view.content({"code": "2.05", "format": "x", "signed_by": None, "content": EVIL}),
        content_view.content(
            {"code": "2.05", "format": "x", "signed_by": None, "content": {EVIL: EVIL}}
        ),
        content_view.content(
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
    assert "greenhouse 8 since start 2, study up to 5" in screen(data_view.show(row), 120)


def test_how_a_peer_was_found_is_said_in_words():
    shown = screen(peers_view.peers([peer_row(how="last"), peer_row(how="peers")]))
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
        assert shown in " ".join(screen(data_view.show(row), 200).split())
