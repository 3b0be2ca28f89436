"""Slips of the pen in options and their values: what is said, in words of this project."""

import pytest

from mesh.cli import app as cli
from mesh.hub.failure import USAGE

SAID = [
    ("peers --jsn", "no such option: --jsn", "did you mean --json?"),
    ("flash --wfi house", "no such option: --wfi", "did you mean --wifi?"),
    ("read x --evry 3", "no such option: --evry", "`mesh read --help`"),
    ("--home x peers", "no such option: --home", "options come after the command"),
    ("--versoin", "no such option: --versoin", "did you mean --version?"),
    ("watch x --count x", "'x' is not a whole number (1 or more)", "`mesh watch --help`"),
    ("watch x --count 0", "0 is out of range (1 or more)", "`mesh watch --help`"),
    ("log x --last 1.5", "'1.5' is not a whole number (0 or more)", "`mesh log --help`"),
    ("up --port 65536", "65536 is out of range (0 to 65535)", "`mesh up --help`"),
    ("read x -t soon", "'soon' is not a number (0.1 to 3600)", "`mesh read --help`"),
    ("read x -t nan", "nan is out of range (0.1 to 3600)", "`mesh read --help`"),
    ("board monitor -s 0", "0 is out of range (0.1 or more)", "`mesh board monitor --help`"),
    ("get x --accept any", "'any' is not a whole number (0 to 65535)", "`mesh get --help`"),
]


@pytest.mark.parametrize(("words", "what", "help"), SAID, ids=[words for words, _, _ in SAID])
def test_a_slip_is_told_in_plain_words(capsys, words, what, help):
    assert cli.run(words.split()) == USAGE
    said = " ".join(capsys.readouterr().err.split())
    assert what in said
    assert help in said
    for theirs in ("Input should", "parse string", "Possible options"):
        assert theirs not in said
