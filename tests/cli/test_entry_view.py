"""What is shown of an entry: its words, or that nobody here understands it."""

from mesh.cli.views import entry_view


def test_kinds_that_are_not_known_are_shown_as_not_understood():
    assert entry_view.text("reading", [{"0": "t", "2": 5}]).startswith("t 5")
    assert entry_view.text("actuated", ["led", True, None]) == '["led", true, null]'
    assert entry_view.text("x-mine", {"1": 2}) == '{"1": 2}'
    for kind in ("vouch", "", "r" * 40):
        assert entry_view.text(kind, {"1": 2}) == 'not understood: {"1": 2}'


def test_agreements_are_shown_in_words():
    ref = "4fab" * 13
    assert (
        entry_view.text("mark", {"1": ref, "2": 0, "3": "too cold"}) == "no, of 4fab4fab: too cold"
    )
    assert entry_view.text("mark", {"1": ref, "2": 1}) == "yes, of 4fab4fab"
    assert entry_view.text("pact", {"5": 1, "6": "the seedlings live"}) == (
        "circle: the seedlings live"
    )
    assert entry_view.text("pact", {"7": [["every", "t", 60, 10]]}) == "promise: every t 60 10"
    assert entry_view.text("pact", {"1": ref, "6": "fan"}) == "agreement: fan"
    assert entry_view.text("pact", {"1": ref, "2": ref, "9": ref}) == "change of a circle"
    for body in (5, {"1": 2}, {"1": ref, "2": 77}, {"1": ref, "2": True}):
        assert entry_view.text("mark", body).startswith(("{", "5"))
    assert entry_view.text("pact", [1]) == "[1]"
