"""Worlds with faults, and the peers in them."""

import shutil

import pytest
from hosts import World, run, tool
from members import Board, Desktop, Ears

from mesh.boards.virtual.process import build


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
def ears(made):
    """Listen on a link: ears(host, address, end)."""

    def listen(host, address, end="eth0"):
        made.append(Ears(host, f"ears at {address}"))
        return made[-1].start(address, end)

    return listen


@pytest.fixture
def board(compiled, micropython, tmp_path, made):
    """Make a board: board(name, host, **settings); it is off."""

    def make(name, host, **settings):
        folder = tmp_path / name
        if not (folder / "main.py").exists():
            shutil.copytree(compiled, folder, dirs_exist_ok=True)
        made.append(Board(host, folder, **settings))
        return made[-1]

    return make


@pytest.fixture
def small_disk(tmp_path):
    """Make a folder a disk of its own: small_disk(name, size)."""
    mounted = []

    def make(name, size="4m"):
        folder = tmp_path / name
        folder.mkdir()
        run(tool("mount", "mount"), "-t", "tmpfs", "-o", f"size={size},mode=0700", "disk", folder)
        mounted.append(folder)
        return folder

    yield make
    for folder in mounted:
        run(tool("umount", "mount"), "--lazy", folder)
