"""Backup of a board's identity and settings in one file, encrypted with a passphrase.

The file: MAGIC, log2 of Scrypt's n, salt 16, check 16, nonce 12, then AES-256-GCM over JSON, with
all before it as associated data. Scrypt (RFC 7914) with r 8, p 1 gives 48 bytes: the key, and the
check, which distinguishes a wrong passphrase from a damaged file.
"""

import base64
import hmac
import json
import os
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from mesh.core.errors import LocalError

MAGIC = b"othermesh backup 1\n"
COST = 17  # log2 of Scrypt's n, as in OWASP's Password Storage Cheat Sheet: 128 MiB
MOST_COST = 20  # most in a file that is read: 1 GiB
SALT, CHECK, NONCE, KEY = 16, 16, 12, 32
HEAD = len(MAGIC) + 1 + SALT + CHECK + NONCE
MOST = 1 << 20  # most bytes of a file
SHORTEST = 8  # least characters of a passphrase


class Copy(NamedTuple):
    """The content of a backup. `unique`: machine.unique_id() in hex; `peer`: the id as text, or
    "".
    """

    files: dict[str, bytes]
    unique: str
    machine: str
    peer: str
    made: str  # when, ISO 8601


def check(passphrase: str) -> None:
    """LocalError if a passphrase is too short."""
    if len(passphrase) < SHORTEST:
        raise LocalError(
            f"the passphrase has fewer than {SHORTEST} characters",
            "who finds the copy can try millions a day: take four words or more",
        )


def seal(copy: Copy, passphrase: str, cost: int = COST) -> bytes:
    """Encrypt a backup. LocalError as in check()."""
    check(passphrase)
    salt, nonce = os.urandom(SALT), os.urandom(NONCE)
    key, proof = _keys(passphrase, salt, cost)
    head = MAGIC + bytes([cost]) + salt + proof + nonce
    told = copy._asdict()
    told["files"] = {name: base64.b64encode(data).decode() for name, data in copy.files.items()}
    return head + AESGCM(key).encrypt(nonce, json.dumps(told).encode(), head)


def unseal(data: bytes, passphrase: str, name: str) -> Copy:
    """Decrypt the file called `name`. LocalError: no backup, wrong passphrase, or damaged."""
    if not data.startswith(MAGIC):
        raise LocalError(f"{name} is no copy of a board", "`mesh board backup FILE` makes one")
    damaged = LocalError(
        f"{name} is damaged: it was cut off or changed since it was made",
        "nothing was written to the board; look for another copy",
    )
    if not HEAD < len(data) <= MOST or data[len(MAGIC)] > MOST_COST:
        raise damaged
    rest = data[len(MAGIC) + 1 : HEAD]
    salt, proof, nonce = rest[:SALT], rest[SALT : SALT + CHECK], rest[SALT + CHECK :]
    key, wanted = _keys(passphrase, salt, data[len(MAGIC)])
    if not hmac.compare_digest(proof, wanted):
        raise LocalError(
            f"this passphrase does not open {name}",
            "nothing was written to the board; without the passphrase nobody can open it",
        )
    try:
        told = json.loads(AESGCM(key).decrypt(nonce, data[HEAD:], data[:HEAD]))
        told["files"] = {n: base64.b64decode(text) for n, text in told["files"].items()}
        return Copy(**told)
    except (InvalidTag, ValueError, TypeError, KeyError, AttributeError):
        raise damaged from None


def _keys(passphrase: str, salt: bytes, cost: int) -> tuple[bytes, bytes]:
    made = Scrypt(salt=salt, length=KEY + CHECK, n=1 << cost, r=8, p=1).derive(passphrase.encode())
    return made[:KEY], made[KEY:]
