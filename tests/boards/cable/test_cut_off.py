"""A command that changes who a board is, and stops amid that: it says what is safe, and the same
command then does all of it.
"""

import hashlib
import json
import os
import signal

import pytest
from attic import QUIET

from mesh.boards.cable import backup, board_files, prompt
from mesh.boards.cable.cable import Cable
from mesh.cli import app as cli
from mesh.hub.failure import INTERRUPTED, OK

PHRASE = "correct horse battery"
# the command, the step amid which the cable is pulled, and what is said to be safe
CHANGES = [
    (["erase", "--yes"], "listing its files", "its key and its counters"),
    (["erase", "--yes"], "removing main.py", "its key and its counters"),
    (["erase", "--yes"], "removing mesh/core", "its key and its counters"),
    (["erase", "--yes"], "removing settings.json", "its key and its counters"),
    (["erase", "--yes", "--identity"], "removing identity", "its key with them, may be gone"),
    (["erase", "--yes", "--identity"], "removing feed.a", "its key with them, may be gone"),
    (["renew", "--yes"], "removing identity", "its key may be gone already"),
    (["renew", "--yes"], "removing counter", "its key may be gone already"),
    (["renew", "--yes"], "removing feed.b", "its key may be gone already"),
    (["restore", "other.copy", "--yes"], "removing last", "the peer that it was or that of the"),
    (["restore", "other.copy", "--yes"], "renaming counter", "uses no number twice"),
    (["restore", "other.copy", "--yes"], "writing updates", "uses no number twice"),
    (["restore", "other.copy", "--yes"], "writing identity", "uses no number twice"),
    (["restore", "other.copy", "--yes"], "writing settings.json", "may have the settings of"),
]


def named(case):
    return f"{' '.join(case[0])}: {case[1]}"


@pytest.fixture
def told(attic, tmp_path, monkeypatch):
    """What is on the attic, and a copy of another board in a folder that commands run in."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MESH_PASSPHRASE", PHRASE)
    with Cable(attic.port) as cable:
        own = board_files.copy(cable)
        cable.restart()
    attic.log.lines.clear()
    seed = b"s" * 32
    numbers = own.files["counter"]
    settings = json.dumps(QUIET | {"name": "other"}).encode()
    files_of = {"identity": seed + hashlib.sha256(seed).digest()[:8], "counter": numbers}
    files_of |= {"settings.json": settings, "updates": b"seen"}
    other = own._replace(files=files_of, peer="o" * 52)
    (tmp_path / "other.copy").write_bytes(backup.seal(other, PHRASE))
    (attic.folder / "updates").write_bytes(b"its own")
    return own, other


def pull(monkeypatch, board, step, how):
    """Pull the cable, or have Ctrl-C pressed, at the step of that name."""
    do = prompt.Prompt.do

    def pulled(self, name, *more):
        if name.startswith(step):
            monkeypatch.setattr(prompt.Prompt, "do", do)
            how()
        return do(self, name, *more)

    monkeypatch.setattr(prompt.Prompt, "do", pulled)


def state(board):
    """The files of a board, but for what its program writes as it runs."""
    names = ("identity", "counter", "updates", "settings.json", "main.py")
    found = {name: board.folder / name for name in names}
    return {name: path.read_bytes() for name, path in found.items() if path.exists()}


def as_wanted(board, words, own, other):
    """The board is as the command would have made it at once."""
    there = state(board)
    if words[0] == "erase":
        assert not list(board.folder.rglob("*.mpy"))
        kept = {"identity", "counter"} & set(there)
        assert kept == (set() if "--identity" in words else {"identity", "counter"})
        assert not {"settings.json", "main.py"} & set(there)
    elif words[0] == "renew":
        board.log.wait("joined")
        assert board.log.events("joined")[-1]["id"] != own.peer
        assert there["settings.json"] == own.files["settings.json"]
    else:
        assert there["identity"] == other.files["identity"]
        assert there["updates"] == other.files["updates"], "older firmware would be taken again"
        assert there["settings.json"] == other.files["settings.json"]
        boots = int.from_bytes(there["counter"][:4], "big")
        assert boots >= int.from_bytes(own.files["counter"][:4], "big") + board_files.BOOTS_AHEAD


@pytest.mark.parametrize("case", CHANGES, ids=named)
def test_a_cable_pulled_amid_a_change_of_who_a_board_is(attic, told, capsys, monkeypatch, case):
    words, step, safe = case
    first, *more = words
    pull(monkeypatch, attic, step, attic.unplug)
    assert cli.run(["board", first, attic.port, *more]) != OK
    said = " ".join(capsys.readouterr().err.split())
    assert "cable pulled" in said
    assert safe in said
    assert "key and the counters are untouched" not in said
    assert "repeat the same command" in said
    attic.replug()
    assert cli.run(["board", first, attic.port, *more]) == OK
    as_wanted(attic, words, *told)


@pytest.mark.parametrize(
    "case",
    [
        (["erase", "--yes"], "removing mesh/core"),
        (["renew", "--yes"], "removing counter"),
        (["restore", "other.copy", "--yes"], "writing settings.json"),
    ],
    ids=named,
)
def test_power_that_goes_with_the_cable(attic, told, capsys, monkeypatch, case):
    words, step = case
    first, *more = words
    pull(monkeypatch, attic, step, attic.kill)
    assert cli.run(["board", first, attic.port, *more]) != OK
    attic.start()
    assert cli.run(["board", first, attic.port, *more]) == OK
    as_wanted(attic, words, *told)


def interrupted():
    raise KeyboardInterrupt


def sent(number):
    """A signal that another program sends, or the system as a terminal is closed."""
    return lambda: os.kill(os.getpid(), number)


AMID = [
    (["settings", "name=cellar"], "writing settings.json", "the old ones or the new ones"),
    (["backup", "there.copy"], "reading counter", "no copy was made"),
    (["erase", "--yes"], "removing mesh/core", "its key and its counters"),
    (["renew", "--yes"], "removing counter", "its key may be gone already"),
    (["restore", "other.copy", "--yes"], "writing identity", "uses no number twice"),
]
ENDS = {
    "Ctrl-C": (interrupted, INTERRUPTED, "stopped by Ctrl-C"),
    "SIGTERM": (sent(signal.SIGTERM), 143, "stopped by SIGTERM"),
    "SIGHUP": (sent(signal.SIGHUP), 129, "its terminal was closed"),
}


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("case", AMID, ids=named)
def test_a_signal_amid_a_command_says_what_is_safe(attic, told, capsys, monkeypatch, case, end):
    words, step, safe = case
    how, code, what = ENDS[end]
    first, *more = words
    pull(monkeypatch, attic, step, how)
    before = signal.getsignal(signal.SIGTERM)
    attic.log.lines.clear()
    assert cli.run(["board", first, attic.port, *more]) == code
    assert signal.getsignal(signal.SIGTERM) == before
    said = " ".join(capsys.readouterr().err.split())
    assert what in said
    assert safe in said
    assert "repeat the same command" in said
    if first in ("settings", "backup"):  # its program is whole
        attic.log.wait("joined")
    assert cli.run(["board", first, attic.port, *more]) == OK
    if first not in ("settings", "backup"):
        as_wanted(attic, words, *told)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_board_starts_anew_though_its_command_is_ended_again_and_again(
    attic, told, capsys, monkeypatch, number
):
    """Who closes a terminal may send more than one signal."""
    start_anew = prompt.Prompt._start_anew

    def ended_again(self):
        os.kill(os.getpid(), number)
        start_anew(self)

    monkeypatch.setattr(prompt.Prompt, "_start_anew", ended_again)
    pull(monkeypatch, attic, "writing settings.json", sent(number))
    attic.log.lines.clear()
    assert cli.run(["board", "settings", attic.port, "name=cellar"]) == 128 + number
    attic.log.wait("joined")


def test_a_port_that_is_in_use_is_no_change(attic, capsys):
    with Cable(attic.port):
        assert cli.run(["board", "erase", attic.port, "--identity", "--yes"]) != OK
    assert "nothing was written" in capsys.readouterr().err
