"""`mesh promise` and `mesh promises`: what is promised is written, and computed from a store."""

import asyncio
import contextlib
import sqlite3
import time

import pytest
from commands import call, items, mesh, running
from stored import STEP, entry, identity, record, run_of, take

from mesh.cli import app as cli
from mesh.core import peer_id as ids
from mesh.core.errors import MeshError
from mesh.core.relations import mark, pact
from mesh.core.relations.mark import LEAVE
from mesh.hub.failure import Failure, NotFound
from mesh.hub.store import schema
from mesh.hub.store.archive import Archive

ANN, BOB = identity(1), identity(2)
EVERY = {7: [["every", "temperature", 60, 10], ["answer", 5]]}


pytestmark = pytest.mark.usefixtures("no_wait")


@pytest.fixture
def home(home_of_two):
    return home_of_two({"ann": ANN, "bob": BOB})


def ask(home, *words):
    return asyncio.run(items(call(*words, "--home", str(home.path), "--json")))


def shown(home, *words):
    """The rows of `mesh promises`, and its exit code."""
    reply = call("promises", *words, "--home", str(home.path), "--json")
    found = []

    async def look():
        async for rows in reply.items:
            found.extend(rows)

    try:
        asyncio.run(look())
    except Failure as failure:
        return found, failure.exit_code
    return found, 0


def keep(home, who, minutes, body=EVERY, skip=(), ago_min=0):
    """Store a promise, and a reading at each of these minutes; the last one `ago_min` ago."""
    now = time.time_ns() // 1_000_000
    entries = [entry(1, body, "pact", [2, 1, 0, now - (minutes[-1] + ago_min) * STEP])]
    for seq, minute in enumerate(minutes, 2):
        at = [2, 1, minute * STEP, now - (minutes[-1] + ago_min - minute) * STEP]
        entries.append(entry(seq, [record(20)], when=at))
    whole = run_of(who, entries)
    runs = [whole]
    if skip:
        low, high = skip
        runs = [
            run_of(who, entries[:low]),
            run_of(who, entries[high:], high + 1, whole.links[high - 1]),
        ]
    with Archive(home.path / schema.NAME) as archive:
        take(archive, runs)
    with contextlib.closing(sqlite3.connect(home.path / schema.NAME)) as database, database:
        before = "UPDATE run SET arrived = arrived - ? WHERE author = (SELECT max(id) FROM author)"
        database.execute(before, (ago_min * STEP,))
    return whole


def every(rows):
    return {row["peer"]: row for row in rows if row["term"][0] == "every"}


def test_the_worst_come_first_and_a_script_is_told(home):
    keep(home, ANN, range(10))
    keep(home, BOB, [*range(5), *range(9, 12)])
    rows, code = shown(home)
    assert code == 1
    assert [(row["peer"], row["state"]) for row in rows] == [
        ("bob", "missed"), ("ann", "kept"), ("ann", "a word"), ("bob", "a word"),
    ]  # fmt: skip
    bob = every(rows)["bob"]
    assert (bob["kept"], bob["missed"], bob["unknown"]) == (6, 1, 0)
    assert bob["proof"] == {"from": 6, "to": 7, "s": 300}
    assert bob["overdue_s"] is None
    assert shown(home, "ann")[1] == 0


def test_a_gap_is_unknown_and_no_reading_at_all_is_overdue(home):
    keep(home, ANN, range(10), skip=(4, 8))
    keep(home, BOB, range(3), ago_min=30)
    found, code = shown(home)
    rows = every(found)
    assert (rows["ann"]["kept"], rows["ann"]["missed"], rows["ann"]["unknown"]) == (4, 0, 1)
    assert (rows["bob"]["state"], code) == ("overdue", 1)
    assert 28 * 60 < rows["bob"]["overdue_s"] < 30 * 60
    assert found[0]["peer"] == "bob"


def test_only_what_is_younger_is_looked_at(home):
    keep(home, ANN, [0, 30, *range(600, 610)])
    assert every(shown(home)[0])["ann"]["missed"] == 2
    assert every(shown(home, "--since", "5m")[0])["ann"]["kept"] in {4, 5}
    assert shown(home, "--since", "5m")[1] == 0


def test_a_promise_that_was_ended_or_is_over_is_left_out(home):
    whole = keep(home, ANN, range(3))
    more = run_of(ANN, [entry(5, mark.make(whole.links[0], LEAVE), "mark")], 5, whole.links[-1])
    with Archive(home.path / schema.NAME) as archive:
        take(archive, [more])
    keep(home, BOB, range(3), {**EVERY, 8: [0, 60]})
    assert shown(home) == ([], 0)
    assert {row["state"] for row in shown(home, "--all")[0]} == {"ended"}


def test_of_two_promises_about_one_sensor_the_newer_one_counts(home):
    whole = keep(home, ANN, [0, 5, 10])
    body = {7: [["every", "temperature", 600, 0]]}
    at = [2, 1, 10 * STEP, time.time_ns() // 1_000_000]
    later = [entry(5, body, "pact", at)]
    with Archive(home.path / schema.NAME) as archive:
        take(archive, [run_of(ANN, later, 5, whole.links[-1])])
    rows, code = shown(home)
    assert code == 0
    assert [row["promise"] for row in rows] == [
        "a reading of temperature at least every 10 min",
        "an answer within 5 s",
    ]
    over = {**body, 8: [0, 1]}
    at = [2, 1, 10 * STEP, time.time_ns() // 1_000_000 - 5000]
    run = run_of(ANN, [*later, entry(6, over, "pact", at)], 5, whole.links[-1])
    with Archive(home.path / schema.NAME) as archive:
        take(archive, [run])
    assert [row["promise"] for row in shown(home)[0]] == ["an answer within 5 s"], "taken back"
    assert len(shown(home, "--all")[0]) == 4


def test_terms_that_are_not_known_are_told_as_such(home):
    keep(home, ANN, range(3), pact.make(terms=[["sing", 5], ["keep", BOB.public, 9]]))
    assert [row["promise"] for row in shown(home)[0]] == [
        "sing (not understood here)",
        f"to keep what {ids.short(BOB.public)} says for 9 days",
    ]


def test_one_promises_and_ends_it_without_a_running_peer(home):
    (row,) = ask(home, "promise", "every", "temperature", "60", "--text", "by the door")
    assert (row["did"], row["seq"]) == ("promised", 1)
    ask(home, "promise", "act", "fan", "-1", "0.5", "600", "--for", "7d")
    ask(home, "promise", "keep", ids.to_text(BOB.public), "30")
    ask(home, "promise", "answer", "5")
    ask(home, "promise", "when", "self/temperature above 28 set fan to 1 else 0")
    rows, code = shown(home)
    assert code == 0
    said = {row["promise"]: row for row in rows}
    assert set(said) == {
        "an answer within 5 s",
        f"to keep what {ids.short(BOB.public)} says for 30 days",
        "to let fan be set from -1 to 0.5, for at most 10 min a time",
        "a reading of temperature at least every 60 s (or 10 % later)",
        "when one's own temperature is above 28, set fan to 1, else 0",
    }
    one = said["a reading of temperature at least every 60 s (or 10 % later)"]
    assert (one["ref"], one["text"], one["state"]) == (row["ref"], "by the door", "unknown")
    (ended,) = ask(home, "promise", "end", row["ref"][:8])
    assert ended == {"did": "ended", "ref": row["ref"]}
    assert len(shown(home)[0]) == 4
    with pytest.raises(NotFound, match="no promise of our own"):
        ask(home, "promise", "end", row["ref"][:8])


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("every", "temperature"), "is no promise"),
        (("sing", "softly"), "is no promise"),
        (("every", "temperature", "soon"), "'soon' is no span of time"),
        (("every", "temperature", "0"), "it is .name, sensor, seconds, percent"),
        (("act", "fan", "2", "1", "60"), "'2' is more than '1'"),
        (("act", "fan", "x", "1", "60"), "'x' is no number"),
        (("answer", "5", "--for", "long"), "is no span of time"),
        (("answer", "5", "--text", "x" * 161), "6 is no text of 1 to 160 bytes"),
        (("keep", "nobody", "5"), "nothing"),
        (("end", "4f6a"), "nothing"),
    ],
)
def test_what_is_no_promise_is_told_and_writes_nothing(home, words, told):
    with pytest.raises(MeshError, match=told):
        ask(home, "promise", *words)


def test_a_running_peer_says_it_and_it_is_shown(home):
    async def say():
        async with running(home):
            code, out, err = await mesh("promise", "answer", "5", "--home", home.path)
            assert (code, err) == (0, ""), err
            assert "promised" in out
            return await mesh("promises", "--home", home.path)

    code, out, _ = asyncio.run(say())
    assert code == 0
    assert "an answer within 5 s" in out


def test_it_is_shown_for_people(home, capsys):
    keep(home, BOB, [*range(5), *range(9, 12)])
    assert cli.run(["promises", "--home", str(home.path)]) == 1
    out, err = capsys.readouterr()
    assert "5 min from entry 6 to 7" in out
    assert "1 of 2 promises are overdue or missed, of bob" in err
