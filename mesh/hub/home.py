"""A desktop peer's folder: its key, its counters, its settings, and the lock that keeps it to one
process.
"""

import hashlib
import json
import os
from pathlib import Path
from typing import NamedTuple, NoReturn, Self

import platformdirs
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from mesh.core import ids
from mesh.core.counter import Counter
from mesh.core.errors import LocalError, RemoteError
from mesh.core.peer import address_text, read_address
from mesh.core.primitives import Identity
from mesh.core.settings import Profile
from mesh.hub import files, settings_file
from mesh.hub.marks import Mark, Marks, machine

Address = tuple[str, int]

BLOCK = 1 << 16  # counters reserved at a time: one fsync in ten seconds at full speed
SKIP = 1 << 40  # counters that are left out where some may have been used since a copy
LONGEST_SOCKET = 100  # bytes; sun_path holds 104 on macOS and 108 on Linux
NOWHERE = "unknown"  # a computer that has no name of its own
REMEMBERED = 1024  # peers in the cache of addresses


class Past(NamedTuple):
    """What other places than the store say of the own feed. why: it cannot go on where the store
    has its end, or nothing; last: a seq that it had; token: what the store should hold.
    """

    why: str = ""
    last: int = 0
    token: str = ""


class Home:
    """The folder of one peer: `path`, or $MESH_HOME, or the user's data folder.

    Used as a context manager, or by open() and close(). In between, no other process can open it.
    """

    def __init__(self, path: str | Path | None = None, block: int = BLOCK) -> None:
        chosen = path or os.environ.get("MESH_HOME") or platformdirs.user_data_path("othermesh")
        self.path = Path(chosen).expanduser().absolute()
        self._block = block
        self._lock = files.Lock(self.path / "lock")
        self._identity: Identity | None = None
        self._state = {"boots": 0, "counter": 0}
        self._silent = False
        self._machine = ""  # where it was when it was last open
        self._marks: Marks | None = None
        self.past = Past()

    @property
    def key_file(self) -> Path:
        """The private key: PKCS #8 in PEM (RFC 8410), as openssl reads it."""
        return self.path / "identity.pem"

    @property
    def settings_file(self) -> Path:
        """What the holder of this peer wants of it, in TOML."""
        return self.path / "settings.toml"

    @property
    def state_file(self) -> Path:
        """The numbers that were used."""
        return self.path / "state.json"

    @property
    def _addresses_file(self) -> Path:
        return self.path / "addresses.json"

    @property
    def identity(self) -> Identity:
        """The key pair in use. LocalError while the home is not open."""
        if self._identity is None:
            raise LocalError(f"{self.path} is not open")
        return self._identity

    @property
    def boots(self) -> int:
        """How many times this home was opened, this time included."""
        return self._state["boots"]

    @property
    def silent(self) -> bool:
        """Whether this peer cannot have said anything yet: its feed begins with seq 1."""
        return self._silent

    def speaks(self) -> None:
        """Note, before it is so, that this peer says something."""
        if self._silent:
            self._silent = False
            self._save(self._state["counter"], self._state["boots"])

    @property
    def control(self) -> Path:
        """Where commands reach the running peer: in the folder, or in the runtime folder if that
        path is too long.
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
        """Lock the folder, load the key (the first time: make one), count the boot.

        LocalError: in use, damaged, or open to others.
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
        self._identity = Identity(key.public_key().public_bytes_raw(), key.sign, counter.next)
        if self.past.why:
            self.doubt()
        return self

    def look(self) -> None:
        """Raise the LocalError that open() would, but of a home in use; nothing is changed."""
        if self.path.exists():
            files.check_private_folder(self.path)
            if self._load_key() is not None or self.state_file.exists():
                self._load_state()

    def _begin(self, peer: bytes) -> None:
        """Count this start, by what all places know of the last one."""
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
            why = ""  # it never said anything
        token = inside.token if inside else ""
        self.past = Past(why, last, token)
        self._marks.begin(Mark(self.boots, last, token))

    def doubt(self) -> None:
        """Leave out counters that may have been used since a copy was made."""
        self.identity.next_counter(SKIP)

    def reached(self, last: int, token: str | None = None) -> None:
        """Note, beside the store, the last seq that it has; and the token that it holds."""
        if self._marks is not None:
            self._marks.reached(last, token)

    def _release(self) -> None:
        if self._marks is not None:
            self._marks.close()
            self._marks = None
        self._lock.release()

    def close(self) -> None:
        """Let others open it. The identity cannot sign any more."""
        if self._identity is not None:
            self._identity.sign = self._identity.next_counter = _closed
            self._identity = None
        self._release()

    def __enter__(self) -> Self:
        return self.open()

    def __exit__(self, *_: object) -> None:
        self.close()

    def holder(self) -> int | None:
        """The process that has this home open, or None."""
        return self._lock.holder()

    def peer_id(self) -> bytes | None:
        """The id kept here, also while another process has it open; None if there is none yet."""
        key = self._load_key()
        return key.public_key().public_bytes_raw() if key else None

    def profile(self) -> Profile:
        """The settings; defaults where there is no file. LocalError with the file, and the line
        where known.
        """
        return settings_file.load(self.settings_file)

    def addresses(self) -> dict[bytes, list[Address]]:
        """Where peers were last reached. A cache: what cannot be read is left out."""
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
        """Write down where peers were last reached, newest last. LocalError if that cannot be
        written.
        """
        newest = list(addresses.items())[-REMEMBERED:]
        rows = {ids.to_text(peer): [address_text(a) for a in where] for peer, where in newest}
        files.replace(self._addresses_file, json.dumps(rows, indent=1).encode())

    def _load_key(self) -> Ed25519PrivateKey | None:
        path = self.key_file
        data = files.read_private(path)
        if data is None:
            return None
        try:
            key = serialization.load_pem_private_key(data, password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            key = None
        if not isinstance(key, Ed25519PrivateKey):
            raise LocalError(
                f"{path} is damaged, or no unencrypted Ed25519 key",
                "restore it from a copy; or move it away, and a new identity is made",
            )
        return key

    def _make_key(self) -> Ed25519PrivateKey:
        # The counter first: a key without one is refused, as its numbers may have been used.
        if not self.state_file.exists():
            self._silent = True
            self._save(0, 0)
        key = Ed25519PrivateKey.generate()
        pem = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
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
                f"{path} is {what}, so numbers could be used twice",
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


def _closed(*_: object) -> NoReturn:
    raise LocalError("the home of this identity was closed")
