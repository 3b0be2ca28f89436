"""tools/setup.py says what it is at while it installs, and why if that fails."""

import importlib.util
import sys
from pathlib import Path

FILE = Path(__file__).parent.parent.parent / "tools" / "setup.py"  # the root has one, too
spec = importlib.util.spec_from_file_location("tools_setup", FILE)
tool = importlib.util.module_from_spec(spec)
spec.loader.exec_module(tool)


def test_what_an_installer_says_is_shown_only_if_it_fails(capfd):
    said = "import sys; print('Collecting things'); sys.exit({})"
    assert tool.installing(sys.executable, "-c", said.format(0)) == 0
    assert capfd.readouterr() == ("", "")
    assert tool.installing(sys.executable, "-c", said.format(3)) == 3
    assert "Collecting things" in capfd.readouterr().err


def test_at_a_terminal_one_line_changes(capsys, monkeypatch):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    code = "print('Collecting one'); print('Installing ' + 'x' * 200)"
    assert tool.installing(sys.executable, "-c", code) == 0
    shown = capsys.readouterr().out
    assert "\n" not in shown
    steps = shown.split("\r\033[K")
    assert "Collecting one" in steps[1]
    assert all(len(step) < 80 for step in steps)
    assert steps[-1] == ""
