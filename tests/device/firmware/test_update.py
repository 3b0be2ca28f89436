"""A board is updated over the mesh: what it takes, what it refuses, and what it takes back."""

import shutil
from pathlib import Path
from platform import machine

import pytest
import updating

from mesh.boards.firmware.flatten import flattened
from mesh.boards.firmware.lean import leaned
from mesh.boards.virtual.process import NATIVE, compile_files
from mesh.core import codes
from mesh.core.coap import message as coap
from mesh.core.resources import bundle
from mesh.hub import desktop_kit

RAISES = "raise ValueError('new and broken')\n"
WIFI = Path("mesh/device/wifi.py")
NEVER_JOINS = """
import asyncio
async def connect(networks, *_, **__):
    await asyncio.sleep(1000)
def address():
    return ""
"""
VERSIONS = {"1.2": {}, "1.3": {"device__main": RAISES}}


@pytest.fixture
def one(board, desk):
    """A board that takes updates of the desktop."""
    made = updating.flashed(board("one", **updating.settings(desk, trial_ms=3000)))
    with made:
        made.peer = desk.meet(made.wait("joined"))
        yield made


@pytest.fixture
def offering(desk):
    return updating.Offering(desk)


@pytest.fixture
def make(compiled, tmp_path):
    """Make a firmware of a version out of a folder, with some modules changed."""
    return lambda version, folder=compiled, **changed: updating.make(
        folder, tmp_path / f"new-{version}", version, **changed
    )


@pytest.fixture
def apart(tmp_path):
    """What a board had before modules were joined: a file for each."""
    compile_files(tmp_path / "apart", flattened(leaned()).texts, NATIVE.get(machine()))
    return tmp_path / "apart"


def lasting(one):
    """Who it is, and how often it started."""
    counter = (one.folder / "counter").read_bytes()
    return (one.folder / "identity").read_bytes(), int.from_bytes(counter[4:12], "big")


def offer(desk, one, offering, firmware):
    """Offer it, and hint at it."""
    made = offering.offers.offer(one.peer, firmware)
    assert desk.ask(one.peer, coap.POST, "updates").code == codes.CHANGED
    return made


def test_a_new_version_is_fetched_tried_and_stays(one, desk, offering, make):
    identity, counter = lasting(one)
    new = make("1.2")
    offer(desk, one, offering, new)
    done = updating.told(desk, one.peer, "good")
    assert done["version"] == "1.2"
    joined = one.events("joined")
    assert [event["boots"] for event in joined] == [1, 2]
    assert len({event["id"] for event in joined}) == 1
    assert lasting(one)[0] == identity
    assert lasting(one)[1] > counter, "counters go on where they cannot have been"
    about = desk.kit.decode(desk.ask(one.peer, coap.FETCH, "peer").payload)
    assert about["firmware"] == "1.2"
    # what it had already was not fetched: the list, the version and what is new
    fetched = {wish[0] for wish in offering.wishes}
    assert len(fetched) == 3
    # the same offer once more is not looked at twice, nor is what it has
    wishes = len(offering.wishes)
    assert desk.ask(one.peer, coap.POST, "updates").code == codes.CHANGED
    again = offer(desk, one, offering, new)
    while updating.told(desk, one.peer, "good")["made"] != again.made:
        pass
    assert len(offering.wishes) == wishes


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"linked2": RAISES}, "ValueError: new and broken"),
        ({"device__main": RAISES}, "ValueError: new and broken"),
        ({"device__wifi": leaned()[WIFI] + NEVER_JOINS}, "not good within 3 s"),
    ],
    ids=["raises", "raises-at-once", "never-joins"],
)
def test_a_broken_version_is_taken_back(one, desk, offering, make, changed, why):
    identity, counter = lasting(one)
    offer(desk, one, offering, make("1.3", **changed))
    back = updating.told(desk, one.peer, "taken back")
    assert why in back["why"]
    assert back["version"] == "1.3"
    assert lasting(one)[0] == identity
    assert lasting(one)[1] > counter
    assert one.events("joined")[-1]["id"] == one.events("joined")[0]["id"]
    # it does not try that one again
    wishes = len(offering.wishes)
    assert desk.ask(one.peer, coap.POST, "updates").code == codes.CHANGED
    desk.ask(one.peer, coap.FETCH, "peer")
    assert len(offering.wishes) == wishes


@pytest.mark.parametrize("joins", [True, False], ids=["to-joined", "from-joined"])
def test_between_a_file_a_module_and_joined_ones(board, desk, offering, make, apart, joins):
    """Boards in the field have a file for each module; and there is a way back to that."""
    # today's modules, not joined, take 20 KB more than a board's usual heap leaves for an update
    one = updating.flashed(board("one", heap="400k", **updating.settings(desk, trial_ms=10_000)))
    new, broken = (make(v, *([] if joins else [apart]), **c) for v, c in VERSIONS.items())
    if joins:
        shutil.rmtree(one.folder / "mesh")
        shutil.copytree(apart / "mesh", one.folder / "mesh")
    joined, single = "mesh/linked1.mpy", "mesh/core/node.mpy"
    assert (joined in new.files, single in new.files) == (joins, not joins)
    with one:
        one.peer = desk.meet(one.wait("joined"))
        identity, _ = lasting(one)
        offer(desk, one, offering, new)
        assert updating.told(desk, one.peer, "good")["version"] == "1.2"
        offer(desk, one, offering, broken)
        while updating.told(desk, one.peer, "taken back")["version"] != "1.3":
            pass
        assert lasting(one)[0] == identity
    assert (one.folder / "next" / joined).exists() == joins
    assert (one.folder / joined).exists() != joins


def signed_otherwise(desk, offered, listing=None, **fields):
    """The offer with other contents, signed by the desktop."""
    good = bundle.check(desk.kit, offered.signed)
    listing = offered.contents[good.digest] if listing is None else listing
    values = {"board": good.board, "version": good.version, "made": good.made, **fields}
    signed = bundle.make(desk.kit, desk.identity, listing=listing, **values)
    contents = {**offered.contents, desk.kit.sha256(listing): listing}
    return offered._replace(signed=signed, contents=contents)


def line(path, size):
    return f"{'00' * 32} {size} {path}\n".encode()


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"board": "pico_w"}, "for the board pico_w, and this one is unix"),
        ({"listing": line("mesh/a.mpy", 70_000)}, "too large"),
        ({"listing": line("mesh/../main.mpy", 5)}, "may not write"),
        ({"listing": line("start.mpy", 5)}, "may not write"),
        ({"listing": line("mesh/b.mpy", 5) + line("mesh/a.mpy", 5)}, "not in order"),
        ({"listing": b"no list"}, "a line of"),
    ],
    ids=["board", "size", "outside", "start", "order", "list"],
)
def test_what_is_wrong_is_refused(one, desk, offering, make, wrong, why):
    offered = offering.offers.offer(one.peer, make("1.4"))
    offering.offers._to[one.peer] = signed_otherwise(desk, offered, **wrong)
    desk.ask(one.peer, coap.POST, "updates")
    assert why in updating.told(desk, one.peer, "refused")["why"]
    assert not (one.folder / "next" / "mesh").exists(), "nothing of it was fetched"
    assert len(one.events("joined")) == 1, "the board goes on"


def test_a_changed_piece_is_refused(one, desk, offering, make):
    offering.after = lambda data: data.replace(b"077707780779", b"077707780778")
    offer(desk, one, offering, make("1.5"))
    why = updating.told(desk, one.peer, "refused")["why"]
    assert why == updating.FILLER + " has another hash than was signed"
    assert not (one.folder / "next" / updating.FILLER).exists()
    assert len(one.events("joined")) == 1
    # offered once more and unchanged, it is taken
    offering.after = lambda data: data
    offer(desk, one, offering, make("1.5.1"))
    assert updating.told(desk, one.peer, "good")["version"] == "1.5.1"


def test_another_signer_is_refused(one, desk, make):
    stranger = desktop_kit.make_identity(desktop_kit.new_secret(), lambda: 0)
    offering = updating.Offering(desk, stranger)
    offer(desk, one, offering, make("1.6"))
    desk.until(lambda: one.events("update"), "a refusal")
    assert "not in updates" in one.events("update")[0]["why"]
    assert not offering.wishes


def test_who_was_not_chosen_is_not_even_asked(board, desk, make):
    with updating.flashed(
        board("one", **{**updating.settings(desk), "updates": [], "settings_from": []})
    ) as one:
        peer = desk.meet(one.wait("joined"))
        offering = updating.Offering(desk)
        offering.offers.offer(peer, make("1.7"))
        answer = desk.ask(peer, coap.POST, "updates")
        assert (answer.code, answer.signed) == (codes.NOT_FOUND, True)
        assert not offering.wishes


def test_power_cuts_lose_nothing_that_was_fetched(one, desk, offering, make):
    new = make("1.8")
    at = {2, 7, 10, 12, 13}  # amid the list, and amid a file

    def before(count):
        if count in at:
            one.kill()

    offering.before = before
    offer(desk, one, offering, new)
    for _ in at:
        desk.until(lambda: not one.is_running, "a cut of power")
        one.start()
    assert updating.told(desk, one.peer, "good")["version"] == "1.8"
    places = [(wish[0], wish[1]) for wish in offering.wishes]
    twice = len(places) - len(set(places))
    assert twice <= len(at), "what was on the flash was fetched once more"
