"""The home folder of a desktop peer: key, counters and settings. A lock keeps it to one
process.
"""

import hashlib
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Self

import platformdirs

from mesh.core import peer_id as ids
from mesh.core.address import address_text, read_address
from mesh.core.errors import LocalError, RemoteError
from mesh.core.security.counter import Counter
from mesh.hub.home import files
from mesh.hub.home.marks import Mark, Marks, machine
from mesh.hub.home.signing import Signing

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from mesh.core.kit import Identity
    from mesh.core.policy.settings import Profile

Address = tuple[str, int]

BLOCK = 1 << 16  # counters reserved at a time: an fsync every ten seconds at full speed
SKIP = 1 << 40  # counters to skip if some may have been used since a copy
LONGEST_SOCKET = 100  # bytes; sun_path holds 104 on macOS and 108 on Linux
NOWHERE = "unknown"  # of a computer without a machine id
REMEMBERED = 1024  # most peers in the cache of addresses


class Past(NamedTuple):
    """What the marks in a home say of the own feed, for the store. `why`: the reason why the feed
    cannot go on where the store ends, or ""; `last`: a seq that the store had; `token`: the token
    that the store should have.
    """

    why: str = ""
    last: int = 0
    token: str = ""


class Home:
    """The folder of one peer: `path`, or $MESH_HOME, or the user's data folder.

    Used as a context manager, or by open() and close(). While it is open, no other process can
    open it.
    """

    def __init__(self, path: str | Path | None = None, block: int = BLOCK) -> None:
        chosen = path or os.environ.get("MESH_HOME") or platformdirs.user_data_path("othermesh")
        self.path = Path(chosen).expanduser().absolute()
        self._block = block
        self._lock = files.Lock(self.path / "lock")
        self._signing: Signing | None = None
        self._state = {"boots": 0, "counter": 0}
        self._silent = False
        self._machine = ""  # the machine on which it was last open
        self._marks: Marks | None = None
        self.past = Past()

    @property
    def key_file(self) -> Path:
        """The file of the private key: PKCS #8 in PEM (RFC 8410), as openssl reads it."""
        return self.path / "identity.pem"

    @property
    def settings_file(self) -> Path:
        """The file of the settings, in TOML."""
        return self.path / "settings.toml"

    @property
    def state_file(self) -> Path:
        """The file of used counters."""
        return self.path / "state.json"

    @property
    def _addresses_file(self) -> Path:
        return self.path / "addresses.json"

    @property
    def identity(self) -> "Identity":
        """The key pair. LocalError while the home is not open."""
        if self._signing is None:
            raise LocalError(f"{self.path} is not open")
        return self._signing.identity

    @property
    def boots(self) -> int:
        """How many times this home was opened, including this time."""
        return self._state["boots"]

    @property
    def silent(self) -> bool:
        """Whether this peer never signed anything, so that its feed begins with seq 1."""
        return self._silent

    def speaks(self) -> None:
        """Record, beforehand, that this peer signs something."""
        if self._silent:
            self._silent = False
            self._save(self._state["counter"], self._state["boots"])

    @property
    def control(self) -> Path:
        """The path of the control socket: in this folder, or in the runtime folder if that is too
        long.
        """
        path = self.path / "control.sock"
        if len(os.fsencode(path)) <= LONGEST_SOCKET:
            return path
        name = hashlib.sha256(os.fsencode(self.path)).hexdigest()[:16]
        path = platformdirs.user_runtime_path("othermesh") / f"{name}.sock"
        if len(os.fsencode(path)) > LONGEST_SOCKET:
            raise LocalError(
                f"{path} is too long for a socket", "choose a folder with a shorter path"
            )
        return path

    def open(self) -> Self:
        """Lock the folder, load the key (or make one, the first time) and count the start.

        LocalError if it is in use, damaged, or open to other users.
        """
        files.make_private_folder(self.path)
        self._lock.acquire()
        try:
            key = self._load_key() or self._make_key()
            self._load_state()
            self._begin(key.public_key().public_bytes_raw())
        except LocalError:
            self._release()
            raise
        counter = Counter(self._state["counter"], self._block, self._reserve)
        self._signing = Signing(key, counter)
        if self.past.why:
            self.doubt()
        return self

    def look(self) -> None:
        """Raise the LocalError that open() would, except that it is in use. Nothing is changed."""
        if self.path.exists():
            files.check_private_folder(self.path)
            if self._load_key() is not None or self.state_file.exists():
                self._load_state()

    def _begin(self, peer: bytes) -> None:
        """Count this start, by what all marks say of the last one."""
        self._marks = Marks(self.path, peer)
        inside, outside = self._marks.open()
        known = [mark for mark in (inside, outside) if mark is not None]
        boots = max([self._state["boots"], *(mark.boots for mark in known)])
        here = machine(peer)
        why = ""
        if self._machine and inside is None:
            why = "what was noted of it in its home is gone"
        elif self._machine and here and self._machine not in (here, NOWHERE):
            why = "its home came from another computer"
        elif boots > self._state["boots"]:
            why = "its home, or a part of it, was put back to an older state"
        self._machine = here or NOWHERE
        self._save(self._state["counter"], boots + 1)
        last = max([0, *(mark.last for mark in known)])
        if self._silent and not last:
            why = ""  # it never signed anything
        token = inside.token if inside else ""
        self.past = Past(why, last, token)
        self._marks.begin(Mark(self.boots, last, token))

    def doubt(self) -> None:
        """Skip counters that may have been used since a copy was made."""
        self.identity.next_counter(SKIP)

    def reached(self, last: int, token: str | None = None) -> None:
        """Record, besides in the store, the last seq stored and the token of the store."""
        if self._marks is not None:
            self._marks.reached(last, token)

    def _release(self) -> None:
        if self._marks is not None:
            self._marks.close()
            self._marks = None
        self._lock.release()

    def close(self) -> None:
        """Release the lock. The identity cannot sign any more."""
        if self._signing is not None:
            self._signing.close()
            self._signing = None
        self._release()

    def __enter__(self) -> Self:
        return self.open()

    def __exit__(self, *_: object) -> None:
        self.close()

    def holder(self) -> int | None:
        """The process that has this home open, or None."""
        return self._lock.holder()

    def peer_id(self) -> bytes | None:
        """The id of this peer, also while another process has the home open; None before there is
        one.
        """
        key = self._load_key()
        return key.public_key().public_bytes_raw() if key else None

    def profile(self) -> "Profile":
        """The settings, or defaults without a file. LocalError with the file, and the line if
        known.
        """
        from mesh.hub.home import settings_file  # noqa: PLC0415 - a running peer has read its own

        return settings_file.load(self.settings_file)

    def addresses(self) -> dict[bytes, list[Address]]:
        """Where peers were last reached. A cache: what cannot be read is ignored."""
        try:
            rows = json.loads(self._addresses_file.read_bytes())
        except (OSError, ValueError, RecursionError):
            return {}
        found: dict[bytes, list[Address]] = {}
        for text, addresses in list(rows.items())[-REMEMBERED:] if isinstance(rows, dict) else ():
            try:
                found[ids.from_text(text)] = [read_address(address) for address in addresses]
            except (RemoteError, TypeError):
                continue
        return found

    def remember(self, addresses: dict[bytes, list[Address]]) -> None:
        """Save where peers were last reached, newest last. LocalError if it cannot be written."""
        newest = list(addresses.items())[-REMEMBERED:]
        rows = {ids.to_text(peer): [address_text(a) for a in where] for peer, where in newest}
        files.replace(self._addresses_file, json.dumps(rows, indent=1).encode())

    def _load_key(self) -> "Ed25519PrivateKey | None":
        from mesh.hub.home import key_file  # noqa: PLC0415 - cryptography: a running peer has its own

        path = self.key_file
        data = files.read_private(path)
        if data is None:
            return None
        key = key_file.read(data)
        if key is None:
            raise LocalError(
                f"{path} is damaged, or no unencrypted Ed25519 key",
                "restore it from a copy; or move it away, and a new identity is made",
            )
        return key

    def _make_key(self) -> "Ed25519PrivateKey":
        from mesh.hub.home import key_file  # noqa: PLC0415

        # the counter first: a key without one is refused, as its counters may have been used
        if not self.state_file.exists():
            self._silent = True
            self._save(0, 0)
        key, pem = key_file.make()
        files.create(self.key_file, pem)
        return key

    def _load_state(self) -> None:
        path = self.state_file
        data = files.read_private(path)
        try:
            state = json.loads(data or b"")
            numbers = [state["boots"], state["counter"]]
        except (ValueError, TypeError, KeyError, RecursionError):
            numbers = []
        if not numbers or not all(
            type(number) is int and 0 <= number < 1 << 60 for number in numbers
        ):
            what = "missing" if data is None else "damaged"
            raise LocalError(
                f"{path} is {what}, so counters could be used twice",
                "restore it, or write numbers that were never reached: s=$(date +%s); "
                f"""echo '{{"boots": '$((s/3600))', "counter": '$s'000}}' > {path}; """
                f"chmod 600 {path}",
            )
        self._state = {"boots": numbers[0], "counter": numbers[1]}
        self._silent = state.get("silent") is True
        self._machine = str(state.get("machine", ""))

    def _save(self, counter: int, boots: int) -> None:
        state = {"boots": boots, "counter": counter}
        told = state | ({"silent": True} if self._silent else {}) | {"machine": self._machine}
        files.replace(self.state_file, json.dumps(told).encode() + b"\n")
        self._state = state

    def _reserve(self, limit: int) -> None:
        self._save(limit, self._state["boots"])
