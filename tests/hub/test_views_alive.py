"""What `mesh show` says of a board that starts anew, sleeps, or has no room."""

from mesh.hub.cli import views_alive


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
