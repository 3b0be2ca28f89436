"""Offers of firmware: what a peer signs is what is read, and nothing else is."""

import signers
from helpers import raises, vectors
from signers import ALICE

from mesh.core.errors import LocalError, RemoteError
from mesh.core.resources import bundle
from mesh.core.resources.bundle import File

FILES = [File("mesh/b.mpy", 7, bytes(32)), File("mesh/__init__.mpy", 0, bytes(range(32)))]


def cases(what):
    found = [case for case in vectors("updates") if case["what"] == what]
    assert len(found) > 5, what
    return found


def test_the_vectors_of_offers():
    kit = signers.make_kit()
    for case in cases("offer"):
        data = bytes.fromhex(case["COSE_Sign1"])
        if "error" in case:
            error = raises(RemoteError, bundle.check, kit, data)
            assert case["error"] in error.detail, (case["meaning"], error.detail)
            continue
        listing = case["list"].encode()
        made = bundle.make(
            kit, signers.identity(ALICE), case["board"], case["version"], case["made"], listing
        )
        assert made == data, case["meaning"]
        found = bundle.check(kit, data)
        assert found == (
            bytes.fromhex(case["signer"]),
            case["board"],
            case["version"],
            case["made"],
            len(listing),
            signers.sha256(listing),
        )
        files = list(bundle.read_list([line + b"\n" for line in listing.split(b"\n")[:-1]]))
        assert [file.size for file in files] == [5, 0, 70]
        assert bundle.write_list(files) == listing


def test_the_vectors_of_lists():
    for case in cases("list"):
        text = case["list"].encode()
        given = [line + b"\n" for line in text.split(b"\n")[:-1]] or [text]
        error = raises(RemoteError, lambda given=given: list(bundle.read_list(given)))
        assert case["error"] in error.detail, (case["meaning"], error.detail)


def test_every_bit_of_an_offer():
    kit = signers.make_hash_kit()
    offer = bundle.make(kit, signers.hash_identity(1), "unix", "1", 1, b"")
    for bit in range(8 * len(offer)):
        other = bytearray(offer)
        other[bit >> 3] ^= 1 << (bit & 7)
        raises(RemoteError, bundle.check, kit, bytes(other))


def test_a_list_is_written_in_order():
    listing = bundle.write_list(FILES)
    assert listing.index(b"__init__") < listing.index(b"mesh/b.mpy")
    assert bundle.write_list(list(reversed(FILES))) == listing


def test_too_much_is_refused_on_both_sides():
    for files in (
        [File(f"mesh/a{n}.mpy", 1, bytes(32)) for n in range(bundle.MOST_FILES + 1)],
        [File(f"mesh/a{n}.mpy", bundle.LARGEST, bytes(32)) for n in range(9)],
        [File("mesh/a.mpy", bundle.LARGEST + 1, bytes(32))],
        [File("boot.py", 1, bytes(32))],
    ):
        raises(LocalError, bundle.write_list, files)
        raw = [f"{file.digest.hex()} {file.size} {file.path}\n".encode() for file in files]
        raises(RemoteError, lambda raw=raw: list(bundle.read_list(sorted(raw))))
