"""The order for `mesh flash`: what to do, for which board, with which tools."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from mesh.boards.cable import writers
from mesh.boards.cable.board_keys import Place as BoardPlace
from mesh.boards.cable.cable import Cable
from mesh.boards.cable.writers import Drive
from mesh.boards.catalogue.hardware import BoardData
from mesh.boards.flash import find
from mesh.boards.flash.new_settings import Settings
from mesh.hub.home.home import Home


class Order(NamedTuple):
    """What to do, for which board. `port` or `drive` is where it is."""

    home: Home
    port: str = ""
    drive: Drive | None = None
    board: str | None = None
    settings: Settings = {}  # given ones, by key
    follow: tuple[str, ...] = ()
    firmware: Path | None = None  # result of `mesh firmware build`; by default it is built now
    image: Path | None = None
    new_identity: bool = False
    without_network: bool = False
    without_code: bool = False  # no code for an access point is made
    without_next: bool = False  # no next key is made
    replaces: BoardPlace | None = None  # of a board that is lost, which this one takes


class Tools(NamedTuple):
    """The functions that do the work; tests replace them."""

    cable: Callable[[str], Cable] = Cable
    drives: Callable[[], list[Drive]] = writers.drives
    ports: Callable[[BoardData], list[str]] = find.ports_of
    write_uf2: Callable[..., None] = writers.write_uf2
    write_esp: Callable[..., None] = writers.write_esp
