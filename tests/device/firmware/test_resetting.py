"""A board's settings are changed over the mesh: what it takes, refuses, and takes back."""

import json
import socket
import time

import pytest
import updating

from mesh.core import codes, peer_id
from mesh.core.coap import message as coap
from mesh.core.resources import proposal
from mesh.hub import desktop_kit

STRANGER = peer_id.to_text(bytes(range(32)))
PATIENCE_S = 30.0


@pytest.fixture
def trial_ms():
    return 60_000


@pytest.fixture
def one(board, desk, trial_ms):
    """A board whose settings the desktop may change."""
    given = updating.settings(desk, trial_ms=trial_ms)
    made = updating.flashed(board("one", name="former", **given))
    with made:
        made.peer = desk.meet(made.wait("joined"))
        yield made


@pytest.fixture
def offering(desk):
    return updating.Offering(desk)


def path(one):
    return one.folder / "settings.json"


def present(desk, one):
    """What the board tells of its settings, and their hash."""
    text, size = b"", 1
    while len(text) < size:
        answer = desk.ask(one.peer, coap.FETCH, "updates", value=len(text))
        base, size, piece = desk.kit.decode(answer.payload)
        text += piece
    return base, json.loads(text)


def offer(desk, one, offering, **changes):
    """Offer changed settings and hint at them: (their number, what the board had)."""
    base, table = present(desk, one)
    text = json.dumps(table | changes).encode()
    made = offering.offers.offer_settings(one.peer, base, text).made
    hint(desk, one)
    return made


def hint(desk, one):
    answer = desk.ask(one.peer, coap.POST, "updates", value="settings")
    assert answer.code == codes.CHANGED


def told(desk, one, *states):
    return updating.told(desk, one.peer, *states, field="settings")


def test_settings_are_tried_and_stay(one, desk, offering):
    offer(desk, one, offering, name="latter")
    assert "why" not in told(desk, one, "good")
    assert json.loads(path(one).read_text())["name"] == "latter"
    assert not (one.folder / "settings.new").exists()
    about = desk.kit.decode(desk.ask(one.peer, coap.FETCH, "peer").payload)
    assert about["name"] == "latter"


def alone(one, what, *more):
    """Wait for the board, while nobody answers it."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        if found := what(*more):
            return found
        time.sleep(0.05)
    raise AssertionError(one.events())


def states(one):
    return [event["state"] for event in one.events("settings")]


@pytest.mark.parametrize("trial_ms", [3000])
def test_if_their_giver_does_not_answer_they_are_taken_back(one, desk, offering):
    before = path(one).read_bytes()
    made = offer(desk, one, offering, name="latter", port=updating.free_port())
    desk.until(lambda: "trial" in states(one), "the trial")
    alone(one, lambda: "good" in states(one) or "taken back" in str(trial(one)))
    one.wait("joined")
    assert path(one).read_bytes() == before
    back = told(desk, one, "taken back")
    assert (back["why"], back["made"]) == ("who gave them did not answer in time", made)
    hint(desk, one)
    assert told(desk, one, "taken back", "trial")["state"] == "taken back", "not tried twice"


def trial(one):
    return (one.folder / "settings.trial").read_bytes()


def test_a_port_that_is_taken_ends_by_itself(one, desk, offering):
    before = path(one).read_bytes()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        offer(desk, one, offering, port=other.getsockname()[1])
        desk.until(lambda: "trial" in states(one), "the trial")
        for _ in range(2):
            assert one.wait_end() == 1, "the start fails"
            assert path(one).read_bytes() == before
            one.start()
        back = told(desk, one, "taken back")
    assert back["why"] == "not good after 2 starts"
    assert path(one).read_bytes() == before


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"sensors": {"heap": {"every_s": -5}}}, "sensors.heap.every_s"),
        ({"sensors": {"heap": {"kind": "hepa"}}}, "sensors.heap.kind"),
        ({"nam": "latter"}, "'nam' is not one of"),
        ({"wifi": []}, "wifi is changed over the cable only"),
        ({"setup": {"code": "x" * 16}}, "setup is changed over the cable only"),
        ({"introduced_by": STRANGER}, "changed over the cable only"),
        ({"updates": [STRANGER]}, "changed over the cable only"),
        ({"settings_from": [STRANGER]}, "changed over the cable only"),
    ],
    ids=["range", "kind", "key", "wifi", "setup", "introduced", "updates", "settings-from"],
)
def test_what_is_wrong_is_refused_with_the_reason(one, desk, offering, changes, why):
    before = path(one).read_bytes()
    offer(desk, one, offering, **changes)
    assert why in told(desk, one, "refused")["why"]
    assert path(one).read_bytes() == before
    assert not (one.folder / "settings.new").exists()
    assert len(one.events("joined")) == 1, "the board goes on"


def test_a_name_cannot_hand_on_the_right(board, desk, offering):
    given = updating.settings(desk) | {"introduced_by": "study", "names": {"study": desk.id}}
    with updating.flashed(board("one", **given)) as one:
        one.peer = desk.meet(one.wait("joined"))
        offer(desk, one, offering, names={"study": STRANGER})
        assert "changed over the cable only" in told(desk, one, "refused")["why"]


def test_an_offer_based_on_other_settings_is_refused(one, desk, offering):
    offering.offers.offer_settings(one.peer, bytes(32), b'{"name": "latter"}')
    hint(desk, one)
    assert "has other settings by now" in told(desk, one, "refused")["why"]


def test_for_another_board_or_by_another_signer(one, desk, offering):
    base, table = present(desk, one)
    text = json.dumps(table).encode()
    made = offering.offers.offer_settings(one.peer, base, text)
    stranger = desktop_kit.make_identity(desktop_kit.new_secret(), lambda: 0)
    for identity, peer in ((stranger, one.peer), (desk.identity, bytes(32))):
        signed = proposal.make(desk.kit, identity, peer, made.made, base, text)
        offering.offers._to[one.peer] = made._replace(signed=signed)
        hint(desk, one)
        told_of = "update" if identity is stranger else "settings"
        desk.until(lambda of=told_of: one.events(of), "a refusal")
    assert "not in settings_from" in one.events("update")[0]["why"]
    assert "for another board" in told(desk, one, "refused")["why"]


def test_a_stranger_neither_sees_nor_changes_them(board, desk):
    given = updating.settings(desk) | {"settings_from": [], "name": "former"}
    with updating.flashed(board("one", **given)) as one:
        peer = desk.meet(one.wait("joined"))
        for code, wish in ((coap.FETCH, 0), (coap.POST, "settings")):
            answer = desk.ask(peer, code, "updates", value=wish)
            assert answer.signed
            assert answer.code in (codes.NOT_FOUND, codes.FORBIDDEN)
    given["settings_from"] = [STRANGER]
    with updating.flashed(board("two", **given)) as two:
        peer = desk.meet(two.wait("joined"))
        for code in (coap.FETCH, coap.POST):
            answer = desk.ask(peer, code, "updates", value=0 if code == coap.FETCH else "settings")
            assert (answer.code, answer.signed) == (codes.FORBIDDEN, True)
            assert "chosen peers only" in answer.error


def test_passwords_stay_on_the_board(board, desk, offering):
    wifi = [{"ssid": "house", "password": "correct horse"}]
    setup = {"code": "k7mp-3xqd-w9hn-r4tz"}
    given = updating.settings(desk) | {"wifi": wifi, "setup": setup}
    with updating.flashed(board("one", **given)) as one:
        one.peer = desk.meet(one.wait("joined"))
        before = json.loads(path(one).read_text())
        assert not {"wifi", "setup"} & set(present(desk, one)[1])
        offer(desk, one, offering, name="latter")
        told(desk, one, "good")
        assert json.loads(path(one).read_text()) == before | {"name": "latter"}


@pytest.mark.parametrize("renamed", [False, True], ids=["before", "after"])
def test_a_power_cut_at_the_rename(one, desk, offering, renamed):
    """Killed on trial; and as it would be, had the power gone just after the rename."""
    offer(desk, one, offering, name="latter")
    desk.until(lambda: "trial" in states(one), "the trial")
    one.kill()
    state = trial(one)
    new = one.folder / "settings.new"
    assert json.loads(new.read_text())["name"] == "latter"
    assert json.loads(path(one).read_text())["name"] == "former"
    if renamed:
        new.replace(path(one))
    assert trial(one) == state
    one.start()
    told(desk, one, "good")
    assert json.loads(path(one).read_text())["name"] == "latter"


def test_one_on_trial_that_is_damaged_is_not_read(one, desk, offering):
    offer(desk, one, offering, name="latter")
    desk.until(lambda: "trial" in states(one), "the trial")
    one.kill()
    (one.folder / "settings.new").write_text('{"name": "lat')
    one.start()
    assert "damaged" in told(desk, one, "taken back")["why"]
    assert json.loads(path(one).read_text())["name"] == "former"


def test_settings_by_cable_win(one, desk, offering):
    offer(desk, one, offering, name="latter")
    desk.until(lambda: "trial" in states(one), "the trial")
    one.kill()
    path(one).write_text(path(one).read_text().replace("former", "by cable"))
    one.start()
    assert "by cable" in told(desk, one, "taken back")["why"]
    assert json.loads(path(one).read_text())["name"] == "by cable"
