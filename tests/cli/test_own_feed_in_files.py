"""An own feed in a file of runs: no seq is signed twice."""

import base64

import pytest
from commands import make_home
from hubs import run, until
from run_files import ask, data_of, ends, items_of, total
from stored import clock, entry, run_of, split

from mesh.core.codec import cbor
from mesh.hub.desktop_peer import HubPeer
from mesh.hub.failure import Failure
from mesh.hub.home.home import Home
from mesh.hub.home.settings_words import parse
from mesh.hub.operations import table


def test_the_own_feed_is_not_signed_twice(tmp_path):
    """An emptied home that is shown its own feed goes on behind it, in every later start."""
    far = 1 << 50
    away = make_home(tmp_path / "away")
    with Home(away.path) as opened:
        signed = split(opened.identity, [entry(seq) for seq in range(1, 21)], 5)
        late = run_of(opened.identity, [entry(far, when=clock(1))], far, bytes(32))
    path, later = tmp_path / "own.runs", tmp_path / "later.runs"
    path.write_bytes(data_of([*signed, late]))
    row = total(ask(away, "import", str(path)))
    assert (row["new"], row["own"], row["refused"]) == (0, 5, 0)
    assert away.peer_id() not in ends(away)

    seqs = []

    async def main():
        with Home(away.path) as home:
            async with alone(home) as peer:
                await until(lambda: not peer.node.peer.feeds.own.quiet)
                seqs.append(peer.write("x-note", len(seqs)))

    for _ in range(2):
        run(main)
    ask(away, "export", "--runs", "-o", str(later))
    assert far < seqs[0] < seqs[1]
    firsts = [cbor.decode(data)[1] for data in items_of(later)]
    assert min(firsts) == seqs[0]


def alone(home):
    """A peer that looks for nobody."""
    settings = parse({"discovery": {"layers": []}}, "desktop")
    return HubPeer(home, settings, interfaces=["127.0.0.1"], port=0, sensed={})


def test_a_running_peer_that_is_shown_its_own_feed_goes_on_behind_it(tmp_path):
    async def main():
        with Home(tmp_path / "own") as home:
            async with alone(home) as peer:
                peer.write("x-note", 1)
                far = peer.node.peer.feeds.own.next_seq + 100
                shown = run_of(home.identity, [entry(far, when=clock(1))], far, bytes(32))
                data = base64.b64encode(data_of([shown])).decode()
                (row,) = await table.OPERATIONS["import"](peer, {"items": data})
                assert row["own"] == far
                assert peer.write("x-note", 2) > far
                again = peer.node.peer.feeds.own.next_seq
                await table.OPERATIONS["import"](peer, {"items": data})
                assert peer.node.peer.feeds.own.next_seq == again  # no second gap
                for wrong in ("%", 7, None):
                    with pytest.raises(Failure):
                        await table.OPERATIONS["import"](peer, {"items": wrong})

    run(main)
