"""Offers of settings: what a peer signs is what is read, and nothing else is."""

import signers
from helpers import raises, vectors
from signers import ALICE

from mesh.core.errors import RemoteError
from mesh.core.resources import bundle, proposal


def test_the_vectors():
    kit = signers.make_kit()
    for case in vectors("settings"):
        data = bytes.fromhex(case["COSE_Sign1"])
        if "error" in case:
            error = raises(RemoteError, proposal.check, kit, data)
            assert case["error"] in error.detail, (case["meaning"], error.detail)
            continue
        peer, base, text = bytes.fromhex(case["peer"]), bytes.fromhex(case["base"]), case["text"]
        signed = (peer, case["made"], base, text.encode())
        assert proposal.make(kit, signers.identity(ALICE), *signed) == data, case["meaning"]
        digest = signers.sha256(text.encode())
        found = (bytes.fromhex(case["signer"]), peer, case["made"], base, len(text), digest)
        assert proposal.check(kit, data) == found
        assert proposal.is_one(kit, data)


def test_every_bit():
    kit = signers.make_hash_kit()
    identity = signers.hash_identity(1)
    offer = proposal.make(kit, identity, bytes(32), 1, bytes(32), b"{}")
    for bit in range(8 * len(offer)):
        other = bytearray(offer)
        other[bit >> 3] ^= 1 << (bit & 7)
        raises(RemoteError, proposal.check, kit, bytes(other))


def test_each_kind_is_told_from_the_other():
    kit = signers.make_hash_kit()
    identity = signers.hash_identity(1)
    firmware = bundle.make(kit, identity, "unix", "1", 1, b"")
    settings = proposal.make(kit, identity, bytes(32), 1, bytes(32), b"{}")
    assert not proposal.is_one(kit, firmware)
    raises(RemoteError, proposal.check, kit, firmware)
    raises(RemoteError, bundle.check, kit, settings)
    for wrong in (b"", b"\xd2", 7, None, "text"):
        raises(RemoteError, proposal.is_one, kit, wrong)
