"""Worlds with faults, and the peers in them."""

import shutil

import pytest
from hosts import World
from members import Board, Desktop

from mesh.hub.boards import build


@pytest.fixture
def world():
    """Hosts and networks, gone with the test."""
    with World() as one:
        yield one


@pytest.fixture(scope="session")
def compiled(tmp_path_factory):
    """A board's files, to copy."""
    return build(tmp_path_factory.mktemp("board") / "compiled")


@pytest.fixture
def made():
    """The peers of a test: none of them outlives it."""
    peers = []
    yield peers
    for peer in peers:
        peer.kill()


@pytest.fixture
def desktop(tmp_path, made):
    """Make a desktop: desktop(name, host, wrap=, **settings); it is off."""

    def make(name, host, **settings):
        made.append(Desktop(host, tmp_path / name, **settings))
        return made[-1]

    return make


@pytest.fixture
def board(compiled, micropython, tmp_path, made):
    """Make a board: board(name, host, **settings); it is off."""

    def make(name, host, **settings):
        folder = tmp_path / name
        if not folder.exists():
            shutil.copytree(compiled, folder)
        made.append(Board(host, folder, **settings))
        return made[-1]

    return make
