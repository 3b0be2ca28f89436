"""The whole procedure of `mesh flash`: from any state of a board to a member of the mesh.

Problems are found before anything is written, as far as possible. Running it again only does what
is missing.
"""

import tempfile
from collections.abc import AsyncGenerator
from contextlib import ExitStack, aclosing
from pathlib import Path
from typing import Any, NamedTuple

from mesh.boards import background
from mesh.boards.background import Tell
from mesh.boards.cable import board_files, board_keys, inspection
from mesh.boards.cable.cable import Cable
from mesh.boards.catalogue import hardware
from mesh.boards.catalogue.hardware import BoardData
from mesh.boards.catalogue.plan import complete
from mesh.boards.firmware import build as firmware
from mesh.boards.flash import first_readings, new_settings, setup_code, steps
from mesh.boards.flash.find import Place
from mesh.boards.flash.first_readings import Board
from mesh.boards.flash.image import Image, no_micropython
from mesh.boards.flash.new_settings import Holder, Settings
from mesh.boards.flash.order import Order, Tools
from mesh.boards.mishaps import Mishap, mishap
from mesh.core import peer_id as ids
from mesh.core.address import read_address
from mesh.core.errors import LocalError, MeshError
from mesh.hub.home import petnames
from mesh.hub.operations import session

MEET_S = 120.0  # time for a board that has joined to answer


class Known(NamedTuple):
    """Facts that decide which questions are asked."""

    has_settings: bool
    has_wifi: bool = True
    what: str = ""  # the board's name, if it reported one


def peek(place: Place, board: str | None, image: Path | None) -> Known:
    """What a board has already. Mishap, except if it cannot tell before it gets an image."""
    if place.drive is not None:
        return Known(False)
    try:
        with Cable(place.port, reset=False) as cable:
            seen = inspection.look(cable)
    except Mishap as error:
        if error.name != "no-prompt" or not (board and image):
            raise
        return Known(False)
    data = inspection.board_of(seen, board)
    return Known(seen.settings is not None, data.port != "unix", data.name)


async def flash(
    order: Order, interfaces: list[str] | None = None, tools: Tools | None = None
) -> AsyncGenerator[dict[str, Any], None]:
    """Flash a board. Yields the steps done, at last its first readings. Mishap."""
    one = Flash(order, tools or Tools())
    async with aclosing(background.in_thread(one.run)) as news:
        async for item in news:
            yield item
    assert one.done is not None  # noqa: S101 - else run() has raised
    if one.done.address:
        choices = session.Choices(order.home.path, interfaces)
        async for waited in _met(choices, one.done):
            yield waited
        async with aclosing(first_readings.readings(choices, one.done)) as found:
            async for seen in found:
                yield seen
    yield {"event": "done", "id": one.done.id, "name": one.done.name}


async def _met(choices: session.Choices, done: Board) -> AsyncGenerator[dict[str, Any], None]:
    """Wait until the board answers this desktop's peer, or one that runs already."""
    args = {"peer": done.id, "address": done.address}
    try:
        async with aclosing(session.ask(choices, "meet", args, MEET_S)) as items:
            async for item in items:
                yield {"event": "waiting", "name": done.name, "address": done.address} | item
    except MeshError as error:
        raise mishap("not-reached", address=done.address, reason=error.detail) from error


class Flash:
    """The flashing of one board. `done` when run() has succeeded."""

    def __init__(self, order: Order, tools: Tools) -> None:
        self.done: Board | None = None
        self._order = order
        self._tools = tools
        self._tell: Tell = lambda _: None
        self._port = ""
        self._code = ""  # a new one for its access point

    def run(self, tell: Tell) -> None:
        """Do everything; tell(step) reports progress. Mishap."""
        self._tell = tell
        try:
            image = Image(self._order, self._tools, tell)
            self._port = image.put()
            with ExitStack() as stack:
                self._over_cable(stack, image.over_key)
        except Mishap as error:
            tell({"event": "failed", "failure": error.name, "detail": error.detail})
            raise

    # the firmware

    def _over_cable(self, stack: ExitStack, had_key: bool) -> None:
        order = self._order
        try:
            cable = stack.enter_context(self._tools.cable(self._port))
        except Mishap as error:
            if error.name != "no-prompt" or order.board is None or order.image is not None:
                raise
            raise no_micropython(hardware.board(order.board)) from error
        seen = inspection.look(cable)
        board = inspection.board_of(seen, order.board)
        inspection.check_version(seen, board)
        if had_key and not (seen.has_identity or order.new_identity):
            raise mishap("identity-gone")
        version = ".".join(map(str, seen.version))
        self._tell(
            {"event": "found", "where": self._port, "board": board.name, "micropython": version}
        )
        made = self._firmware(board, stack)
        holder = self._holder()
        done = self._check_place(cable, seen)
        settings = self._settings(seen, board, made, holder)
        files = steps.Files(cable, seen, made)
        files.check_room(board_files.settings_bytes(settings))
        # nothing was written up to here
        if order.new_identity:
            steps.forget_identity(cable)
        files.clear()
        files.copy(self._progress)
        told = {"event": "firmware", "version": made.version, "files": len(made.files)}
        self._tell(told | {"copied": len(files.wrong)})
        if self._code:  # told before it is written, as it is never shown again
            self._tell({"event": "code", "code": self._code})
        changed = steps.put_settings(cable, seen, settings)
        self._tell({"event": "settings", "changed": changed})
        if order.replaces is not None and not done:
            board_keys.take(cable, order.home, order.replaces)
        former = new_settings.read(seen.settings or "{}", "").get("name", "")
        self._introduce(cable, settings, not seen.has_identity or order.new_identity, former)

    def _check_place(self, cable: Cable, seen: inspection.Seen) -> bool:
        """Whether the board has the key already by which it takes another one's place. Mishap if
        it is a peer of its own.
        """
        where = self._order.replaces
        if where is None or not seen.has_identity or self._order.new_identity:
            return False
        if board_files.about(cable)["peer"] != where.new:
            raise mishap("is-a-peer", name=where.name)
        return True

    def _firmware(self, board: BoardData, stack: ExitStack) -> firmware.Firmware:
        folder = self._order.firmware
        try:
            if folder is None:
                out = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="mesh-")))
                return firmware.build(board.id, out, self._compiling)
            made = firmware.Firmware.load(folder)
        except LocalError as error:
            words = {"folder": folder or "the build", "board": board.id}
            raise mishap("firmware-damaged", reason=error.detail, **words) from error
        if made.board != board.id:
            raise mishap("firmware-other-board", folder=folder, found=made.board, board=board.id)
        return made

    def _holder(self) -> Holder:
        home = self._order.home
        own = home.peer_id()
        if own is None:
            with home:  # creates the desktop's key, the first time
                own = home.identity.public
        return Holder(ids.to_text(own), home.profile().name or "desktop")

    def _settings(
        self, seen: inspection.Seen, board: BoardData, made: firmware.Firmware, holder: Holder
    ) -> Settings:
        """The settings for the board, checked, so that nothing is written which cannot work."""
        given = self._order.settings
        if self._order.replaces is not None:
            given = {"name": self._order.replaces.name} | given
        if self._order.follow:
            followed = new_settings.followed(self._order.follow, self._order.home)
            given = new_settings.merged(given, followed)
        own = new_settings.read(seen.settings or "{}", "settings.json on the board")
        settings = new_settings.merged(own, given)
        settings = new_settings.introduced(settings, holder, given)
        settings["board"] = board.id
        if board.port == "unix":
            settings.setdefault("port", 0)  # several may run on one computer
        if not self._order.without_code:
            self._code = setup_code.give(settings, board)
        for warning in new_settings.check(settings, board, steps.kinds(made)):
            self._tell({"event": "warning", "detail": warning})
        if new_settings.needs_network(settings, board) and not self._order.without_network:
            raise mishap("wifi-missing", board=board.name)
        return complete(board.id, settings)  # I2C pins differ between boards

    def _introduce(self, cable: Cable, settings: Settings, is_new: bool, former: str) -> None:
        """Learn the board's id, record it, and start the board."""
        who = steps.own_id(cable)
        name = settings.get("name") or f"board-{who[: ids.SHORT]}"
        self._keys(cable, who)
        petname = petnames.add(self._order.home, name, who, former=former)
        self._tell({"event": "identity", "id": who, "new": is_new, "name": petname})
        if new_settings.needs_network(settings, hardware.board(settings["board"])):
            cable.restart()
            self.done = Board(who, petname, "")
            return

        failed: dict[str, str] = {}

        def heard(line: str) -> None:
            self._tell({"event": "console", "line": line})
            event = steps.console_event(line)
            if event.get("event") == "failing" and "actuator" in event:
                failed[event["actuator"]] = str(event.get("reason", "it gives no reason"))

        address = steps.start(cable, heard, self._joining)
        self._tell({"event": "joined", "address": address})
        self._remember(who, address)
        self.done = Board(who, petname, address, failed)

    def _keys(self, cable: Cable, who: str) -> None:
        """Have the board commit to its next key; and give it the names of one that it replaces."""
        home, where = self._order.home, self._order.replaces
        if where is not None and who == where.new:
            petnames.pass_on(home, where.board, who)
            board_keys.done(where)
            told = {"event": "replaces", "id": who, "former": where.board, "end": where.seq}
            self._tell(told | {"name": where.name})
        if not self._order.without_next:
            self._tell(board_keys.commit(cable, home, who))

    def _remember(self, who: str, address: str) -> None:
        """Save its address, for networks without multicast."""
        home = self._order.home
        if home.holder() is None:
            home.remember(home.addresses() | {ids.from_text(who): [read_address(address)]})

    def _joining(self, left_s: float) -> None:
        """Report silence, which also allows a stop."""
        of = int(steps.JOIN_S)
        told = {"verb": "joining", "what": "waiting for a network"}
        self._tell({"event": "progress", "done": of - min(of, int(left_s)), "of": of} | told)

    def _compiling(self, done: int, of: int) -> None:
        told = {"verb": "compiling", "what": "the files that go on a board"}
        self._tell({"event": "progress", "done": done, "of": of} | told)

    def _progress(self, what: str, done: int, of: int) -> None:
        self._tell({"event": "progress", "what": what, "done": done, "of": of})
