"""A slip on the cable: what is refused or cut off leaves a board that runs its program."""

import os
import signal
import subprocess

import pytest
from commands import MESH

from mesh.boards.cable import prompt
from mesh.boards.cable.cable import Cable
from mesh.boards.mishaps import Mishap
from mesh.boards.virtual.virtual_board import Virtual
from mesh.cli import app as cli
from mesh.hub.failure import INTERRUPTED, OK, USAGE

PHRASE = "correct horse battery"
NEVER_JOINS = """
import time
while 'cellar' in open('settings.json').read():
 time.sleep(1)
"""
LOOPS = [
    "while 1:pass",
    "import time\nwhile 1:time.sleep(1)",
    "while 1:print('x'*50)",
    "import sys\nwhile 1:sys.stdin.read(1)",
]
DEAF = "while 1:\n try:\n  while 1:pass\n except KeyboardInterrupt:pass"
# what can be seen without the board, and what cannot
BEFORE = [
    ["settings", "nam=cellar"],
    ["settings", "sensors.heap.every_s=-5"],
    ["settings", "name.x=1"],
    ["settings", "--set", "nofile.json"],
    ["settings", "--get", "nowhere/settings.json"],
    ["backup"],
    ["backup", "nowhere/there.copy"],
    ["restore"],
    ["restore", "nofile.copy"],
]
ASKED = [
    ["settings", 'follow=["nobody"]'],
    ["settings"],
    ["backup", "there.copy"],
]


@pytest.fixture(autouse=True)
def own_home(monkeypatch, tmp_path_factory):
    """A board's next key is kept in the home of who makes a copy of it."""
    monkeypatch.setenv("MESH_HOME", str(tmp_path_factory.mktemp("home")))


@pytest.mark.parametrize("words", BEFORE)
def test_what_can_be_checked_is_checked_before_a_board_is_interrupted(
    attic, capsys, words, monkeypatch
):
    monkeypatch.setattr(prompt.Prompt, "_open", lambda _: pytest.fail("the board was interrupted"))
    monkeypatch.setenv("MESH_PASSPHRASE", PHRASE)
    first, *more = words
    assert cli.run(["board", first, attic.port, *more]) == USAGE


@pytest.mark.parametrize("words", ASKED)
def test_a_command_leaves_a_board_that_runs(attic, capsys, words, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MESH_PASSPHRASE", PHRASE)
    attic.log.lines.clear()
    first, *more = words
    cli.run(["board", first, attic.port, *more])
    attic.log.wait("joined")


@pytest.mark.parametrize(
    ("words", "failure"),
    [
        (["--board", "pico_w", "--yes"], "--board says"),
        (["--settings", "given.json"], "follow"),
    ],
)
def test_a_refused_flash_leaves_a_board_that_runs(
    attic, capsys, words, failure, monkeypatch, tmp_path
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "given.json").write_text('{"follow": ["nobody"]}')
    attic.log.lines.clear()
    assert cli.run(["flash", attic.port, "--home", str(tmp_path / "home"), *words]) != OK
    assert failure in capsys.readouterr().err
    attic.log.wait("joined")


@pytest.mark.parametrize(
    "words", [["--sensor", "room=heat"], ["--sensor", "heap,every_s=-5"], ["--follow", "nobody"]]
)
def test_a_flash_looks_at_its_words_first(attic, capsys, words, monkeypatch, tmp_path):
    monkeypatch.setattr(prompt.Prompt, "_open", lambda _: pytest.fail("the board was interrupted"))
    assert cli.run(["flash", attic.port, "--home", str(tmp_path / "home"), *words]) != OK


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_in_a_flash_says_what_is_safe(attic, tmp_path, number):
    attic.log.lines.clear()
    command = [*MESH, "flash", attic.port, "--json", "--yes", "--home", str(tmp_path / "home")]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ
    ) as process:
        for line in process.stdout:
            if "progress" in line or "found" in line:
                process.send_signal(number)
                break
        _, said = process.communicate(timeout=60)
    assert process.returncode == 128 + number
    assert "safe: " in said
    assert "same command" in said


def test_a_terminal_that_is_closed_amid_a_flash(attic, tmp_path):
    """Nobody is told anything, and the board starts anew all the same."""
    home = str(tmp_path / "home")
    shown, terminal = os.openpty()
    command = [*MESH, "flash", attic.port, "--yes", "--home", home]
    with subprocess.Popen(
        command, stdin=terminal, stdout=terminal, stderr=terminal, start_new_session=True
    ) as process:
        os.close(terminal)
        told = b""
        while b"compiling" not in told:
            told += os.read(shown, 1024)
        attic.log.lines.clear()
        os.close(shown)
        process.send_signal(signal.SIGHUP)
        process.wait(60)
    assert process.returncode == 128 + signal.SIGHUP
    with Cable(attic.port) as cable:  # nothing else has the port
        assert cable.files()


def test_ctrl_c_while_a_flashed_board_is_to_join_ends_at_once(attic, tmp_path):
    (attic.folder / "boot.py").write_text(NEVER_JOINS)
    home = str(tmp_path / "home")
    command = [*MESH, "flash", attic.port, "--json", "--yes", "--name", "cellar", "--home", home]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ
    ) as process:
        for line in process.stdout:
            if '"joining"' in line:
                process.send_signal(signal.SIGINT)
                break
        rest, said = process.communicate(timeout=600)
    assert process.returncode == INTERRUPTED
    assert "cellar is flashed" in said
    assert "mesh peers" in said
    assert "no-wifi" not in rest, "it was waited for to the end"


def left_in(port, code):
    """A step that never ends, and whose command was killed: nobody ended it."""
    with prompt.Prompt(port) as cut:
        cut._transport.exec_raw_no_follow(code)
        cut._stopped = False


@pytest.mark.parametrize("code", LOOPS)
def test_a_step_that_was_cut_off_in_an_endless_loop_is_ended_by_the_next_command(
    attic, capsys, code
):
    left_in(attic.port, code)
    attic.log.lines.clear()
    assert cli.run(["board", "settings", attic.port]) == OK
    attic.log.wait("joined")


def test_a_loop_that_hears_no_ctrl_c_is_told_with_what_to_do(tmp_path):
    with Virtual(tmp_path / "deaf") as board:
        board.log.wait_line(lambda line: "help()" in line)
        left_in(board.port, DEAF)
        with pytest.raises(Mishap) as caught, Cable(board.port, tries=2):
            pass
    assert caught.value.name == "no-prompt"
    assert "unplug the board and plug it in again" in caught.value.help


@pytest.mark.parametrize("words", [["settings", "name=cellar"], ["backup", "there.copy"]])
@pytest.mark.parametrize("step", [1, 3, 5])
def test_a_cable_pulled_amid_a_command(attic, capsys, words, step, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MESH_PASSPHRASE", PHRASE)
    before = (attic.folder / "settings.json").read_bytes()
    steps = []
    do = prompt.Prompt.do

    def pulled(self, *args):
        steps.append(args[0])
        if len(steps) == step:
            attic.unplug()
        return do(self, *args)

    first, *more = words
    monkeypatch.setattr(prompt.Prompt, "do", pulled)
    assert cli.run(["board", first, attic.port, *more]) != OK
    monkeypatch.setattr(prompt.Prompt, "do", do)
    said = capsys.readouterr().err
    assert "cable pulled" in said
    assert "safe: " in said
    assert "repeat the same command" in said
    assert (attic.folder / "settings.json").read_bytes() == before, "half of a change"
    assert not (tmp_path / "there.copy").exists(), "half of a copy"

    attic.replug()
    attic.log.lines.clear()
    assert cli.run(["board", first, attic.port, *more]) == OK
    attic.log.wait("joined")
