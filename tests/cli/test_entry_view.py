"""What is shown of an entry: its words, or that nobody here understands it."""

from mesh.cli.views import entry_view


def test_kinds_that_are_not_known_are_shown_as_not_understood():
    assert entry_view.text("reading", [{"0": "t", "2": 5}]).startswith("t 5")
    assert entry_view.text("actuated", ["led", True, None]) == '["led", true, null]'
    assert entry_view.text("x-mine", {"1": 2}) == '{"1": 2}'
    for kind in ("vouch", "", "r" * 40):
        assert entry_view.text(kind, {"1": 2}) == 'not understood: {"1": 2}'
