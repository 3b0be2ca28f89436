"""package.json, by mip itself: mpremote's over a cable, and the board's own by a web server."""

import functools
import http.server
import subprocess
import sys
import threading

import pytest
from trees import tree

from mesh.boards.virtual.virtual_board import Virtual

LIMIT_S = 60


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture
def address(built):
    """Where the folder is on a web server."""
    handler = functools.partial(Quiet, directory=built.folder)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/package.json"
        finally:
            server.shutdown()
            thread.join()


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def is_there(folder, built):
    """Whether a board has each file, and nothing is wrong with it."""
    there = tree(folder)
    assert there.items() >= tree(built.folder / "files").items(), sorted(there)


def test_mpremote_installs_it_from_the_folder(built, tmp_path, micropython):
    with Virtual(tmp_path / "board") as one:
        mip = ("mip", "install", "--target", "/", built.folder / "package.json")
        run(sys.executable, "-m", "mpremote", "connect", one.port, *mip)
    is_there(tmp_path / "board", built)


def test_a_board_installs_it_by_url(built, address, tmp_path, micropython):
    folder = tmp_path / "board"
    folder.mkdir()
    run(micropython, "-c", f"import mip; mip.install({address!r}, target={str(folder)!r})")
    is_there(folder, built)
