"""Writes MicroPython itself if it is missing or to be replaced: to a drive, or by cable."""

import time
from functools import partial
from pathlib import Path

from mesh.boards.background import Tell
from mesh.boards.cable import images, inspection, writers
from mesh.boards.cable.writers import Drive
from mesh.boards.catalogue import hardware
from mesh.boards.catalogue.hardware import BoardData
from mesh.boards.flash.order import Order, Tools
from mesh.boards.mishaps import Mishap, mishap

PORT_S = 30.0  # time for a board to come back on USB with a new MicroPython
LOOK_S = 0.3


def no_micropython(board: BoardData) -> Mishap:
    """The Mishap that names the file to download."""
    words = {"pattern": images.pattern(board), "page": images.page(board)}
    return mishap("no-micropython", board=board.name, **words)


class Image:
    """Writes the image of an order. `over_key`: whether the board had a key before."""

    def __init__(self, order: Order, tools: Tools, tell: Tell) -> None:
        self._order = order
        self._tools = tools
        self._tell = tell
        self._port = order.port
        self.over_key = False

    def put(self) -> str:
        """Write the image, if needed. Gives the board's port afterwards. Mishap."""
        if self._order.drive is not None:
            self._image_to_drive(self._order.drive)
        elif self._order.image is not None:
            self._image_over_cable(self._order.image)
        return self._port

    def _image_to_drive(self, drive: Drive) -> None:
        board = self._board_of_drive(drive)
        file = self._order.image
        if file is None:
            raise no_micropython(board)
        data = images.load(file, board)
        self._copy_uf2(file, data, drive, board)

    def _board_of_drive(self, drive: Drive) -> BoardData:
        known = hardware.boards()
        fits = [board for board in known.values() if board.usb.bootsel == drive.label]
        if self._order.board is not None:
            fits = [board for board in fits if board.id == self._order.board]
        if len(fits) != 1:
            told = f"the drive {drive.label}"
            raise mishap("which-board", told=told, known=", ".join(known))
        self._tell({"event": "found", "where": str(drive.path), "board": fits[0].name})
        return fits[0]

    def _copy_uf2(self, file: Path, data: bytes, drive: Drive, board: BoardData) -> None:
        self._tools.write_uf2(file, data, drive, partial(self._progress, file.name))
        self._port = self._wait_port(board)
        self._tell({"event": "image", "file": file.name, "port": self._port})

    def _image_over_cable(self, file: Path) -> None:
        """Write an image to a board with a serial port: an ESP, or an RP2 that runs a program."""
        seen = None
        try:
            with self._tools.cable(self._port) as cable:
                seen = inspection.look(cable)
                self.over_key = seen.has_identity
        except Mishap as error:
            if error.name not in ("no-prompt", "board-silent") or self._order.board is None:
                raise
        board = (
            inspection.board_of(seen, self._order.board)
            if seen
            else hardware.board(self._order.board or "")
        )
        data = images.load(file, board)
        if board.image.kind == "esp":
            keep = not self._order.new_identity
            progress = partial(self._progress, file.name)
            self._tools.write_esp(self._port, file, data, board, progress, keep_files=keep)
            self._tell({"event": "image", "file": file.name, "port": self._port})
            return
        with self._tools.cable(self._port) as cable:
            cable.restart("bootloader")
        drive = writers.wait_drive(board.usb.bootsel, self._tools.drives)
        self._copy_uf2(file, data, drive, board)

    def _wait_port(self, board: BoardData) -> str:
        ends_at = time.monotonic() + PORT_S
        while not (found := self._tools.ports(board)):
            if time.monotonic() > ends_at:
                raise mishap("no-board")
            time.sleep(LOOK_S)
        return found[0]

    def _progress(self, what: str, done: int, of: int) -> None:
        self._tell({"event": "progress", "what": what, "done": done, "of": of})
