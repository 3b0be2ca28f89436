"""A board with another address than yesterday: a lease ended, and nobody was told.

How long until its first verified reading is printed (pytest -s; docs/performance.md has figures).
"""

import time

import pytest
from members import SENSORS

DEFAULTS = {"limits": {}, "sensors": SENSORS}  # what people have, and no quick times


@pytest.fixture(params=["heard", "unheard"])
def pair(request, world, desktop, board):
    """A desktop that knows a board, and the hosts of both; multicast is heard or not."""
    lan = world.switch()
    given = {}
    if request.param == "unheard":
        world.drop_multicast()
        given = {"peers": [{"address": "10.1.0.1"}]}
    hosts = [world.host(lan, f"10.1.0.{at}/24") for at in (1, 2)]
    desk, hut = desktop("desk", hosts[0], **DEFAULTS), board("hut", hosts[1], **DEFAULTS, **given)
    desk.start()
    hut.start()
    desk.found(hut)
    return desk, hut


def another_lease(hut, old, new):
    """It is off while its lease ends: it says neither goodbye nor where it is."""
    hut.kill()
    hut.host.move(old, new)
    hut.start()


def is_read(desk, how):
    """Whether the command reads it, at once: not the second time, nor the third."""
    began_s = time.monotonic()
    rows = desk.mesh("read", "hut/uptime")
    print(f"\nfirst verified reading {how}: {time.monotonic() - began_s:.1f} s")
    return [row["verified"] for row in rows] == [True]


def known_at(desk):
    return (desk.home / "addresses.json").read_text()


def test_a_command_of_its_own_finds_it_and_keeps_where(pair):
    desk, hut = pair
    desk.stop()
    assert "10.1.0.2:" in known_at(desk)
    another_lease(hut, "10.1.0.2/24", "10.1.0.77/24")
    assert is_read(desk, "by a command alone")
    assert "10.1.0.77:" in known_at(desk)
    assert "10.1.0.2:" not in known_at(desk)


def test_a_running_peer_finds_it(pair):
    desk, hut = pair
    another_lease(hut, "10.1.0.2/24", "10.1.0.77/24")
    assert is_read(desk, "through `mesh up`")
    desk.stop()
    assert "10.1.0.77:" in known_at(desk)


def test_a_peer_that_starts_with_an_old_address_finds_it(pair):
    desk, hut = pair
    desk.stop()
    another_lease(hut, "10.1.0.2/24", "10.1.0.77/24")
    desk.start()
    assert is_read(desk, "of a peer just started")
