"""What `mesh log`, `mesh watch` and `mesh show` tell of agreements, promises and keys."""

import asyncio
import json

import needs
import pytest
from commands import call, items
from hypothesis import given
from hypothesis import strategies as st
from party import GOAL, in_circle
from rich.console import Console
from stored import entry, identity, run_of, take

from mesh.cli import app as cli
from mesh.cli.views import event_lines, relations_view
from mesh.core import peer_id as ids
from mesh.core.relations import mark, pact
from mesh.core.relations.mark import LEAVE, NO, OBJECT, SAY, YES
from mesh.hub.operations import wording
from mesh.hub.operations.wording import LONGEST, Wording
from mesh.hub.store import schema
from mesh.hub.store.archive import Archive

ANN, BOB = identity(1), identity(2)
IN_ORDER = ", ".join(sorted(("ann", "bob"), key={"ann": ANN.public, "bob": BOB.public}.get))
HASH = bytes(range(32))
RULE = ["when", BOB.public, "temperature", "above", 28, "fan", 1, 0]


pytestmark = pytest.mark.usefixtures("no_wait")


@pytest.fixture
def home(home_of_two):
    return home_of_two({"ann": ANN, "bob": BOB})


def keep(home, *feeds):
    """Store feeds of (identity, [(kind, body)]). Gives their refs, by author."""
    refs = []
    with Archive(home.path / schema.NAME) as archive:
        for who, said in feeds:
            run = run_of(who, [entry(n, body, kind) for n, (kind, body) in enumerate(said, 1)])
            take(archive, [run])
            refs.append(run.links)
    return refs


def told(home, name):
    """What `mesh log` shows of each entry."""
    reply = call("log", name, "--home", str(home.path), "--json")
    return [row["words"] for row in asyncio.run(items(reply))]


def test_statements_are_told_in_plain_words(home):
    founding = pact.make(need=1, text=GOAL)
    ref = run_of(ANN, [entry(1, founding, "pact")]).links[0]
    side = pact.make(within=ref, text="the fan runs", terms=[RULE], span=[0, 604_800])
    every = pact.make(terms=[["every", "temperature", 60, 0], ["answer", 5]])
    said = [founding, side, every]
    first = run_of(ANN, [entry(n, body, "pact") for n, body in enumerate(said, 1)]).links
    request = pact.make(
        parties=[ANN.public], terms=[["act", "fan", 1, 1, 600]], after=first[1], toward=first[1]
    )
    ann = [*(("pact", body) for body in said), ("mark", mark.make(first[2], LEAVE))]
    bob = [
        ("mark", mark.make(first[1], YES)),
        ("mark", mark.make(first[1], NO, "it is loud")),
        ("mark", mark.make(first[0], LEAVE)),
        ("mark", mark.make(HASH, OBJECT, "no")),
        ("mark", mark.make(first[2], SAY, "thank you")),
        ("mark", {1: first[0], 2: 77}),
        ("pact", request),
        ("pact", pact.make(within=HASH, text="x")),
        ("mark", mark.make(first[1], LEAVE)),
    ]
    keep(home, (ANN, ann), (BOB, bob))
    rule = "when the temperature of bob is above 28, set fan to 1, else 0"
    assert told(home, "ann") == [
        f'founds the circle "{GOAL}"',
        f'proposes in "{GOAL}": "the fan runs", {rule}, for 7 d',
        "promises a reading of temperature at least every 60 s, an answer within 5 s",
        "ends its promise: a reading of temperature at least every 60 s, an answer within 5 s",
    ]
    fan = f'"the fan runs", {rule} (proposed by ann)'
    assert told(home, "bob") == [
        f"says yes to {fan}",
        f'says no to {fan}: "it is loud"',
        f'leaves the circle "{GOAL}"',
        f'objects to what is not held here ({ids.short(HASH)}): "no"',
        "says of the promise of ann: a reading of temperature at least every 60 s,"
        ' an answer within 5 s: "thank you"',
        f'says what is not understood here (word 77) of the circle "{GOAL}" (founded by ann)',
        "proposes to ann: to let fan be set to 1, for at most 10 min a time,"
        f" instead of {fan}, toward {fan}",
        f'proposes in a circle that is not held here ({ids.short(HASH)}): "x"',
        f"leaves {fan}",
    ]


def test_changes_of_a_circle_are_told_by_names(tmp_path, capsys):
    party = in_circle(tmp_path)
    path = str(party.homes["cat"].path)
    assert cli.run(["log", "ann", "--home", path]) == 0
    out = capsys.readouterr().out
    assert f'proposes in "{GOAL}": adds cat, 2 have to say yes from then on' in out
    assert cli.run(["log", "bob", "--home", path]) == 0
    out = capsys.readouterr().out
    what = f'the change of "{GOAL}": adds cat, 2 have to say yes from then on'
    assert f"says yes to {what} (proposed by ann)" in out


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({1: HASH}, f"names its next key by its hash {ids.short(HASH)}"),
        (
            {2: [ANN.public, BOB.public], 3: 2},
            f"has {IN_ORDER} as guardians, 2 of whom tell who takes its place",
        ),
        ({2: [ANN.public], 3: 1}, "has ann as guardians, 1 of whom tell who takes its place"),
        ({2: [ANN.public]}, None),  # how many of them are needed is not said
        ({4: HASH}, "has a key for what is sealed to it"),
        ({5: [BOB.public]}, "says to be the same as bob"),
        (
            {6: [BOB.public, 7, HASH], 1: HASH},
            f"takes the place of bob, after its entry 7, names its next key by its hash "
            f"{ids.short(HASH)}",
        ),
        ({}, None),
        ({1: 5, 2: "ann", 3: "two", 4: HASH[:8], 5: [1], 6: [1, 2, 3], 9: 1}, None),
        ([1], None),
    ],
)
def test_keys_are_told(home, body, said):
    keep(home, (ANN, [("key", body)]), (BOB, [("x-other", 1)]))
    assert told(home, "ann") == [said]


HOSTILE = '\x1b]0;owned\x07 \u202e" (proposed by bob), says yes to "\u201d\n x'


def test_what_others_write_moves_no_cursor_and_ends_no_quotation(home, capsys):
    many = [bytes([n]) * 32 for n in range(1, 11)]
    bodies = [
        ("pact", pact.make(need=1, text=HOSTILE)),
        ("pact", pact.make(parties=many, text=HOSTILE)),
        ("pact", pact.make(parties=many[:2], terms=[["every", HOSTILE, 60, 10]] * 4)),
        ("mark", mark.make(HASH, SAY, HOSTILE)),
        ("key", {2: many, 3: 1 << 63, 5: many[:2]}),
        ("pact", pact.make(terms=[[HOSTILE, 5], ["act", HOSTILE, 0, 1, 60]])),
        ("pact", {7: [["every"]], 6: HOSTILE}),
        ("mark", {1: HOSTILE, 2: [HOSTILE] * 4}),
    ]
    keep(home, (ANN, bodies))
    assert cli.run(["log", "ann", "--home", str(home.path)]) == 0
    out = capsys.readouterr().out
    assert not set(out) & set("\x1b\x07\u202e\r")
    assert len(out.splitlines()) == len(bodies)
    first, second, *_ = told(home, "ann")
    assert first.count('"') == 2
    assert "and 2 more" in second
    assert cli.run(["log", "ann", "--home", str(home.path), "--json"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert all(json.loads(line)["kind"] for line in lines)
    assert not set("".join(lines)) & set("\x1b\x07\u202e")


ATOMS = st.none() | st.booleans() | st.integers(0, 1 << 64) | st.text(max_size=9) | st.just(HASH)
BODIES = st.recursive(
    ATOMS | st.binary(max_size=33),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.integers(0, 13), inner),
)


@given(st.sampled_from(sorted(wording.TOLD)), BODIES)
def test_no_body_is_too_odd(kind, body):
    one = Wording(needs.ROOT / "nothing.db", None, ids.short)
    one.refresh()
    said = one.said(HASH, kind, body)
    assert said is None or (said.isprintable() and len(said) <= LONGEST + 4)


def test_what_is_told_is_cut():
    rules = [["when", None, "s" * 64, "above", 1, "a" * 64, "v" * 64, "w" * 64]] * 4
    one = Wording(needs.ROOT / "nothing.db", None, ids.short)
    said = one.said(HASH, "pact", pact.make(terms=rules))
    assert len(said) == LONGEST + 4
    assert said.endswith(" ...")


def test_a_peer_is_shown_with_its_promises_and_agreements(tmp_path, capsys):
    party = in_circle(tmp_path)
    ref = party.short("ann", "agreement", "propose", GOAL, "the fan runs", "--for", "7d")
    party.do("ann", "promise", "every", "temperature", "60")
    party.meet()
    path = str(party.homes["ann"].path)

    def shown(*words):
        return asyncio.run(items(call("show", *words, "--home", path, "--json")))[0]

    row = shown()
    assert row["circles"] == [GOAL]
    (one,) = row["agreements"]
    assert (one["text"], one["state"], one["said"]) == ("the fan runs", "open", "said yes")
    (promise,) = row["promises"]
    assert promise["promise"] == "a reading of temperature at least every 60 s (or 10 % later)"
    party.do("cat", "agreement", "yes", ref)
    party.meet()
    (one,) = shown()["agreements"]
    assert (one["state"], one["ref"][:8]) == ("in force", ref)
    assert 604_000 < one["left_s"] <= 604_800
    assert cli.run(["show", "--home", path]) == 0
    out = capsys.readouterr().out
    assert f'circles     "{GOAL}"' in out
    assert f'{ref}  in force, said yes, 6 d 23 h left  "the fan runs" ({GOAL})' in out
    assert "a reading of temperature at least every 60 s (or 10 % later)" in out


def test_promises_of_one_peer_are_shown_with_what_became_of_them():
    rows = [
        {"ref": "a" * 52, "promise": "a reading of t", "text": "\x1b[2J", "state": "overdue",
         "overdue_s": 300.0, "kept": 900, "missed": 2, "unknown": 1},
        {"ref": "b" * 52, "promise": "an answer within 5 s", "text": "", "state": "a word"},
    ]  # fmt: skip
    console = Console(width=100, color_system=None)
    with console.capture() as shown:
        console.print(relations_view.short_promises(rows))
    first, second = (line.split() for line in shown.get().splitlines())
    assert " ".join(first) == (
        'aaaaaaaa overdue by 5 min a reading of t, "\ufffd[2J", kept 900 times, missed 2'
    )
    assert " ".join(second) == "bbbbbbbb a word an answer within 5 s"


def test_a_peer_without_a_word_is_shown_as_ever(home):
    row = asyncio.run(items(call("show", "--home", str(home.path), "--json")))[0]
    assert (row["promises"], row["circles"], row["agreements"]) == ([], [], [])


def test_a_line_of_watch():
    row = {"peer": "ann", "sensor": None, "kind": "mark", "words": "says yes to x\x1b[2J",
           "age_s": 0.0, "verified": True, "body": {}}  # fmt: skip
    line = event_lines.watch(row).plain
    assert "ann" in line
    assert line.endswith("says yes to x\ufffd[2J")
    assert event_lines.watch({**row, "words": None}).plain.endswith("  {}")
