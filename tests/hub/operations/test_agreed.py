"""What runs at a peer by agreements, as `mesh show` tells it."""

import io

from rich.console import Console

from mesh.cli.views import ask_view
from mesh.hub.operations import agreed

ANN, REF = b"a" * 32, b"r" * 32
ACT = ["act", "fan", 0, 1, 600]
WHEN = ["when", ANN, "bed", "above", 28, "fan", True, False]


def label(_):
    return "cellar"


def test_terms_are_told_in_words_and_who_set_it_for_how_long():
    told = {"agreed": [[REF, ACT, [ANN, True, 170]], [REF, WHEN, None]], "uptime": 100}
    act, when = agreed.rows(told, label)
    assert (act["by"], act["value"], act["left_s"]) == ("cellar", True, 70)
    assert act["term"] == ACT
    assert "cellar" in when["words"]
    assert "by" not in when
    console = Console(width=120, record=True, file=io.StringIO())
    console.print(ask_view.agreed([act, when]))
    shown = console.export_text()
    assert "now true, by cellar, for 1 min 10 s more" in shown
    assert act["ref"][:8] in shown


def test_what_others_tell_wrongly_is_left_out():
    good = [REF, ACT, None]
    wrong = (
        None,
        3,
        {"a": 1},
        [3],
        [[REF]],
        [[b"short", ACT, None]],
        [[REF, ["act"], None]],
        [[REF, "act", None]],
        [[REF, [["act"]], None]],
    )
    for value in wrong:
        assert agreed.rows({"agreed": value}, label) == [], value
    assert agreed.rows(None, label) == []
    rows = agreed.rows({"agreed": [good] * 1000, "uptime": "x"}, label)
    assert len(rows) == agreed.MOST
    (row,) = agreed.rows({"agreed": [[REF, ACT, [ANN, 1, "soon"]]]}, label)
    assert "by" not in row
