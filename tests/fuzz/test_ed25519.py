"""A board's Ed25519 and SHA-512 against OpenSSL's, on whatever comes."""

import hashlib

import needs
import pytest
from board_process import BoardKeys
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from mesh.hub.desktop_kit import make_kit

KIT = make_kit()
P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
# bytes that carry far, and those that are any
whole = st.one_of(
    st.binary(min_size=32, max_size=32),
    st.lists(st.sampled_from([0, 1, 127, 128, 254, 255]), min_size=32, max_size=32).map(bytes),
)
near = st.sampled_from([0, 1, 2, P, L, 2 * L, 8 * L, 2**252, 2**255, 2**256 - 1])
numbers = st.builds(lambda n, off: max(0, n + off) % 2**256, near, st.integers(-40, 40))
encoded = st.one_of(whole, numbers.map(lambda n: n.to_bytes(32, "little")))


@pytest.fixture(scope="module")
def board():
    interpreter = needs.micropython()
    if interpreter is None:
        needs.missing("no micropython: `make test` installs one, or set $MICROPYTHON")
    with BoardKeys(interpreter, str(needs.ROOT)) as one:
        yield one


@given(whole, st.binary(max_size=700))
def test_keys_and_signatures(board, secret, data):
    key = Ed25519PrivateKey.from_private_bytes(secret)
    public = key.public_key().public_bytes_raw()
    assert board.public_key(secret) == public
    signature = key.sign(data)
    assert board.sign(secret, public, data) == signature
    assert board.verify(public, signature, data)


@given(whole, st.integers(0, 767), st.binary(max_size=40))
def test_a_wrong_bit(board, secret, bit, data):
    key = Ed25519PrivateKey.from_private_bytes(secret)
    both = bytearray(key.public_key().public_bytes_raw() + key.sign(data))
    both[bit >> 3] ^= 1 << (bit & 7)
    public, signature = bytes(both[:32]), bytes(both[32:])
    assert not board.verify(public, signature, data)
    assert not KIT.verify(public, signature, data)


@given(encoded, encoded, encoded, st.binary(max_size=40))
def test_any_key_point_and_scalar(board, public, point, scalar, data):
    signature = point + scalar
    assert board.verify(public, signature, data) is KIT.verify(public, signature, data)


@given(st.binary(max_size=1100))
def test_sha512(board, data):
    assert board.sha512(data) == hashlib.sha512(data).digest()
