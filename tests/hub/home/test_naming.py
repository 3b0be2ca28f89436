"""Peers by name, petname and prefix; near misses and ambiguity."""

import json

import pytest

from mesh.hub.failure import NOBODY, USAGE, Failure
from mesh.hub.home import naming
from mesh.hub.home.naming import Known

GREENHOUSE = Known("gr7wxyzq" + "a" * 44, "greenhouse")
STUDY = Known("k3v5n2aq" + "a" * 44, "study")
OTHER_STUDY = Known("k3v5zzzz" + "b" * 44, "study")
NAMELESS = Known("zzzzyyyy" + "c" * 44)
OURS = Known("m2m2m2m2" + "d" * 44, "esp32-4f", "kitchen")
ALL = [GREENHOUSE, STUDY, OTHER_STUDY, NAMELESS, OURS]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("greenhouse", GREENHOUSE),
        ("Greenhouse", GREENHOUSE),
        ("gr7w", GREENHOUSE),
        ("GR7WXYZQ", GREENHOUSE),
        (GREENHOUSE.id, GREENHOUSE),
        ("k3v5n", STUDY),
        ("z", NAMELESS),
        ("kitchen", OURS),
        ("esp32-4f", OURS),
    ],
)
def test_a_peer_is_found_by_name_petname_or_prefix(wanted, found):
    assert naming.find(wanted, ALL) == found


@pytest.mark.parametrize("wanted", ["study", "k3v5", "k"])
def test_what_could_be_several_lists_them(wanted):
    with pytest.raises(Failure) as caught:
        naming.find(wanted, ALL)
    assert caught.value.exit_code == NOBODY
    assert "study (k3v5n2aq), study (k3v5zzzz)" in caught.value.detail


@pytest.mark.parametrize(
    ("wanted", "offered"),
    [
        ("gren-house", "greenhouse"),
        ("STUDDY", "study"),
        ("kichen", "kitchen"),
        ("gr7wxyzp", "gr7wxyzq"),
    ],
)
def test_a_near_miss_is_offered(wanted, offered):
    with pytest.raises(Failure) as caught:
        naming.find(wanted, ALL)
    assert caught.value.detail == f"no peer '{wanted}'; did you mean '{offered}'?"
    assert caught.value.exit_code == NOBODY
    assert "known: greenhouse, kitchen, study" in caught.value.help


def test_who_knows_nobody_is_sent_to_the_doctor():
    with pytest.raises(Failure) as caught:
        naming.find("greenhouse", [])
    assert "mesh doctor" in caught.value.help


def test_a_long_list_is_cut():
    many = [Known(f"{n:08}".replace("0", "a") + "e" * 44, f"board-{n}") for n in range(30)]
    with pytest.raises(Failure) as caught:
        naming.find("attic", many)
    assert caught.value.help.endswith("and 22 more")


def test_nobody_stands_in_for_another_by_a_chosen_name():
    imposter = Known("q" * 52, GREENHOUSE.short)
    with pytest.raises(Failure, match="could be any of 2"):
        naming.find(GREENHOUSE.short, [*ALL, imposter])
    liar = Known("q" * 52, GREENHOUSE.id)
    assert naming.find(GREENHOUSE.id, [*ALL, liar]) == GREENHOUSE


def test_our_own_name_for_a_peer_comes_before_what_others_call_themselves():
    imposter = Known("q" * 52, "kitchen")
    assert naming.find("kitchen", [*ALL, imposter]) == OURS


def test_a_target_is_split_at_its_first_slash():
    assert naming.split("greenhouse") == ("greenhouse", None)
    assert naming.split("greenhouse/temperature") == ("greenhouse", "temperature")
    assert naming.split("greenhouse/air/humidity") == ("greenhouse", "air/humidity")
    for wrong in ("", "/", "greenhouse/", "/temperature"):
        with pytest.raises(Failure) as caught:
            naming.split(wrong)
        assert caught.value.exit_code == USAGE


def test_who_was_found_is_remembered_and_completed(tmp_path):
    cache = tmp_path / "known.json"
    assert naming.remembered(cache) == []
    naming.remember(cache, ALL)
    naming.remember(cache, [STUDY._replace(name="library")])
    assert {peer.name for peer in naming.remembered(cache)} >= {"greenhouse", "library"}
    assert ("greenhouse", "gr7wxyzq") in naming.complete(cache, "gre")
    assert ("gr7wxyzq", "greenhouse") in naming.complete(cache, "gr7")
    assert naming.complete(cache, "kit") == [("kitchen", "m2m2m2m2")]
    assert list(tmp_path.iterdir()) == [cache]


def test_the_cache_is_bounded_and_keeps_the_newest(tmp_path):
    cache = tmp_path / "known.json"
    many = [Known(f"{n:052}") for n in range(naming.REMEMBERED + 50)]
    naming.remember(cache, many)
    assert naming.remembered(cache) == many[50:]


@pytest.mark.parametrize(
    "text",
    ["", "{", "{}", "[1, null]", '[["short", "", ""]]', json.dumps([["a" * 52, 5, ""]]), "\udcff"],
)
def test_a_damaged_cache_is_nobody(tmp_path, text):
    cache = tmp_path / "known.json"
    cache.write_text(text, encoding="utf-8", errors="surrogateescape")
    assert naming.remembered(cache) == []


def test_a_cache_that_cannot_be_written_is_left_out(tmp_path):
    naming.remember(tmp_path / "no-such-folder" / "known.json", ALL)


def test_a_name_that_moves_the_cursor_is_not_completed(tmp_path):
    cache = tmp_path / "known.json"
    naming.remember(cache, [Known("a" * 52, "evil\x1b[2J")])
    assert naming.complete(cache, "evil") == []
