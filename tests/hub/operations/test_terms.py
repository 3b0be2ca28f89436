"""Terms: as they are typed, and in plain words."""

import needs
import pytest
from commands import make_home
from hypothesis import given
from hypothesis import strategies as st

from mesh.core import peer_id as ids
from mesh.core.codec import cbor
from mesh.core.errors import MeshError
from mesh.core.relations import terms
from mesh.hub.failure import USAGE, Failure
from mesh.hub.operations import term_forms, term_words
from mesh.hub.show.words import named, quoted

DOOR = bytes([7]) * 32
ID = ids.to_text(DOOR)


def label(peer):
    return "door" if peer == DOOR else "somebody"


@pytest.fixture
def home(tmp_path):
    return make_home(tmp_path / "home").path


@pytest.mark.parametrize(
    ("typed", "term", "told"),
    [
        (
            f"{ID}/temperature above 28 set fan to 1 else 0",
            ["when", DOOR, "temperature", "above", 28, "fan", 1, 0],
            "when the temperature of door is above 28, set fan to 1, else 0",
        ),
        (
            "self/soil below -0.5 set pump to true",
            ["when", None, "soil", "below", -0.5, "pump", True, None],
            "when one's own soil is below -0.5, set pump to true",
        ),
        (
            "self/t above 28.3 set 'roof window' to 'half open' else closed",
            ["when", None, "t", "above", 28.299999237060547, "roof window", "half open", "closed"],
            'when one\'s own t is above 28.3, set "roof window" to "half open", else closed',
        ),
    ],
)
def test_rules(home, typed, term, told):
    assert term_forms.made(home, [typed], [], []) == [term]
    assert cbor.decode(cbor.encode(term)) == term
    assert term_words.words(term, label) == told


def test_other_terms(home):
    found = term_forms.made(home, [], [("temperature", "10m")], [("fan", "-1", "0.1", "600")])
    assert found == [
        ["every", "temperature", 600, 10],
        ["act", "fan", -1, 0.10000000149011612, 600],
    ]
    assert [term_words.words(term, label) for term in found] == [
        "a reading of temperature at least every 10 min (or 10 % later)",
        "to let fan be set from -1 to 0.1, for at most 10 min a time",
    ]
    assert term_words.words(["act", "fan", 1, 1, 60], label) == (
        "to let fan be set to 1, for at most 60 s a time"
    )
    assert term_words.words(["keep", DOOR, 1], label) == "to keep what door says for 1 day"
    assert term_words.words(["answer", 5, "more"], label) == "an answer within 5 s"
    assert term_words.words(["sing", 5], label) == "sing (not understood here)"


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("", "something lacks"),
        ("self/t above 28 set fan to", "something lacks after 'to'"),
        ("self/t above 28 set fan to 1 else", "something lacks after 'else'"),
        ("self/t above 28 set fan to 1 else 0 please", "there is too much after '0'"),
        ("self/t above 28 sets fan to 1", "'sets' stands where 'set' has to be"),
        ("self/t above 28 set fan at 1", "'at' stands where 'to' has to be"),
        ("self/t above 28 set fan to 1 or 0", "'or' stands where 'else' has to be"),
        ("self/t over 28 set fan to 1", "'over' is neither above nor below"),
        ("self/t above much set fan to 1", "'much' is no number"),
        ("self/t above nan set fan to 1", "'nan' is no number"),
        ("self/t above 1e99 set fan to 1", "'1e99' is no number"),
        ("t above 28 set fan to 1", "'t' is no PEER/SENSOR"),
        ("self/ above 28 set fan to 1", "does not say which peer and which part"),
        ("nobody/t above 28 set fan to 1", "nothing was kept yet"),
        ("self/t above 28 set 'fan to 1", "it is not closed"),
        (f"self/{'t' * 65} above 28 set fan to 1", "it is .name, peer id or null"),
        (f"self/t above 28 set fan to {'x' * 65}", "it is .name, peer id or null"),
        ("self/t above 28 set fan to ''", ""),
    ],
)
def test_what_is_wrong_with_a_rule_is_told(home, typed, why):
    if not why:
        assert term_forms.made(home, [typed], [], [])[0][6] == ""
        return
    with pytest.raises(MeshError, match=why):
        term_forms.made(home, [typed], [], [])


@pytest.mark.parametrize(
    ("name", "words", "why"),
    [
        ("every", ("t", "0"), "it is .name, sensor, seconds, percent"),
        ("every", ("t", "soon"), "'soon' is no span of time"),
        ("act", ("fan", "2", "1", "60"), "'2' is more than '1'"),
        ("answer", ("400d",), "'400d' is more than a year"),
        ("act", ("", "0", "1", "60"), "it is .name, actuator, low, high, seconds"),
        ("act", ("fan", "0", "x", "60"), "'x' is no number"),
        ("answer", ("9" * 30,), "it is .name, seconds"),
    ],
)
def test_what_is_wrong_with_another_term_is_told(home, name, words, why):
    with pytest.raises(Failure, match=why) as caught:
        term_forms.term(home, name, words)
    assert caught.value.exit_code == USAGE


def test_there_are_four_terms_at_most(home):
    with pytest.raises(Failure, match="5 terms: there are 4 at most"):
        term_forms.made(home, [], [("t", "60")] * 5, [])


def test_long_lists_are_cut():
    assert term_words.listed(["a", "b"]) == "a, b"
    assert term_words.listed([str(n) for n in range(40)]).endswith("6, 7 and 32 more")


WORDS = ("self/t", "above", "28", "set", "fan", "to", "1", "else", "0", "'", '"', "\\", "/", "")


@given(st.lists(st.sampled_from(WORDS) | st.text(max_size=5), max_size=10))
def test_whatever_is_typed_is_a_rule_or_a_failure(words):
    try:
        found = term_forms.term(needs.ROOT / "nowhere", "when", [" ".join(words)])
    except MeshError:
        return
    assert terms.check([found]) == [found]
    assert cbor.decode(cbor.encode(found)) == found


@given(st.text())
def test_quoted_text_cannot_end_the_quotation(text):
    made = quoted(text)
    assert made.count('"') == 2
    assert made.isprintable()
    assert named(text).isprintable()
    assert named(text) == text or named(text) == made


@given(st.lists(st.text(max_size=70) | st.integers() | st.none() | st.booleans(), max_size=9))
def test_whatever_is_checked_is_told(items):
    for name in terms.KNOWN:
        term = [name, *items]
        try:
            terms.check([term])
        except MeshError:
            continue
        assert term_words.words(term, label).isprintable()
