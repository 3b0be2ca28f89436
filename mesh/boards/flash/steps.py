"""Steps of `mesh flash` on a board by cable.

Each step checks what is there and does what is missing, so that repeating all of them repairs what
was interrupted. Files are replaced as a whole; identity and counters are never touched.
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from typing import Any

from mesh.boards.cable import inspection
from mesh.boards.cable.board_files import SELF, SETTINGS, settings_bytes
from mesh.boards.cable.cable import DRAFT, Cable
from mesh.boards.cable.inspection import Seen
from mesh.boards.firmware.build import ABOUT, Firmware
from mesh.boards.flash.new_settings import Settings
from mesh.boards.mishaps import Mishap, mishap
from mesh.core.errors import RemoteError
from mesh.core.peer_id import from_text

Progress = Callable[[str, int, int], None]  # (what, bytes done, bytes in all)

TRIED = "settings.try"  # checked by the board itself before they become its settings
SLOTS = ("next/", "other/")  # updates from over the mesh (mesh/device/start.py)
BOOT = ("boot", "boot.new", "base", "base.new")  # which of them runs, and which is the base
OWN = "mesh/"
CODE = "code/"  # what runs from flash; the board writes it (mesh/device/in_place)
MAIN = "main.py"
JOIN_S = 60.0

LOADING_S = 120  # at its first start a Pico writes the code where it runs from
LOAD = """
import sys
if sys.platform == 'rp2':
    from mesh.device.code_in_flash import load
    load()
"""
# prints the public key only. The key is created at the first call, on the board.
WHO = f"""{LOAD}
from mesh.device import config
p = config.load({SETTINGS!r})[0]
from mesh.core.limits import Limits
from mesh.device import identity
from mesh.core.peer_id import to_text
print('id', to_text(identity.load(Limits(**p.limits).tail)[0].public))
"""
TRY = f"""{LOAD}
from mesh.device import config
config.load({TRIED!r})
"""


class Files:
    """The files of a board compared with those of a firmware: right, missing or left over."""

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
        """Files in the way of this firmware: of another one, of updates, incomplete ones."""
        return [path for path in self.there if self._is_left_over(path)]

    def _is_left_over(self, path: str) -> bool:
        if path.startswith(CODE):
            return bool(self.wrong)
        if path.startswith(OWN):
            return path not in self._firmware.files
        whole = path.removesuffix(DRAFT)
        half = whole != path and (whole in self._firmware.files or whole in (SETTINGS, ABOUT))
        return path.startswith(SLOTS) or path in BOOT or half or path == TRIED

    def check_room(self, settings: bytes) -> None:
        """Refuse, before anything is written, what would not fit."""
        new = self.wrong | {ABOUT: len(self.about), SETTINGS: len(settings)}
        needed = inspection.needed(self.there, new, self._block)
        gone = [self.there[path] for path in self.left_over()]
        free = self._free + inspection.taken(gone, self._block)
        if needed > free:
            raise mishap("no-space", free=free, needed=needed, what="the firmware")

    def clear(self) -> None:
        """Remove what is in the way: the choice of an update before the updates.

        What starts the firmware is removed first: then a board with half a firmware stays at its
        prompt.
        """
        half = [] if self.is_right else [MAIN, ABOUT] if self.wrong else [ABOUT]
        left = self.left_over()
        for path in (*half, *sorted(left, key=lambda path: path not in BOOT)):
            self._cable.remove(path)

    def copy(self, progress: Progress) -> None:
        """Copy missing and wrong files; the list of all files last."""
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
    """Sort key: what starts the firmware comes last."""
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
    """Write settings that the board itself accepts. Whether they changed."""
    data = settings_bytes(settings)
    if seen.settings is not None and seen.settings.encode() == data:
        return False
    cable.put(TRIED, data)
    try:
        cable.exec(TRY, "reading its settings", LOADING_S)
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
    """Make a board another peer. The key is removed first, which voids the rest."""
    for path in SELF:
        cable.remove(path)


def own_id(cable: Cable) -> str:
    """The id of a board as text. It creates its key if it has none; that never leaves it."""
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


def start(
    cable: Cable,
    heard: Callable[[str], None],
    quiet: Callable[[float], None] = lambda _: None,
    timeout_s: float = JOIN_S,
) -> str:
    """Let the board run its program until it has joined a network. Gives its address. heard(line)
    and quiet(s), see Prompt.lines, may stop it by raising.
    """
    cable.run_main()
    last: list[str] = []
    for line in cable.lines(timeout_s, quiet):
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
    """The event on a console line, in words or JSON; {} if it is none."""
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
