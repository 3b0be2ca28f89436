"""A desktop that flashes virtual boards, and what can be done to it on the way."""

import hashlib
import shutil
from contextlib import contextmanager

import pytest

from mesh.boards.cable.cable import Cable
from mesh.boards.cable.inspection import LOOK
from mesh.boards.flash.flashing import Flash
from mesh.boards.flash.order import Order, Tools
from mesh.boards.mishaps import Mishap
from mesh.boards.virtual.virtual_board import Virtual
from mesh.hub.home.home import Home

SETTINGS = {
    "name": "hut",
    "console": "json",
    "discovery": {"interface": "127.0.0.1", "layers": []},
    "sensors": {"heap": {"every_s": 60}},
}
ALWAYS_NEW = {"counter", "last", "feed.a", "feed.b", "peers"}  # written at each start


class Cut(BaseException):
    """The flasher's process ended here."""


class Desk:
    """Flashes with one home. `pause` is called before each piece of code that is sent, with its
    number, and `pause_at` with the code."""

    def __init__(self, folder, firmware):
        self.home = Home(folder)
        self.firmware = firmware
        self.pause = lambda number: None
        self.pause_at = lambda code: None
        self.sent = 0
        self.events = []

    def flash(self, port, tools=None, **order):
        """Flash the board on a port; gives what was told, by event."""
        self.sent, self.events = 0, []
        given = {"settings": SETTINGS, "firmware": self.firmware, "home": self.home} | order
        one = Flash(Order(port=port, **given), tools or Tools(cable=self.cable))
        one.run(self.events.append)
        assert one.done is not None
        return self.told()

    def told(self):
        return {event["event"]: event for event in self.events}

    def refused(self, port, **order):
        """Flash a board that is to be refused; gives the Mishap."""
        with pytest.raises(Mishap) as caught:
            self.flash(port, **order)
        assert "{" not in caught.value.detail + caught.value.help
        assert self.events[-1]["failure"] == caught.value.name
        return caught.value

    def cable(self, port):
        return Counting(self, port)


class Counting(Cable):
    """A cable that tells the desk before each piece of code that goes to the board."""

    def __init__(self, desk, port):
        super().__init__(port, tries=4)
        self.desk = desk

    def _open(self):
        super()._open()
        self._transport.serial = Quick(self._transport.serial)
        send = self._transport.exec_raw_no_follow

        def counted(code):
            code = code.encode() if isinstance(code, str) else code
            # from the first look at the board on: how often a prompt is tried for, nobody knows
            if self.desk.sent or code == LOOK.encode():
                self.desk.sent += 1
                try:
                    self.desk.pause(self.desk.sent)
                except Cut:
                    self._stopped = False  # who was killed does nothing more for the board
                    raise
                self.desk.pause_at(code)
            return send(code)

        self._transport.exec_raw_no_follow = counted


class Quick:
    """A serial port that is read in large pieces: mpremote asks for single bytes."""

    def __init__(self, port):
        self._port = port
        self._kept = b""

    def __getattr__(self, name):
        return getattr(self._port, name)

    def read(self, size=1):
        if not self._kept:
            self._kept = self._port.read(1)
        if len(self._kept) < size or self._port.in_waiting:
            self._kept += self._port.read(self._port.in_waiting)
        found, self._kept = self._kept[:size], self._kept[size:]
        return found

    @property
    def in_waiting(self):
        return len(self._kept) + self._port.in_waiting

    def inWaiting(self):
        return self.in_waiting


@contextmanager
def board(folder, template=None, **options):
    """A virtual board in a folder, made as another one is."""
    if template is not None and not folder.exists():
        shutil.copytree(template, folder)
    with Virtual(folder, **options) as virtual:
        is_up(virtual)
        yield virtual


def is_up(virtual):
    """Wait for its prompt or its program: what is typed while it starts is lost, as on boards."""
    virtual.log.wait_line(lambda line: "joined" in line or "help()" in line or "Error" in line)


def snapshot(folder, but=()):
    """Hashes of all files in a folder."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name not in but
    }


def key(folder):
    """The secret key of a board."""
    return (folder / "identity").read_bytes()
