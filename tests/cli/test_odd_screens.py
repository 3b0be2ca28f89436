"""Commands whose streams are closed or full: no traceback, and nothing of ours goes elsewhere."""

import os
import subprocess
import sys

import pytest
from commands import MESH, make_home

PROMPT_S = 60
CLOSED = (">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-")


@pytest.fixture
def home(tmp_path):
    return make_home(tmp_path / "study")


@pytest.mark.parametrize("streams", CLOSED)
def test_a_closed_stream_ends_nothing(home, streams):
    for words in ("id", "store", "board list --json"):
        where = f" --home '{home.path}'" if words != "board list --json" else ""
        line = f"{' '.join(map(str, MESH))} {words}{where} {streams}"
        done = subprocess.run(
            ["/bin/sh", "-c", line], capture_output=True, text=True, timeout=PROMPT_S, check=False
        )
        assert "Traceback" not in done.stdout + done.stderr, (words, streams, done.stderr)
        assert done.returncode in (0, 5), (words, streams, done.stderr)


def test_a_closed_stream_s_number_is_not_that_of_a_file_opened_later():
    program = (
        "import os\n"
        "from mesh.cli.views import output\n"
        "output.prepare()\n"
        "raise SystemExit(0 if os.open('/dev/zero', os.O_RDONLY) > 2 else 9)\n"
    )
    line = 'exec "$0" -c "$1" <&- >&- 2>&-'
    done = subprocess.run(
        ["/bin/sh", "-c", line, sys.executable, program], timeout=PROMPT_S, check=False
    )
    assert done.returncode == 0


def test_no_warning_of_a_library_reaches_the_screen(tmp_path):
    long = tmp_path / ("x" * 120)  # so the socket lies in the runtime folder, which is not named
    unset = ("XDG_RUNTIME_DIR", "PYTHONWARNINGS")
    done = subprocess.run(
        [*MESH, "peers", "--timeout", "0.1", "-i", "127.0.0.1", "--home", long],
        env={key: value for key, value in os.environ.items() if key not in unset},
        capture_output=True,
        text=True,
        timeout=PROMPT_S,
        check=False,
    )
    assert "Warning" not in done.stderr, done.stderr
