"""`mesh id renew` and `mesh board renew`: another key, and all else stays."""

import json
import os

import pytest
from attic import run as run_board
from commands import call, items, make_home
from hubs import run, until

from mesh.cli import app as cli
from mesh.core import peer_id as ids
from mesh.hub.desktop_peer import HubPeer
from mesh.hub.failure import SETUP, Failure
from mesh.hub.home.home import Home
from mesh.hub.home.settings_words import parse
from mesh.hub.store.queries import Queries


def renewed(home):
    told = []

    async def main():
        told.extend(await items(call("id", "renew", "--yes", "--home", str(home.path))))

    run(main)
    return told[0]


def measured(home):
    """Its own seqs after it has said something more."""
    spans = []

    async def main():
        profile = parse({"discovery": {"layers": []}, "port": 0, "name": "study"}, "desktop")
        with Home(home.path) as opened:
            async with HubPeer(opened, profile, None, ["127.0.0.1"], sensed={}) as peer:
                peer.node.add_sensor("x", "Cel")
                peer.node.reading(peer.now(), "x", 5)
                await until(lambda: not peer.node.peer.feeds.own.quiet)
                peer.driver.settle()
        with Queries(home.path / "store.db") as store:
            spans.extend(store.spans(opened_id(home)))

    run(main)
    return spans


def opened_id(home):
    return Home(home.path).peer_id()


def test_a_home_gets_another_key_and_keeps_its_history(tmp_path):
    home = make_home(tmp_path / "study")
    assert measured(home) == [(1, 1)]
    assert measured(home) == [(1, 2)]
    former = opened_id(home)
    told = renewed(home)
    assert told["former"] == ids.to_text(former)
    assert told["id"] == ids.to_text(opened_id(home)) != told["former"]
    assert os.stat(told["key"]).st_mode & 0o077 == 0
    assert measured(home) == [(1, 1)], "the new feed begins with 1"
    with Queries(home.path / "store.db") as store:
        assert store.spans(former) == [(1, 2)]
    assert home.settings_file.read_text().startswith("[discovery]")


def test_what_is_in_use_or_not_there_is_not_renewed(tmp_path):
    with pytest.raises(Failure, match="no identity"):
        renewed(Home(tmp_path / "none"))
    home = make_home(tmp_path / "study")
    former = opened_id(home)
    with Home(home.path):
        assert cli.run(["id", "renew", "--yes", "--home", str(home.path)]) == SETUP
    assert opened_id(home) == former


def test_a_renewal_that_was_cut_off_uses_no_number_again(tmp_path):
    home = make_home(tmp_path / "study")
    measured(home)
    home.key_file.unlink()  # and no further
    first, _ = measured(home)[0]
    assert first > 1 << 32, "it goes by the numbers that are there"


def test_a_board_gets_another_key(attic, capsys):
    before = (attic.folder / "identity").read_bytes()
    settings = (attic.folder / "settings.json").read_text()
    told = run_board(capsys, "board", "renew", attic.port, "--yes")
    assert told["former"]
    attic.log.wait_line(
        lambda line: '"joined"' in line and told["former"] not in line, what="another peer"
    )
    assert (attic.folder / "identity").read_bytes() != before
    assert json.loads((attic.folder / "settings.json").read_text()) == json.loads(settings)
