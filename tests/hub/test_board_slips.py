"""A slip on the cable: what is refused or cut off leaves a board that runs its program."""

import os
import signal
import subprocess

import pytest
from commands import MESH

from mesh.hub import cli, prompt
from mesh.hub.failure import INTERRUPTED, OK

PHRASE = "correct horse battery"
# what can be seen without the board, and what cannot
BEFORE = [
    ["settings", "nam=cellar"],
    ["settings", "sensors.heap.every_s=-5"],
    ["settings", "name.x=1"],
]
ASKED = [
    ["settings", 'follow=["nobody"]'],
    ["settings"],
    ["backup", "there.copy"],
]


@pytest.mark.parametrize("words", BEFORE)
def test_what_can_be_checked_is_checked_before_a_board_is_interrupted(
    attic, capsys, words, monkeypatch
):
    monkeypatch.setattr(prompt.Prompt, "_open", lambda _: pytest.fail("the board was interrupted"))
    first, *more = words
    assert cli.run(["board", first, attic.port, *more]) != OK


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


def test_ctrl_c_in_a_flash_says_what_is_safe(attic, tmp_path):
    attic.log.lines.clear()
    command = [*MESH, "flash", attic.port, "--json", "--yes", "--home", str(tmp_path / "home")]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ
    ) as process:
        for line in process.stdout:
            if "progress" in line or "found" in line:
                process.send_signal(signal.SIGINT)
                break
        _, said = process.communicate(timeout=60)
    assert process.returncode == INTERRUPTED
    assert "safe: " in said
    assert "same command" in said
