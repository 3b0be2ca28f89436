"""COSE_Sign1 by hand: the same bytes as by the general encoder, and nothing else understood."""

import signers
from board_keys import ed25519
from helpers import raises
from signers import ALICE, BOB

from mesh.core.codec.cbor import encode
from mesh.core.errors import RemoteError
from mesh.core.kit import Kit
from mesh.core.security.cose import (
    ARRAY,
    BYTES,
    TEXT,
    UINT,
    check1,
    head,
    header,
    protect,
    sign1,
    split,
)

KID = bytes(range(32))


def no_decode(data):
    raise AssertionError("the general decoder is not for what we write ourselves")


def test_heads():
    for n in (0, 1, 23, 24, 255, 256, 65_535, 65_536, 2**32 - 1, 2**32, 2**64 - 1):
        assert head(UINT, n) == encode(n), n
    for n in (0, 23, 24, 255, 256, 65_535, 65_536):
        assert head(BYTES, n) + bytes(n) == encode(bytes(n)), n
        assert head(TEXT, n) + b"x" * n == encode("x" * n), n
    for n in (0, 23, 24, 300):
        assert head(ARRAY, n) + bytes(n) == encode([0] * n), n


def test_headers_there_and_back():
    kit = Kit(None, None, None, no_decode, None)
    for content_format in (None, 0, 23, 24, 60, 112, 255, 256, 257, 65_535):
        for kid in (None, KID):
            for counter in (None, 0, 1, 2**40, 2**64 - 1):
                protected = protect(content_format, kid, counter)
                assert protected == signers.protected_of(content_format, kid, counter), protected
                if (kid is None) == (counter is None):
                    expected = (content_format, kid, counter)
                    assert header(kit, protected) == expected, protected


def test_headers_by_the_general_decoder():
    kit = signers.make_kit()
    for kid, counter in ((None, 5), (KID, None)):
        for content_format in (None, 60, 257):
            protected = protect(content_format, kid, counter)
            assert header(kit, protected) == (content_format, kid, counter), protected
    more = encode({1: -19, 3: 60, 4: KID, 5: bytes(60), 15: {6: 1, 7: bytes(8)}, "x": None})
    assert header(kit, more) == (60, KID, 0), more
    assert header(kit, encode({1: -19, 5: bytes(60)})) == (None, None, None)


def test_what_is_not_understood_is_named():
    kit = signers.make_hash_kit()
    for fields, named in (
        ({1: -8}, "alg not understood: -8"),
        ({3: 60}, "alg not understood: None"),
        ({1: "x" * 400}, "alg not understood: " + "x" * 24),
        ({1: -19, 2: [99]}, "crit not understood: [99]"),
        ({1: -19, 2: None}, "crit not understood: None"),
        (
            {1: -19, 2: [1000 + n for n in range(99)]},
            "crit not understood: [1000, 1001, 1002, 1003,",
        ),
    ):
        assert raises(RemoteError, header, kit, encode(fields)).detail == "COSE " + named, fields


def test_every_bit_of_a_header():
    """A changed header is refused or says something else: no two headers say the same."""
    kit = signers.make_kit()
    for protected in (protect(60, KID, 7), protect(257, None, None), protect(None, KID, None)):
        right = header(kit, protected)
        for bit in range(8 * len(protected)):
            at = bit >> 3
            other = bytes((protected[at] ^ 1 << (bit & 7),))
            try:
                result = header(kit, protected[:at] + other + protected[at + 1 :])
            except RemoteError:
                continue
            assert result != right, bit


def test_sign_split_check():
    kit = signers.make_kit()
    alice, bob = signers.identity(ALICE), signers.identity(BOB)
    aad = b"bound"
    for size in (0, 1, 23, 24, 255, 256, 70_000):
        payload = b"p" * size
        protected = protect(60, None, None)
        data = sign1(signers.hash_identity(1), protected, aad, payload)
        assert data == encode([protected, {}, payload, data[-64:]]), size
        assert split(data) == (protected, payload, data[-64:]), size
    data = sign1(alice, protect(60, None, None), aad, b"payload")
    parts = split(data)
    check1(kit, alice.public, parts, aad)
    for public, bound in ((bob.public, aad), (alice.public, b""), (alice.public, aad + b"\x00")):
        assert raises(RemoteError, check1, kit, public, parts, bound).code == 0x81, bound


def test_cut_anywhere():
    data = signers.cose_of(ALICE, protect(60, KID, 7), b"", b"payload " * 40)
    for size in range(len(data)):
        raises(RemoteError, split, data[:size])
    for more in (b"\x00", b"\xf6", data):
        raises(RemoteError, split, data + more)


def test_long_signed_data_of_every_size():
    """Sig_structure has lengths of its own: the signature holds for each."""
    kit = signers.make_hash_kit()
    alice = signers.hash_identity(1)
    for size in (0, 23, 24, 255, 256, 65_536):
        parts = split(sign1(alice, protect(None, None, None), b"a" * size, b"p"))
        check1(kit, alice.public, parts, b"a" * size)
        signed = encode(["Signature1", parts[0], b"a" * size, b"p"])
        assert alice.sign(signed) == parts[2], size


def test_the_device_signs_what_cose_says():
    protected, aad, payload = protect(60, KID, 7), b"aad", b"payload"
    data = sign1(signers.identity(ALICE), protected, aad, payload)
    signed = encode(["Signature1", protected, aad, payload])
    assert ed25519.verify(ed25519.public_key(ALICE), data[-64:], signed)
