"""Room that stays free on the disk."""

import pytest
from crowds import Clock, budget, refusal, who
from hubs import run as run_limited
from tcp_peers import held, runs_of, serving, someone

from mesh.core.errors import RemoteError
from mesh.core.full.content import content
from mesh.hub.store.floor import LOOK_S, PART, Floor


class Disk:
    def __init__(self, free):
        self.free = free

    def __call__(self, _):
        return 10**12, 0, self.free


def test_below_the_floor_strangers_go_first_then_all_others(tmp_path):
    clock, told = Clock(), []
    disk = Disk(10**11)
    floor = Floor(tmp_path, 500, told.append, disk, clock)
    some = budget({who(1)}, floor, clock)
    some.meet(who(2), "192.0.2.1")

    def let_in():
        found = []
        for n in (1, 2, 3):
            why = refusal(some, who(n))
            if why is None:
                found.append(n)
            else:
                assert why.code == 0xA3
                assert "of the disk are free" in why.detail
        return found

    assert let_in() == [1, 2, 3]
    for free, allowed in ((400, [1, 2]), (200, []), (5000, [1, 2, 3])):
        disk.free = free * 1_000_000
        clock.now += LOOK_S
        assert let_in() == allowed, free
    assert ["strangers" in why for why in told] == [True, False, False]
    assert "others" in told[1]
    assert told[2] == ""


def test_a_small_disk_has_a_lower_floor(tmp_path):
    clock = Clock()
    floor = Floor(tmp_path, 500, usage=lambda _: (PART * 10**6, 0, 2 * 10**6), now_s=clock)
    assert floor.look() == ""
    assert floor.bytes == 10**6


def test_the_own_feed_is_kept_when_nothing_else_is(tmp_path):
    async def main():
        async with serving(tmp_path / "a") as (peer, _):
            floor = peer.record._floor
            floor._usage = Disk(1000)
            floor._looked_s = 0.0
            peer.record.look()
            now = peer.now()
            about = content(peer.node.peer, now, "peer")
            assert "are free" in about["refusing"]
            peer.node.add_sensor("t", "Cel")
            peer.node.reading(now, "t", 21)
            peer.node.peer.feeds.keep(now + 5000)
            assert not peer.node.peer.feeds.own.trouble
            author = someone()
            feeds = peer.node.peer.feeds
            feeds.wants = lambda _: 1
            with pytest.raises(RemoteError, match="of the disk are free"):
                feeds.take(now, [runs_of(author, 5)[0]], author.public)
            assert held(feeds.archive)[0] == 1
            floor._usage = Disk(10**12)
            floor._looked_s = 0.0
            peer.record.look()
            assert "refusing" not in content(peer.node.peer, now, "peer")
            assert feeds.take(now, [runs_of(author, 5)[0]], author.public) == {author.public: 5}

    run_limited(main)
