"""What `mesh flash` does to a board on its cable, step by step.

Each step looks at what is there and does what is missing, so that doing all of them again repairs
whatever was cut off. Files are replaced as a whole; identity and counters are never touched.
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from typing import Any

from mesh.core.errors import RemoteError
from mesh.core.ids import from_text
from mesh.hub import board_look
from mesh.hub.board_files import SELF, SETTINGS, settings_bytes
from mesh.hub.board_look import Seen
from mesh.hub.cable import DRAFT, Cable
from mesh.hub.firmware import ABOUT, Firmware
from mesh.hub.flash_settings import Settings
from mesh.hub.mishaps import Mishap, mishap

Progress = Callable[[str, int, int], None]  # what, bytes done, bytes in all

TRIED = "settings.try"  # the board reads them itself before they are its settings
SLOTS = ("next/", "other/")  # firmware that came over the mesh (mesh/device/start.py)
BOOT = ("boot", "boot.new")  # and which of them runs
OWN = "mesh/"
MAIN = "main.py"
JOIN_S = 60.0

# It prints the public key alone. The key is made at this first call, on the board.
WHO = f"""
from mesh.device import config
p = config.load({SETTINGS!r})[0]
from mesh.core.limits import Limits
from mesh.device import identity
from mesh.core.ids import to_text
print('id', to_text(identity.load(Limits(**p.limits).tail)[0].public))
"""
TRY = f"""
from mesh.device import config
config.load({TRIED!r})
"""


class Files:
    """The files of a board beside those of a firmware: what is right, missing or left over."""

    def __init__(self, cable: Cable, seen: Seen, firmware: Firmware) -> None:
        self._cable = cable
        self._firmware = firmware
        self._block = seen.block
        self._free = seen.free
        self.there = {path.lstrip("/"): size for path, size in cable.files().items()}
        same_size = [path for path, (size, _) in firmware.files.items() if size == self._had(path)]
        about = (firmware.folder / ABOUT).read_bytes()
        hashes = cable.hashes([*same_size, ABOUT])
        self.wrong = {
            path: size
            for path, (size, digest) in firmware.files.items()
            if path not in hashes or hashes[path].hex() != digest
        }
        if self.wrong and MAIN in firmware.files:  # see clear()
            self.wrong[MAIN] = firmware.files[MAIN][0]
        self.about = about
        self.is_right = not self.wrong and hashes.get(ABOUT) == hashlib.sha256(about).digest()

    def _had(self, path: str) -> int | None:
        return self.there.get(path)

    def left_over(self) -> list[str]:
        """Files that are in the way of this firmware: of another one, of updates, half-copied."""
        return [path for path in self.there if self._is_left_over(path)]

    def _is_left_over(self, path: str) -> bool:
        if path.startswith(OWN):
            return path not in self._firmware.files
        whole = path.removesuffix(DRAFT)
        half = whole != path and (whole in self._firmware.files or whole in (SETTINGS, ABOUT))
        return path.startswith(SLOTS) or path in BOOT or half or path == TRIED

    def check_room(self, settings: bytes) -> None:
        """Refuse before anything is written what would not fit."""
        new = self.wrong | {ABOUT: len(self.about), SETTINGS: len(settings)}
        needed = board_look.needed(self.there, new, self._block)
        gone = [self.there[path] for path in self.left_over()]
        free = self._free + board_look.taken(gone, self._block)
        if needed > free:
            raise mishap("no-space", free=free, needed=needed, what="the firmware")

    def clear(self) -> None:
        """Remove what is in the way: what chooses an update before the updates themselves.

        What starts the firmware goes before all: a board with half of one waits at its prompt.
        """
        half = [] if self.is_right else [MAIN, ABOUT] if self.wrong else [ABOUT]
        left = self.left_over()
        for path in (*half, *sorted(left, key=lambda path: path not in BOOT)):
            self._cable.remove(path)

    def copy(self, progress: Progress) -> None:
        """Copy what is not right; the list of all files last."""
        if self.is_right:
            return
        whole, done = sum(self.wrong.values()), 0
        for path in sorted(self.wrong, key=_order):
            data = self._firmware.path(path).read_bytes()
            size = len(data)

            def tell(name: str, there: int, of: int, before: int = done) -> None:
                progress(name, before + there, whole)

            self._cable.put(path, data, tell)
            done += size
        self._cable.put(ABOUT, self.about)


def _order(path: str) -> tuple[bool, str]:
    """What starts the firmware comes last."""
    return path == MAIN, path


def kinds(firmware: Firmware) -> dict[str, list[str]]:
    """The kinds of sensors and actuators in a firmware."""
    found: dict[str, list[str]] = {"sensors": [], "actuators": []}
    for path in firmware.files:
        *folder, group, name = f"/{path}".split("/")
        if folder[-2:] == ["mesh", "device"] and group in found and name[0] != "_":
            found[group].append(name.partition(".")[0])
    return found


def put_settings(cable: Cable, seen: Seen, settings: Settings) -> bool:
    """Give a board settings that it takes itself; whether they are others than before."""
    data = settings_bytes(settings)
    if seen.settings is not None and seen.settings.encode() == data:
        return False
    cable.put(TRIED, data)
    try:
        cable.exec(TRY, "reading its settings")
    except Mishap as error:
        if "LocalError: " not in error.detail:
            raise
        cable.remove(TRIED)
        said = error.detail.partition("LocalError: ")[2].replace(f"{TRIED}: ", "")
        help = "docs/settings.md tells all keys"
        raise mishap("settings-wrong", reason=said, help=help) from error
    cable.rename(TRIED, SETTINGS)
    return True


def forget_identity(cable: Cable) -> None:
    """Make a board another one. The key goes first: without it the rest is nobody's."""
    for path in SELF:
        cable.remove(path)


def own_id(cable: Cable) -> str:
    """The text of a board's id. It makes its key if it has none; that never leaves it."""
    try:
        told = cable.exec(WHO, "telling its id", 60.0).split()
    except Mishap as error:
        if "LocalError: " not in error.detail:
            raise
        said = error.detail.partition("LocalError: ")[2]
        raise mishap("identity-damaged", said=said) from error
    try:
        from_text(told[told.index("id") + 1])
    except (ValueError, IndexError, RemoteError) as error:
        said = " ".join(told)[:80]
        raise mishap("board-error", step="telling its id", said=said) from error
    return told[told.index("id") + 1]


def start(cable: Cable, heard: Callable[[str], None], timeout_s: float = JOIN_S) -> str:
    """Let the board run its program, until it has joined a network; its address there."""
    cable.run_main()
    last: list[str] = []
    for line in cable.lines(timeout_s):
        heard(line)
        event = console_event(line)
        if event.get("event") == "joined":
            return str(event.get("address", ""))
        last = [*last[-4:], line]
        if event.get("event") == "error" or line.startswith("MemoryError"):
            raise mishap("not-started", said=event.get("detail", line))
    told = " ".join(last)
    if "Error" in told:
        raise mishap("not-started", said=told)
    raise mishap("no-wifi", seconds=f"{timeout_s:g}")


def console_event(line: str) -> dict[str, Any]:
    """A line of a board's console, in words or JSON, as its event; {} if it is none."""
    if line.startswith("{"):
        try:
            found = json.loads(line)
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}
    what, colon, rest = line.partition(": ")
    if not colon or not what.isalpha():
        return {}
    fields: Sequence[str] = rest.split(", ")
    pairs = (field.partition(" ") for field in fields)
    return {name: value for name, _, value in pairs} | {"event": what}
