"""Lists and patterns: whom and what they mean."""

import pytest

from mesh.hub.failure import FAILED, NOBODY, PARTLY, TIMEOUT, USAGE, Failure
from mesh.hub.home.naming import Known
from mesh.hub.operations import selecting

ROOM1 = Known("r1" + "a" * 50, "room1")
ROOM2 = Known("r2" + "a" * 50, "Room2")
CELLAR = Known("ce" + "a" * 50, "esp32-4f", "cellar")
COMMA = Known("co" + "a" * 50, "kitchen, left*")
NAMELESS = Known("zz" + "a" * 50)
ALL = [ROOM1, ROOM2, CELLAR, COMMA, NAMELESS]


def meant(*words, there=None):
    chosen = selecting.targets(words, ALL, there)
    return [(one.peer, one.part) for one in chosen.peers], [word for word, _ in chosen.missing]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["room*"], [(ROOM1, None), (ROOM2, None)]),
        (["ROOM?/led"], [(ROOM1, "led"), (ROOM2, "led")]),
        (["room[1]"], [(ROOM1, None)]),
        (["room1,cellar/t*"], [(CELLAR, "t*"), (ROOM1, "t*")]),
        (["room1/led", "cellar/fan,led"], [(CELLAR, "fan,led"), (ROOM1, "led")]),
        (["room1", "room*", "r1aa"], [(ROOM1, None), (ROOM2, None)]),
        (["esp32*"], [(CELLAR, None)]),
        (["kitchen, left*"], [(COMMA, None)]),
        (["z*"], [(NAMELESS, None)]),
    ],
)
def test_who_and_what_is_meant(words, found):
    assert meant(*words) == (found, [])


def test_a_word_that_selects_nothing_does_not_end_the_others():
    found, missing = meant("room1,rom2", "attic*")
    assert found == [(ROOM1, None)]
    assert missing == ["rom2", "attic*"]
    (_, why), _ = selecting.targets(["rom2", "attic*"], ALL).missing
    assert "did you mean 'Room2'?" in why.detail
    assert why.exit_code == NOBODY


def test_patterns_mean_those_who_are_there_and_names_mean_anybody():
    assert meant("room*", there=[ROOM2]) == ([(ROOM2, None)], [])
    assert meant("room1", there=[ROOM2]) == ([(ROOM1, None)], [])


@pytest.mark.parametrize("word", ["room1,,cellar", ",", "room1,/led"])
def test_a_comma_with_nothing_beside_it_is_wrong_usage(word):
    with pytest.raises(Failure) as caught:
        meant(word)
    assert caught.value.exit_code == USAGE


def test_parts_are_picked_by_names_lists_and_patterns():
    names = ["temperature", "temp2", "humidity"]
    assert selecting.pick(None, names) == names
    assert selecting.pick("temp*", names) == ["temperature", "temp2"]
    assert selecting.pick("humidity,temp2", names) == ["temp2", "humidity"]
    assert selecting.lacking("humidity,lux,x*", names) == ["lux"]
    assert "did you mean 'humidity'?" in selecting.no_such("sensor", ["humidty"], names)


@pytest.mark.parametrize(
    ("codes", "done", "code"),
    [([TIMEOUT], 3, PARTLY), ([TIMEOUT] * 2, 0, TIMEOUT), ([TIMEOUT, NOBODY], 0, FAILED)],
)
def test_scripts_can_tell_some_from_all(codes, done, code):
    rows = [{"peer": f"p{n}", "code": one} for n, one in enumerate(codes)]
    failure = selecting.failure(rows, done)
    assert failure.exit_code == code
    assert f"{len(codes)} of {len(codes) + done} failed: p0" in failure.detail
