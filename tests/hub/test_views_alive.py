"""What `mesh show` says of a board that starts anew, sleeps, or has no room."""

from mesh.hub.cli import lines, views_alive


def words(about):
    return {name: str(value) for name, value in views_alive.facts(about)}


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
    assert str(views_alive.state({"state": "up", "wakes_s": None})) == "up"
    assert str(views_alive.state({"state": "asleep", "wakes_s": 120.0})).startswith("asleep for")
    assert (
        str(views_alive.state({"state": "asleep", "wakes_s": -5.0})) == "asleep, should be awake"
    )


def test_whose_feed_forked():
    row = {"state": "up", "wakes_s": None, "forked": 7, "about": {}}
    assert str(views_alive.state(row)) == "up, forked"
    ((_, what),) = views_alive.fork(row)
    assert "two different entries 7" in str(what)
    assert "mesh board renew" in str(what)
    assert "mesh id renew" in str(what)
    told_itself = {"forked": None, "about": {"forked": 9}}
    assert "two different entries 9" in str(views_alive.fork(told_itself)[0][1])
    assert "\x1b" not in str(views_alive.fork({"about": {"forked": "\x1b[2J"}})[0][1])
    assert views_alive.fork({"forked": None, "about": {}}) == []


def test_a_fork_of_our_own_says_what_to_do():
    row = {"event": "forked", "at": 0, "label": "{ann}", "seq": 7, "own": False}
    assert "{ann} signed two different entries 7" in str(lines.up(row))
    assert "mesh id renew" in str(lines.up(row | {"own": True}))
