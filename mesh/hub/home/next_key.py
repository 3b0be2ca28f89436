"""The next key of a peer, made long before it is needed: a file of its own, which is never sent.

It lies in the home as `next.pem`, or wherever its holder keeps it: who steals the whole home has
both keys.
"""

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from mesh.core.errors import LocalError
from mesh.hub.failure import SETUP, Failure
from mesh.hub.home import files
from mesh.hub.home.home import Home

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

NAME = "next.pem"
LATER = "next-but-one.pem"  # while a succession is under way


def place(home: Home, file: Path | None = None) -> Path:
    """Where a home's next key is."""
    return home.path / NAME if file is None else file.expanduser().absolute()


def commitment(public: bytes) -> bytes:
    """What a peer commits to: the SHA-256 of its next public key."""
    return hashlib.sha256(public).digest()


def public_of(path: Path) -> bytes | None:
    """The public key of a file; None if there is none. LocalError if it is damaged, or if others
    can read it.
    """
    key = load(path)
    return None if key is None else key.public_key().public_bytes_raw()


def load(path: Path) -> "Ed25519PrivateKey | None":
    """The key in a file, as public_of()."""
    from mesh.hub.home import key_file  # noqa: PLC0415 - cryptography takes its time

    data = files.read_private(path)
    if data is None:
        return None
    key = key_file.read(data)
    if key is None:
        help = "restore it from a copy; nothing was changed"
        raise LocalError(f"{path} is damaged, or no unencrypted Ed25519 key", help)
    return key


def make(path: Path) -> bytes:
    """Make a next key, in a new file that only its owner can read. Gives its public key."""
    from mesh.hub.home import key_file  # noqa: PLC0415

    key, pem = key_file.make()
    files.create(path, pem)
    return key.public_key().public_bytes_raw()


def needed(path: Path) -> bytes:
    """The public key of a file that has to be there. Failure."""
    public = public_of(path)
    if public is None:
        help = "`mesh key next` makes one; or name its file: --file FILE"
        raise Failure(f"there is no next key at {path}", help, SETUP)
    return public


def take_over(home: Home, path: Path, kept: Path) -> None:
    """Make the key in a file that of a home, in one step; the former one stays as `kept`. The
    caller has the home's lock. LocalError, OSError.
    """
    if not kept.exists():
        files.create(kept, home.key_file.read_bytes())
    if path.parent == home.path:
        os.replace(path, home.key_file)
    else:  # a copy elsewhere stays there: it may be on another disk
        data = files.read_private(path)
        if data is not None:
            files.replace(home.key_file, data)
    later = home.path / LATER
    if later.exists():
        os.replace(later, home.path / NAME)
