"""A link that somebody planted where a file is to be written leads nowhere."""

import os

import pytest
from stored import feed, identity, take

from mesh.boards.cable.writers import write_uf2
from mesh.boards.firmware import build as firmware
from mesh.boards.virtual import process
from mesh.cli.commands import board_settings, hardware_wiring, simulate
from mesh.core.errors import LocalError
from mesh.hub.failure import Failure
from mesh.hub.home import files
from mesh.hub.store.archive import Archive
from mesh.hub.store.copying import backup
from mesh.hub.store.exporting import export
from mesh.hub.store.plot import Plot, save
from mesh.hub.store.queries import Point, Queries

SECRET = b"what is mine"


@pytest.fixture
def victim(tmp_path):
    file = tmp_path / "mine" / "secret"
    file.parent.mkdir()
    file.write_bytes(SECRET)
    return file


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    path = tmp_path_factory.mktemp("home") / "store.db"
    with Archive(path) as archive:
        take(archive, feed(identity(1), 20))
    return path


def csv(path, kept):
    with Queries(kept) as store:
        export(store, store.sensors(), path)


def plot(path, _):
    save(Plot("title", "Cel", [Point(n * 60_000, 1, 2, 3, 1) for n in range(9)]), path)


def copy(path, kept):
    backup(kept, path)


def wire(path, _):
    hardware_wiring._write(path, "picture")


def settings(path, _):
    board_settings._write(path, {})


def log(path, _):
    with simulate._opened(path) as file:
        file.write("text")


WRITERS = [
    (csv, "all.csv"), (csv, "all.senml.json"), (csv, "all.parquet"), (plot, "all.svg"),
    (plot, "all.png"), (copy, "copy.db"), (wire, "wires.svg"), (settings, "settings.json"),
    (log, "sim.log"), (lambda path, _: files.write(path, b"x"), "any"),
    (lambda path, _: files.replace(path, b"x"), "private"),
    (lambda path, _: files.create(path, b"x"), "new"),
    (lambda path, _: process.configure(path.parent, {}), "settings.json"),
]  # fmt: skip


@pytest.mark.parametrize(("write", "name"), WRITERS)
@pytest.mark.parametrize("there", [True, False], ids=["leads to a file", "leads to nothing"])
def test_a_link_at_the_place_itself(tmp_path, victim, kept, write, name, there):
    if not there:
        victim.unlink()
    target = tmp_path / name
    target.symlink_to(victim)
    try:
        write(target, kept)
    except (LocalError, Failure, OSError):
        assert target.is_symlink(), "refused, and left as it was"
    else:
        assert not target.is_symlink(), "in the place of the link"
        assert target.stat().st_size
    if there:
        assert victim.read_bytes() == SECRET
    else:
        assert not victim.exists()
    assert sorted(os.listdir(tmp_path)) == sorted({name, "mine"}), "nothing is left behind"


@pytest.mark.parametrize(("write", "name"), WRITERS)
def test_a_pipe_is_not_waited_for(tmp_path, kept, write, name):
    """Nobody reads from it: opening it to write, or to read, would never end."""
    target = tmp_path / name
    os.mkfifo(target)
    try:
        write(target, kept)
    except (LocalError, Failure, OSError):
        assert target.is_fifo(), "refused, and left as it was"
    else:
        assert target.is_file(), "in the place of the pipe"


@pytest.mark.parametrize(("write", "name"), WRITERS)
def test_links_at_names_that_can_be_guessed(tmp_path, victim, kept, write, name):
    """What drafts were called until now, and what SQLite has beside a file."""
    guesses = [
        f"{name}.part",
        f".{name}.new",
        f"{name}.tmp",
        f"{name}.part-wal",
        f"{name}-journal",
    ]
    for guess in guesses:
        (tmp_path / guess).symlink_to(victim)
    write(tmp_path / name, kept)
    assert victim.read_bytes() == SECRET
    assert (tmp_path / name).stat().st_size


def test_a_build_follows_no_link(tmp_path, victim):
    """Of what goes onto a board, into a folder that is there already."""
    folder = tmp_path / "board"
    (folder / "mesh" / "core").mkdir(parents=True)
    planted = [folder / "main.py", folder / "settings.json", folder / "start.mpy"]
    planted += [folder / "mesh" / "core" / "cbor.mpy", folder / "mesh" / "core" / "base.mpy"]
    for link in planted:
        link.symlink_to(victim)
    process.build(folder)
    assert victim.read_bytes() == SECRET
    assert not planted[0].is_symlink()
    assert not planted[1].is_symlink()


def test_a_firmware_goes_into_a_folder_of_its_own(tmp_path, victim):
    out = tmp_path / "out"
    out.mkdir()
    (out / "pico_w").symlink_to(victim.parent)
    with pytest.raises(LocalError, match="no firmware"):
        firmware.build("pico_w", out)
    assert list(victim.parent.iterdir()) == [victim]


def test_an_image_is_not_written_through_a_link(tmp_path, victim):
    class Drive:
        path = tmp_path
        label = "RPI-RP2"
        is_there = True

    (tmp_path / "firmware.uf2").symlink_to(victim)
    with pytest.raises(Exception, match="link"):
        write_uf2(tmp_path / "image.uf2", b"\0" * 512, Drive(), lambda *_: None, 0.1)
    assert victim.read_bytes() == SECRET
