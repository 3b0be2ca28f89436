"""What `mesh flash` is to do, to which board, and by which tools."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from mesh.hub import flash_find, writers
from mesh.hub.cable import Cable
from mesh.hub.flash_settings import Settings
from mesh.hub.hardware import BoardData
from mesh.hub.home import Home
from mesh.hub.writers import Drive


class Order(NamedTuple):
    """What is to be done to which board. `port` or `drive` says where it is."""

    home: Home
    port: str = ""
    drive: Drive | None = None
    board: str | None = None
    settings: Settings = {}  # given ones, by key
    follow: tuple[str, ...] = ()
    firmware: Path | None = None  # what `mesh firmware build` made; else it is built now
    image: Path | None = None
    new_identity: bool = False
    without_network: bool = False


class Tools(NamedTuple):
    """What does the work; tests have others."""

    cable: Callable[[str], Cable] = Cable
    drives: Callable[[], list[Drive]] = writers.drives
    ports: Callable[[BoardData], list[str]] = flash_find.ports_of
    write_uf2: Callable[..., None] = writers.write_uf2
    write_esp: Callable[..., None] = writers.write_esp
