"""Troubles that a scenario brings over its peers, and their end."""

from collections.abc import Sequence

from mesh.hub.simulate.host import Copied, Ground, Host
from mesh.hub.simulate.scenario import Trouble

AWAKE_MS = 3000  # of a sleeper, before it sleeps again
MOVED_MS = 40_000  # until two that moved at once have missed, and found, each other
OTHER_NET = 1 << 15  # peers that moved get a number so much higher


class Troubles:
    """Plans what befalls whom. A peer whose power is gone comes back at the end of that."""

    def __init__(self, ground: Ground, hosts: Sequence[Host]) -> None:
        self._ground = ground
        self._hosts = hosts

    def plan(self, trouble: Trouble) -> None:
        """Have it happen in its time."""
        at = self._ground.timeline.at
        hosts = [host for host in self._hosts if host.number in trouble.who]
        begin = getattr(self, "_" + trouble.kind)
        at(trouble.at_ms, self._note, trouble, hosts)
        at(trouble.at_ms, begin, hosts, trouble)

    def _note(self, trouble: Trouble, hosts: list[Host]) -> None:
        """The network's troubles are those of all."""
        log, checks = self._ground.log, self._ground.checks
        log.add(f"{trouble.at_ms} {trouble.kind} of {trouble.who} until {trouble.until_ms}")
        until_ms = trouble.until_ms + (MOVED_MS if trouble.kind == "move" else 0)
        checks.troubled(self._hosts if trouble.kind == "cut" else hosts, until_ms)

    def _later(self, when: int, hosts: list[Host], name: str, value: object) -> None:
        def change() -> None:
            for host in hosts:
                setattr(host, name, value)

        self._ground.timeline.at(when, change)

    def _cut(self, hosts: list[Host], trouble: Trouble) -> None:
        for host in hosts:
            host.side += 1 << len(self._hosts)  # not that of another cut
        self._ground.timeline.at(trouble.until_ms, self._heal, hosts)

    def _heal(self, hosts: list[Host]) -> None:
        for host in hosts:
            host.side -= 1 << len(self._hosts)

    def _deaf(self, hosts: list[Host], trouble: Trouble) -> None:
        for host in hosts:
            host.deaf = True
        self._later(trouble.until_ms, hosts, "deaf", False)

    def _crash(self, hosts: list[Host], trouble: Trouble) -> None:
        for host in hosts:
            host.crash()
            self._ground.timeline.at(trouble.until_ms, self._back, host)

    def _back(self, host: Host) -> None:
        if not host.up:
            host.boot()

    def _wipe(self, hosts: list[Host], trouble: Trouble) -> None:
        self._crash(hosts, trouble)
        for host in hosts:
            host.disk.wipe()
            host.author.wiped()

    def _restored(self, hosts: list[Host], trouble: Trouble) -> None:
        """All of its disk is copied now, and put back in the end."""
        for host in hosts:
            self._ground.timeline.at(trouble.until_ms, self._put_back, host, host.copied())

    def _put_back(self, host: Host, copy: Copied) -> None:
        host.crash()
        host.put_back(copy)
        host.author.put_back()
        host.boot()

    def _move(self, hosts: list[Host], trouble: Trouble) -> None:
        for host in hosts:
            number = host.number + OTHER_NET + trouble.at_ms % 97 * 256
            host.move((f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}", 5683))

    def _full(self, hosts: list[Host], trouble: Trouble) -> None:
        for host in hosts:
            host.disk.full = True
            self._ground.timeline.at(trouble.until_ms, self._room, host)

    def _room(self, host: Host) -> None:
        host.disk.full = False

    def _torn(self, hosts: list[Host], trouble: Trouble) -> None:
        """The power goes at the next write, or at the end if there is none."""
        for host in hosts:
            host.disk.tearing = True
            self._ground.timeline.at(trouble.until_ms, self._untorn, host)

    def _untorn(self, host: Host) -> None:
        host.disk.tearing = False
        self._back(host)

    def _sleep(self, hosts: list[Host], trouble: Trouble) -> None:
        for host in hosts:
            if host.up and self._ground.timeline.now + AWAKE_MS < trouble.until_ms:
                seconds = max(1, (trouble.until_ms - trouble.at_ms) // 3000)
                host.do(host.sleep, seconds)
                timeline = self._ground.timeline
                timeline.at(timeline.now + 100, host.crash)
                timeline.at(timeline.now + 100 + seconds * 1000, self._awake, host, trouble)

    def _awake(self, host: Host, trouble: Trouble) -> None:
        self._back(host)
        self._ground.timeline.at(
            self._ground.timeline.now + AWAKE_MS, self._sleep, [host], trouble
        )

    def _clock(self, hosts: list[Host], trouble: Trouble) -> None:
        """From the next start on, its own idea of the Unix time is wrong."""
        for host in hosts:
            host.clock_ms = trouble.size
        self._crash(hosts, trouble)
