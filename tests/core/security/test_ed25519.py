"""A board's Ed25519 and SHA-512 against the standards' vectors and the edge cases."""

from board_keys import ed25519, sha512
from helpers import vectors


def test_sha512():
    for case in vectors("sha512"):
        digest = sha512(bytes.fromhex(case["data"])).hex()
        assert digest == case["digest"], case["what"]


def test_rfc8032_and_own_keys():
    cases = vectors("rfc8032") + [case for case in vectors("keys") if case["what"] == "key"]
    assert len(cases) == 8, len(cases)
    for case in cases:
        secret, public, data, signature = (
            bytes.fromhex(case[name]) for name in ("secret", "public", "data", "signature")
        )
        assert ed25519.public_key(secret) == public, case["what"]
        assert ed25519.sign(secret, public, data) == signature, case["what"]
        assert ed25519.verify(public, signature, data) is True, case["what"]
        assert ed25519.verify(public, signature, data + b"\x00") is False, case["what"]


def test_edges():
    cases = [case for case in vectors("keys") if case["what"] == "edge"]
    assert sum(case["valid"] for case in cases) == 3, cases
    for case in cases:
        parts = [bytes.fromhex(case[name]) for name in ("public", "signature", "data")]
        assert ed25519.verify(parts[0], parts[1], parts[2]) is case["valid"], case["meaning"]


def test_every_byte_counts():
    secret = bytes(range(32))
    public = ed25519.public_key(secret)
    data = b"every byte counts"
    signature = ed25519.sign(secret, public, data)
    for at in range(0, 64, 3):
        wrong = signature[:at] + bytes((signature[at] ^ 1 << at % 8,)) + signature[at + 1 :]
        assert not ed25519.verify(public, wrong, data), at
    for at in range(0, 32, 3):
        wrong = public[:at] + bytes((public[at] ^ 1 << at % 8,)) + public[at + 1 :]
        assert not ed25519.verify(wrong, signature, data), at
    for at in range(0, len(data), 3):
        wrong = data[:at] + bytes((data[at] ^ 1 << at % 8,)) + data[at + 1 :]
        assert not ed25519.verify(public, signature, wrong), at


def test_never_raises():
    for public in (b"", bytes(31), bytes(32), b"\xff" * 32, bytes(33)):
        for signature in (b"", bytes(63), bytes(64), b"\xff" * 64, bytes(65)):
            assert ed25519.verify(public, signature, b"") is False, (public, signature)
