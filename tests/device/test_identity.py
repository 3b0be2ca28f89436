"""A board's key is born on it, survives, is never shown or replaced; its counters never repeat."""

import hashlib
import re

import pytest

from mesh.core.peer_id import to_text
from mesh.hub.desktop_kit import make_identity


def secret_of(one):
    return (one.folder / "identity").read_bytes()[:32]


def test_it_is_born_at_the_first_start_and_survives(board):
    one = board()
    ids, boots = [], []
    for _ in range(3):
        with one:
            joined = one.wait("joined")
            ids.append(joined["id"])
            boots.append(joined["boots"])
            one.stop()
        one = board()
    assert len(set(ids)) == 1
    assert boots == [1, 2, 3]
    assert ids[0] == to_text(make_identity(secret_of(one), lambda: 0).public)


def test_two_boards_are_two_peers(board):
    with board("a") as a, board("b") as b:
        assert a.wait("joined")["id"] != b.wait("joined")["id"]


def test_the_secret_is_never_shown(board):
    with board() as one:
        one.wait("joined")
        one.stop()
    secret = secret_of(one)
    assert secret.hex() not in one.console
    assert to_text(secret) not in one.console
    assert repr(secret) not in one.console


@pytest.mark.parametrize("name", ["identity", "counter"])
@pytest.mark.parametrize("damage", ["flip", "cut", "empty"])
def test_a_damaged_file_is_told_and_never_replaced(board, name, damage):
    with board() as one:
        one.wait("joined")
        one.stop()
    path = one.folder / name
    whole = path.read_bytes()
    broken = {"flip": bytes([whole[0] ^ 1]) + whole[1:], "cut": whole[:-3], "empty": b""}[damage]
    path.write_bytes(broken)
    with board() as again:
        assert again.wait_end() == 1
    assert re.search(f"{name} is damaged", again.console)
    assert "Traceback" not in again.console
    assert path.read_bytes() == broken


def test_a_missing_counter_is_told(board):
    with board() as one:
        one.wait("joined")
        one.stop()
    (one.folder / "counter").unlink()
    with board() as again:
        assert again.wait_end() == 1
    assert "counter is missing" in again.console


def test_half_a_write_changes_nothing(board):
    with board() as one:
        first = one.wait("joined")["id"]
        one.stop()
    (one.folder / "identity.new").write_bytes(b"half of someth")
    (one.folder / "counter.new").write_bytes(b"")
    with board() as again:
        assert again.wait("joined")["id"] == first


def test_no_counter_is_used_twice_when_the_power_is_cut(board, desk):
    settings = {"peers": [{"id": desk.id, "address": f"127.0.0.1:{desk.address[1]}"}]}
    senders = set()
    for boot in range(1, 5):
        with board(**settings) as one:
            senders.add(one.wait("joined")["id"])
            heard = len(desk.counters)
            desk.until(
                lambda least=heard + 2: len(desk.counters) >= least, f"requests of boot {boot}"
            )
            one.kill()
    assert len(senders) == 1
    repeated = {key: len(data) for key, data in desk.counters.items() if len(data) > 1}
    assert not repeated, f"different messages under one counter: {repeated}"
    used = sorted(counter for _, counter in desk.counters)
    assert len(used) >= 8


def test_a_counter_file_holds_what_its_checksum_says(board):
    with board() as one:
        one.wait("joined")
        one.stop()
    data = (one.folder / "counter").read_bytes()
    assert hashlib.sha256(data[:-8]).digest()[:8] == data[-8:]
    assert int.from_bytes(data[:4], "big") == 1
