"""A quiet `mesh up` says that it lives, and no more often than somebody wants to read it."""

import asyncio
from contextlib import aclosing

from hubs import run
from screens import screen

from mesh.cli.views import event_lines
from mesh.hub.operations import alive, happenings


class Clock:
    """Pretend time in seconds."""

    now_s = 0.0

    def __call__(self):
        return self.now_s


def test_it_is_said_after_a_quiet_minute_and_then_rarely(start):
    async def main():
        async with start("study") as peer:
            clock = Clock()
            signs = alive.Alive(peer, clock)
            said = []
            for second in range(0, 3000, 10):
                clock.now_s = second
                if second == 1500:
                    signs.spoke()
                if signs.due() is not None:
                    said.append(second)
            assert said == [60, 660, 1260, 1560, 2160, 2760]

    run(main)


def test_a_running_peer_says_so_among_its_events(start, monkeypatch):
    async def main():
        async with start("study") as peer:
            with peer.events() as news:
                async with aclosing(happenings.happenings(peer, news)) as rows:
                    row = await anext(rows)
                    assert row["event"] == "alive"
                    assert row["peers"] == 0
                    assert "nobody else is there" in screen(event_lines.up(row), 120)

    monkeypatch.setattr(alive, "QUIET_S", 0.0)
    monkeypatch.setattr(happenings, "EVERY_MS", 10)
    asyncio.run(main())


def test_what_is_said_fits_a_line():
    row = {"event": "alive", "at": 0, "peers": 19, "asleep": 1, "verified": 12345, "up_s": 90_000}
    (line,) = screen(event_lines.up(row)).splitlines()
    assert "19 peers up, 1 asleep; 12345 messages verified in 1 d 1 h" in line
