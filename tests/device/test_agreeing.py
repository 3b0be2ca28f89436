"""A board acts by agreements that its setting `consent` allows, and by no others: asked by
`mesh ask` in a process of its own; by a threshold that was agreed on; and all is put back.
"""

import asyncio
import json
import time

import pytest
from commands import make_home, mesh
from desk import Desk

from mesh.core import codes
from mesh.core.coap import message as coap
from mesh.core.feed.chain import genesis
from mesh.core.peer_id import to_text
from mesh.core.relations import mark as marks
from mesh.core.relations import pact as pacts
from mesh.core.relations.mark import LEAVE

ACT = {"who": "*", "term": "act", "on": "led", "low": 0, "high": 1, "seconds": 4, "answer": "yes"}
WHEN = {"who": "*", "term": "when", "on": "led", "low": 20, "high": 40, "answer": "yes"}
EVERY = {"who": "*", "term": "every", "low": 1, "seconds": 3600, "answer": "yes"}
QUICK = {"actuators": {"led": {}}, "limits": {"head_ms": 200}}


def led(board):
    return (board.folder / "led.state").read_text().strip()


def until(met, what, seconds=30):
    """Wait for a board that is a process of its own."""
    end_s = time.monotonic() + seconds
    while not met():
        assert time.monotonic() < end_s, what
        time.sleep(0.1)


class Asker:
    """A home whose commands are processes that ask a board."""

    def __init__(self, folder):
        self.home = make_home(folder)
        self.id = to_text(self.home.peer_id())

    def knows(self, joined):
        line = f'[[peers]]\naddress = "{joined["address"]}"\nid = "{joined["id"]}"\n'
        self.home.settings_file.write_text(
            f'[discovery]\nlayers = []\n[names]\ngreenhouse = "{joined["id"]}"\n' + line
        )

    def do(self, *words):
        """What the command says: its exit code, what it tells, and what went wrong."""
        given = (*words, "--home", self.home.path, "-i", "127.0.0.1", "--json")
        code, out, err = asyncio.run(mesh(*given))
        return code, json.loads(out) if out.strip() else None, err


@pytest.fixture
def asker(tmp_path):
    return Asker(tmp_path / "asker")


def refused(asker):
    code, _, err = asker.do("set", "greenhouse/led", "true")
    assert code == 1, err
    assert "4.03" in err, err


def test_asked_it_agrees_is_set_and_puts_it_back(board, asker):
    with board(**QUICK, relations=[asker.id], consent=[ACT]) as one:
        asker.knows(one.wait("joined"))
        refused(asker)
        code, told, err = asker.do("ask", "greenhouse/led", "true", "--for", "3s")
        assert code == 0, err
        assert (told["did"], told["value"], told["seconds"]) == ("set", True, 3)
        assert led(one) == "true"
        set_by = one.wait("actuated", name="led", value=True)["by"]
        assert set_by == asker.id
        until(lambda: led(one) == "false", "it is put back when its time is over")
        refused(asker)


def test_what_it_offers_instead_is_shown_and_accepted(board, asker):
    with board(**QUICK, relations=[asker.id], consent=[ACT]) as one:
        asker.knows(one.wait("joined"))
        code, told, err = asker.do("ask", "greenhouse/led", "true", "--for", "1h")
        assert (code, told) == (1, None), err
        assert "said no: only 0 to 1, for 4 s at most" in err
        assert "led at 1 for 4 s: --accept" in err
        assert led(one) == "false"
    with board("other", **QUICK, relations=[asker.id], consent=[ACT]) as one:
        asker.knows(one.wait("joined"))
        code, told, err = asker.do("ask", "greenhouse/led", "true", "--for", "1h", "--accept")
        assert code == 0, err
        assert (told["did"], told["seconds"]) == ("set", 4)
        assert led(one) == "true"


def test_it_says_no_with_its_reason_and_who_it_does_not_listen_to(board, asker):
    never = {"who": "*", "term": "act", "answer": "never"}
    with board(**QUICK, relations=[asker.id], consent=[never]) as one:
        asker.knows(one.wait("joined"))
        code, told, err = asker.do("ask", "greenhouse/led", "true", "--for", "3s")
        assert (code, told) == (1, None)
        assert "its holder does not let it agree to this" in err
        assert led(one) == "false"
    with board("other", **QUICK) as one:
        asker.knows(one.wait("joined"))
        code, told, err = asker.do("ask", "greenhouse/led", "true", "--for", "3s")
        assert (code, told) == (1, None)
        assert "does not look at agreements" in err
        assert asker.id in err


@pytest.fixture
def ann():
    """A desktop's peer that proposes, driven by hand."""
    with Desk() as one:
        own = one.node.peer.feeds.own
        own.resume(1, genesis(one.kit, one.public), ())
        yield one


def says(desk, kind, body):
    seq, _ = desk.node.acting.append(desk.now(), kind, body)
    return desk.node.peer.feeds.own.link_at(seq)


def agrees(desk, board, peer, *terms, span=None):
    """Propose terms to a board alone; give the ref once it acts by them."""
    body = pacts.make(parties=[peer], terms=list(terms), span=span)
    ref = says(desk, pacts.NAME, body)
    desk.until(lambda: ref in [one[0] for one in agreed(desk, peer)], "it acts by it")
    return ref


def agreed(desk, peer):
    """What runs at a board by agreements, as it tells."""
    answer = desk.ask(peer, coap.FETCH, "peer")
    return desk.kit.decode(answer.payload).get("agreed", []) if answer.payload else []


def near(desk, **more):
    place = f"127.0.0.1:{desk.address[1]}"
    peers = [{"id": desk.id, "address": place}]
    return {**QUICK, "peers": peers, "relations": [desk.id], **more}


def test_a_threshold_that_was_agreed_on_acts_is_changed_and_put_back(board, ann, tmp_path):
    path = tmp_path / "zone"
    path.write_text("25000\n")
    warm = {"kind": "temperature", "path": str(path), "every_s": 0.2}
    with board(**near(ann, sensors={"warm": warm}, consent=[WHEN])) as one:
        peer = ann.meet(one.wait("joined"))
        first = ["when", None, "warm", "above", 28, "led", True, False]
        ref = agrees(ann, one, peer, first)
        assert led(one) == "false"
        path.write_text("29000\n")
        ann.until(lambda: led(one) == "true", "the rule acts")
        path.write_text("27000\n")
        ann.until(lambda: led(one) == "false", "and ends")
        body = pacts.make(parties=[peer], terms=[[*first[:4], 26, *first[5:]]], after=ref)
        says(ann, pacts.NAME, body)
        ann.until(lambda: led(one) == "true", "the new threshold is passed")
        (told,) = agreed(ann, peer)
        assert told[0] != ref
        assert told[1][4] == 26
        says(ann, marks.NAME, marks.make(told[0], LEAVE))
        ann.rest(1000)
        assert led(one) == "true", "that one left binds the others still"


def test_a_trial_that_ends_puts_things_back(board, ann):
    sensors = {"uptime": {"every_s": 3600}}
    with board(**near(ann, sensors=sensors, consent=[ACT, EVERY])) as one:
        peer = ann.meet(one.wait("joined"))
        one.wait("measured", sensor="uptime")
        ref = agrees(
            ann, one, peer, ["every", "uptime", 1, 0], ["act", "led", 0, 1, 4], span=[0, 6]
        )
        count = len(one.events("measured"))
        answer = ann.ask(peer, coap.PUT, "actuators", "led", value=True)
        assert answer.code == codes.CHANGED
        ann.until(lambda: len(one.events("measured")) > count + 1, "it measures every second")
        ann.until(lambda: ref not in [row[0] for row in agreed(ann, peer)], "the trial ends")
        assert led(one) == "false"
        count = len(one.events("measured"))
        ann.rest(3000)
        assert len(one.events("measured")) <= count + 1, "its own pace again"
        answer = ann.ask(peer, coap.PUT, "actuators", "led", value=True)
        assert answer.code == codes.FORBIDDEN


def test_who_left_sets_nothing_and_a_restart_changes_nothing_of_that(board, ann):
    with board(**near(ann, consent=[ACT])) as one:
        peer = ann.meet(one.wait("joined"))
        ref = agrees(ann, one, peer, ["act", "led", 0, 1, 4])
        assert ann.ask(peer, coap.PUT, "actuators", "led", value=True).code == codes.CHANGED
        one.stop()
    with board(**near(ann, consent=[ACT])) as one:
        peer = ann.meet(one.wait("joined"))
        ann.until(lambda: agreed(ann, peer), "it still acts by it")
        assert led(one) == "false"
        assert ann.ask(peer, coap.PUT, "actuators", "led", value=True).code == codes.CHANGED
        says(ann, marks.NAME, marks.make(ref, LEAVE))
        ann.until(lambda: not agreed(ann, peer), "who left is out")
        assert led(one) == "false", "put back at once"
        answer = ann.ask(peer, coap.PUT, "actuators", "led", value=True)
        assert answer.code == codes.FORBIDDEN
    with board(**near(ann)) as one:
        peer = ann.meet(one.wait("joined"))
        ann.rest(1000)
        assert agreed(ann, peer) == [], "without rows nothing acts, whatever was agreed"
