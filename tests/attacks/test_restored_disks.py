"""A peer's disk is put back, in part or whole, or copied and run twice: it signs no seq twice."""

import os
import shutil
import signal

import pytest
from ledger import read
from patience import look

from mesh.core import peer_id

KEEPS = {"keep": [{}]}
QUICK = {"limits": {"check_ms": 1000, "head_ms": 300}, "sensors": {"uptime": {"every_s": 0.3}}}
FULL = os.environ.get("ATTACKS", "") == "full"
CHANCE_S = 400
TWO_OF_A_KEY = pytest.mark.timeout(600)
ENOUGH = 4  # entries that a peer says more before its disk is put back


def survivor(one, two):
    """Who goes on after the other of two has ended its feed and was switched off by its holder.

    A peer that listens has one address for a key, so it hears now the one, now the other: how soon
    each learns of what the other said is chance.
    """
    ended = look(
        lambda: next((peer for peer in (one, two) if peer.events("restored", seq=0)), None),
        lambda: [peer.lines[-10:] for peer in (one, two)],
        CHANCE_S,
    )
    ended.kill()
    return two if ended is one else one


class Witness:
    """A desktop that keeps all that is written, and holds it against its author."""

    def __init__(self, desktop):
        # it looks as often as they do, else clones would take minutes to hear of each other
        limits = {"check_ms": QUICK["limits"]["check_ms"]}
        self._desktop = desktop(name="witness", **KEEPS, sensors={}, limits=limits)
        self.at = f"127.0.0.1:{self._desktop.address[1]}"

    @property
    def given(self):
        """Settings of a peer that knows it."""
        return {"peers": [{"id": self._desktop.id, "address": self.at}], **QUICK}

    def seqs(self, peer):
        feed = read(self._desktop.home).get(peer.id)
        return sorted(feed.entries) if feed is not None else []

    def hears(self, peer, more=ENOUGH):
        """Wait until it holds so many more entries of a peer."""
        start = len(self.seqs(peer))
        self._until(lambda: len(self.seqs(peer)) >= start + more, peer)

    def _until(self, met, peer):
        told = self._desktop.lines[-5:] + peer.lines[-20:]
        look(met, lambda: (self.seqs(peer)[-5:], told))

    def judges(self, *peers):
        """Nobody is a liar, and what is kept is whole."""
        assert not self._desktop.events("forked")
        self._desktop.verify()
        for peer in peers:
            assert not peer.events("forked"), peer.lines
            assert not self._desktop.events("refused", peer=peer.id)


@pytest.fixture
def witness(desktop):
    return Witness(desktop)


def switched_off(peer):
    """Its power is cut."""
    peer.kill()
    return peer.home_folder


def put(copy, folder, *names):
    """Put files of a copy back as `cp` does: into the files that are there."""
    for name in names:
        if (copy / name).exists():
            with (copy / name).open("rb") as source, (folder / name).open("r+b") as target:
                target.truncate()
                shutil.copyfileobj(source, target)


def store(copy, folder):
    put(copy, folder, "store.db")


def store_and_logs(copy, folder):
    for end in ("", "-wal", "-shm"):
        (folder / f"store.db{end}").unlink(missing_ok=True)
        if (copy / f"store.db{end}").exists():
            shutil.copy(copy / f"store.db{end}", folder)


def counters(copy, folder):
    put(copy, folder, "state.json")


def counters_and_progress(copy, folder):
    put(copy, folder, "state.json", "progress")


def all_but_the_store(copy, folder):
    put(copy, folder, "state.json", "progress", "identity.pem", "addresses.json")


def home(copy, folder):
    shutil.rmtree(folder)
    shutil.copytree(copy, folder)


def home_in_place(copy, folder):
    put(copy, folder, "state.json", "progress", "identity.pem", "addresses.json", "store.db")


ALL = [
    (restore, off)
    for restore in (
        *(store, store_and_logs, counters, counters_and_progress),
        *(all_but_the_store, home, home_in_place),
    )
    for off in ("stopped", "killed")
]


@pytest.mark.parametrize(
    ("restore", "off"),
    ALL if FULL else [(store, "killed"), (store_and_logs, "stopped"), (home_in_place, "stopped")],
)
def test_a_desktop(witness, desktop, tmp_path, seen, restore, off):
    one = desktop(name="one", **witness.given)
    witness.hears(one)
    one.stop()
    copy = shutil.copytree(one.home, tmp_path / "copy")
    one.start()
    witness.hears(one)
    one.kill() if off == "killed" else one.stop()
    restore(copy, one.home)
    one.start()
    witness.hears(one)
    one.kill()
    witness.judges(one)
    seen(f"a disk is put back: {restore.__name__}, {off}", "desktop", sent=1, ends=0)


def test_a_desktop_copied_while_it_ran(witness, desktop, tmp_path):
    one = desktop(name="one", **witness.given)
    witness.hears(one)
    os.kill(one.pid, signal.SIGSTOP)
    copy = shutil.copytree(one.home, tmp_path / "copy", ignore=shutil.ignore_patterns("*.sock"))
    os.kill(one.pid, signal.SIGCONT)
    witness.hears(one)
    one.kill()
    home_in_place(copy, one.home)
    for end in ("-wal", "-shm"):
        shutil.copy(copy / f"store.db{end}", one.home / f"store.db{end}")
    one.start()
    witness.hears(one)
    one.kill()
    witness.judges(one)


def test_a_copy_of_a_home_does_not_run_beside_it(witness, desktop, tmp_path):
    one = desktop(name="one", **witness.given)
    witness.hears(one)
    shutil.copytree(one.home, tmp_path / "two", ignore=shutil.ignore_patterns("*.sock"))
    with pytest.raises(AssertionError, match="a copy of this peer runs already"):
        desktop(name="two", **witness.given)
    witness.hears(one)
    witness.judges(one)


@TWO_OF_A_KEY
def test_copies_of_a_home_on_two_computers(witness, desktop, tmp_path, monkeypatch):
    """What is outside of a home is another place for each of them."""
    one = desktop(name="one", **witness.given)
    witness.hears(one)
    one.stop()
    shutil.copytree(one.home, tmp_path / "two")
    one.start()
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "elsewhere"))
    two = desktop(name="two", **witness.given)
    two.wait("restored", timeout_s=CHANCE_S, seq=lambda seq: seq > 0)
    one.wait("restored", timeout_s=CHANCE_S)
    witness.hears(survivor(one, two))
    witness.judges(one, two)
    assert peer_id.from_text(one.id) == peer_id.from_text(two.id)


def journal(copy, folder):
    put(copy, folder, "feed.a", "feed.b")


def counter(copy, folder):
    put(copy, folder, "counter")


def identity(copy, folder):
    put(copy, folder, "identity", "counter")


def all_that_moves(copy, folder):
    put(copy, folder, "counter", "feed.a", "feed.b", "last", "peers")


def flash(copy, folder):
    shutil.rmtree(folder)
    shutil.copytree(copy, folder)


@pytest.mark.parametrize(
    "restore", [journal, counter, identity, all_that_moves, flash] if FULL else [journal, flash]
)
def test_a_board(witness, board, tmp_path, seen, restore):
    one = board(name="attic", **witness.given)
    witness.hears(one)
    copy = shutil.copytree(switched_off(one), tmp_path / "copy")
    one.start()
    witness.hears(one)
    restore(copy, switched_off(one))
    one.start()
    witness.hears(one)
    one.kill()
    witness.judges(one)
    seen(f"a disk is put back: {restore.__name__}", "board", sent=1, ends=0)


@TWO_OF_A_KEY
def test_a_clone_of_a_board_while_others_listen(witness, board, tmp_path, seen):
    one = board(name="attic", **witness.given)
    witness.hears(one)
    shutil.copytree(switched_off(one), tmp_path / "clone")
    one.start()
    witness.hears(one)
    two = board(name="clone", **witness.given)
    witness.hears(survivor(one, two))
    witness.judges(one, two)
    seen("a board is cloned, and both run", "board", sent=1, ends=0)
