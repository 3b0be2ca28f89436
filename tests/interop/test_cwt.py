"""Another's COSE (the `cwt` package) checks what a board signs, and signs what we check."""

import json
import subprocess
from pathlib import Path

import cwt
import needs
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from mesh.core.errors import RemoteError
from mesh.core.security.seal import open_representation
from mesh.hub.desktop_kit import make_kit

SECRET, OTHER = bytes(range(32)), bytes(range(100, 132))
PRIVATE = Ed25519PrivateKey.from_private_bytes(SECRET)
PUBLIC = PRIVATE.public_key().public_bytes_raw()
TAG = b"\xd2"  # 18: ours travel without, as the Content-Format says it; cwt wants it
ED25519 = -19
# COSE_Key (RFC 9052 s.7): kty OKP, kid, alg, crv Ed25519, x
KEY = {1: 1, 2: PUBLIC, 3: ED25519, -1: 6, -2: PUBLIC}
CTI = (77).to_bytes(8, "big")


@pytest.fixture(scope="module")
def made():
    """What a board signed: {name: (COSE_Sign1, external_aad)}."""
    interpreter = needs.micropython()
    if interpreter is None:
        needs.missing("no micropython: `make test` installs one, or set $MICROPYTHON")
    script = Path(__file__).parent / "signed_by_board.py"
    command = [interpreter, script, needs.ROOT, SECRET.hex(), OTHER.hex()]
    run = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True)
    rows = json.loads(run.stdout)
    return {name: tuple(bytes.fromhex(part) for part in rows[name]) for name in rows}


def decoded(data, aad):
    key = cwt.COSEKey.new(KEY)
    return cwt.COSE.new().decode_with_headers(TAG + data, keys=[key], external_aad=aad)


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("representation", {1: ED25519, 3: 112, 4: PUBLIC, 15: {7: CTI}}),
        ("request", {1: ED25519, 3: 60, 4: PUBLIC, 15: {7: CTI}}),
        ("response", {1: ED25519, 3: 112}),
        ("head", {1: ED25519, 4: PUBLIC}),
    ],
)
def test_it_verifies_ours(made, name, header):
    data, aad = made[name]
    protected, unprotected, payload = decoded(data, aad)
    assert (protected, unprotected) == (header, {})
    assert payload in data
    for wrong in (aad + b"\x00", b"\x80"):
        with pytest.raises(cwt.VerifyError):
            decoded(data, wrong)
    with pytest.raises(cwt.VerifyError):
        decoded(data[:-1] + bytes((data[-1] ^ 1,)), aad)


def test_a_representation_needs_no_external_aad(made):
    assert made["representation"][1] == b""


def test_we_verify_its():
    pem = cwt.COSEKey.new({**KEY, -4: SECRET})
    header = {1: ED25519, 3: 60, 4: PUBLIC, 15: {7: CTI}}
    data = cwt.COSE.new().encode(b"\xf5", pem, protected=header)
    assert data[:1] == TAG
    opened = open_representation(make_kit(), data[1:])
    assert tuple(opened) == (PUBLIC, 77, 60, b"\xf5", b"")
    with pytest.raises(RemoteError):
        open_representation(make_kit(), data)
