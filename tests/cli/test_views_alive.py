"""What `mesh show` says of a board that starts anew, sleeps, or has no room."""

from mesh.cli.views import alive_view, event_lines


def words(about):
    return {name: str(value) for name, value in alive_view.facts(about)}


def test_resets_firmware_safe_mode_and_room():
    about = {
        "firmware": "0.1.0+abcdef12",
        "resets": [3, "OSError: 5"],
        "safe": "three starts came to nothing",
        "unpublished": [7, "28"],
    }
    told = words(about)
    assert told["firmware"] == "0.1.0+abcdef12"
    assert told["last start"] == "OSError: 5, 3 faults so far"
    assert told["safe mode"] == "three starts came to nothing"
    assert told["no room"] == "7 entries are not published: 28"


def test_what_others_send_is_cleaned_and_nonsense_left_out():
    assert words({"resets": 5, "unpublished": "x"}) == {}
    assert "\x1b" not in words({"resets": [0, "\x1b[2J"]})["last start"]


def test_who_sleeps():
    assert str(alive_view.state({"state": "up", "wakes_s": None})) == "up"
    assert str(alive_view.state({"state": "asleep", "wakes_s": 120.0})).startswith("asleep for")
    assert str(alive_view.state({"state": "asleep", "wakes_s": -5.0})) == "asleep, should be awake"


def test_whose_feed_forked():
    row = {"state": "up", "wakes_s": None, "forked": 7, "about": {}}
    assert str(alive_view.state(row)) == "up, forked"
    ((_, what),) = alive_view.fork(row)
    assert "two different entries 7" in str(what)
    assert "mesh board renew" in str(what)
    assert "mesh id renew" in str(what)
    told_itself = {"forked": None, "about": {"forked": 9}}
    assert "two different entries 9" in str(alive_view.fork(told_itself)[0][1])
    assert "\x1b" not in str(alive_view.fork({"about": {"forked": "\x1b[2J"}})[0][1])
    assert alive_view.fork({"forked": None, "about": {}}) == []


def test_a_feed_that_was_seen_beyond_its_fork_is_said_to_be_kept():
    kept = {"seq": 192, "seen_by": ["ann", "b\x1ben"]}
    said = str(alive_view.fork({"forked": 2, "kept": kept, "about": {}})[0][1])
    assert "two different entries 2: its feed is kept up to 192, as ann and b" in said
    assert "\x1b" not in said
    assert "nothing counts after" in said


def test_a_fork_of_our_own_says_what_to_do():
    row = {"event": "forked", "at": 0, "label": "{ann}", "seq": 7, "own": False}
    assert "{ann} signed two different entries 7" in str(event_lines.up(row))
    assert "mesh id renew" in str(event_lines.up(row | {"own": True}))
