"""Words of others in a table, in JSON, in a log, in a picture and on a screen."""

import csv
import io
import json
import logging
import re
import xml.etree.ElementTree as ET

import needs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from rich.text import Text
from stored import entry, identity, run_of, take

from mesh.cli.views import render
from mesh.cli.views.output import line
from mesh.hub.quiet import QuietHandler
from mesh.hub.show.words import cell, json_text, printable, printable_lines, uncell
from mesh.hub.store.archive import Archive
from mesh.hub.store.exporting import export
from mesh.hub.store.plot import Plot, save, text
from mesh.hub.store.queries import Point, Queries

ANN = identity(1)
HARD = [
    "a\rb", "a\r\nb", "a\nb", "\r", "\n", "a\0b", '"', '""', 'say "no", twice', "a,b", "a;b",
    "\ta", "=1+1", "+1", "-1", "@SUM(A1)", "=cmd|' /C calc'!A0", "\t=1", "\r=1", "'=1", "'", "''x",
    "\uff1d1", "\x1b[31mred", "\x1b]0;title\x07", "\x9b31m", "\x85", "\u2028", "\u202eevil",
    "\u2066a\u2069", "\ufeff", "\u00ad", "\U000e0001", "\\", "\\x0a", "a\\u202e", "\\\\n", "true",
    "1e5", "", " ", "=", "2,5", "\u00e9", "\u4e2d", "\U0001f321", "#N/A", "%0A", "`id`", "$(id)",
]  # fmt: skip
HARMFUL = re.compile(
    "[\0-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\u2028\u2029]"
)


@given(st.text() | st.sampled_from(HARD))
def test_cells_are_harmless_and_can_be_undone(words):
    made = cell(words)
    assert uncell(made) == words
    assert made.isprintable()
    assert made[:1] not in set("=+-@\uff1d\uff0b\uff0d\uff20")


@given(st.text())
def test_ordinary_words_stay_as_they_are(words):
    if words.isprintable() and words[:1].isalnum() and "\\" not in words:
        assert cell(words) == printable(words) == words


@given(st.recursive(st.text() | st.integers() | st.none(), st.lists))
def test_json_says_the_same(value):
    made = json_text(json.dumps(value, ensure_ascii=False, indent=1))
    assert json.loads(made) == value
    assert made.replace("\n", "").isprintable()


def store_of(path, words, unit="Cel"):
    entries = [entry(seq, [{0: "mode", 1: unit, 3: word}]) for seq, word in enumerate(words, 1)]
    with Archive(path) as archive:
        take(archive, [run_of(ANN, entries)])


def rows_of(file):
    data = file.read_bytes()
    assert data.count(b"\n") == len(data.splitlines()), "a row is a line"
    return list(csv.reader(io.StringIO(data.decode(), newline="")))[1:]


@pytest.mark.parametrize("unit", ["Cel", "=1+1", "a\rb", "\x1b[2J", '"'])
def test_a_table_of_hard_texts_can_be_read_and_added_to(tmp_path, unit):
    file, path = tmp_path / "all.csv", tmp_path / "store.db"
    for count in (1, len(HARD) // 2, len(HARD), len(HARD)):
        store_of(path, HARD[:count], unit)
        with Queries(path) as store:
            export(store, store.sensors(), file)
        rows = rows_of(file)
        assert [uncell(row[6]) for row in rows] == HARD[:count]
        assert {uncell(row[3]) for row in rows} == {unit}
        assert not HARMFUL.search(file.read_text("utf-8"))
        assert all(field[:1] not in tuple("=+-@\t\r") for row in rows for field in row)
    with Queries(path) as store:
        export(store, store.sensors(), tmp_path / "all.senml.json")
    packed = (tmp_path / "all.senml.json").read_text("utf-8")
    assert [record["vs"] for record in json.loads(packed)] == HARD
    assert not HARMFUL.search(packed)


def test_a_table_that_was_made_before_with_a_lone_cr_is_added_to(tmp_path):
    file, path = tmp_path / "all.csv", tmp_path / "store.db"
    store_of(path, ["a\rb", "two"])
    with Queries(path) as store:
        export(store, store.sensors(), file)
        old = file.read_text("utf-8").replace("a\\x0db", "a\rb").splitlines(keepends=True)
        file.write_text("".join(old[:3]), "utf-8", newline="")
        done = export(store, store.sensors(), file)
    assert (done.new, done.all) == (1, 2)


WILD = "\x1b]0;x\x07\u202eevil\n\x9b2J$x^"


def test_pictures_have_no_codes_of_others(tmp_path):
    plot = Plot(f"peer/{WILD}", WILD, [Point(n * 60_000, 1, 2, 3, 1) for n in range(9)], WILD)
    save(plot, tmp_path / "a.svg")
    drawn = (tmp_path / "a.svg").read_text("utf-8")
    ET.fromstring(drawn)
    assert not HARMFUL.search(drawn)
    assert not HARMFUL.search(text(plot, 80, 15))
    needs.module("matplotlib")
    save(plot, tmp_path / "a.png")


def test_a_log_has_one_line_for_each_message(capsys):
    handler = QuietHandler()
    record = logging.LogRecord("mesh", logging.ERROR, "", 0, "peer %s", (WILD,), None)
    handler.emit(record)
    try:
        raise ValueError(WILD)
    except ValueError as error:
        record = logging.LogRecord(
            "mesh", logging.ERROR, "", 0, "x", (), (ValueError, error, None)
        )
        handler.emit(record)
    told = capsys.readouterr().err
    assert not HARMFUL.search(told)
    assert told.splitlines()[0].endswith("$x^")
    assert "evil" in told.splitlines()[0]


def test_what_a_view_forgot_is_cleaned_where_it_is_printed(capsys):
    console = Console(highlight=False, width=100)
    render._print(console, Text(f"name {WILD}"))
    line(render._json({"name": WILD}))
    told = capsys.readouterr().out
    assert not HARMFUL.search(told)
    assert json.loads(told.splitlines()[-1]) == {"name": WILD}
    assert printable_lines("a\nb\x1b") == "a\nb\N{REPLACEMENT CHARACTER}"
