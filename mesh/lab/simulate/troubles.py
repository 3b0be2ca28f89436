"""Causes the faults of a scenario, and ends them."""

from collections.abc import Sequence

from mesh.lab.simulate.host import Copied, Ground, Host
from mesh.lab.simulate.scenario import Trouble

AWAKE_MS = 3000  # time awake between two sleeps
MOVED_MS = 40_000  # time for two peers that moved together to find each other again
OTHER_NET = 1 << 15  # added to the number of a peer that moved


class Troubles:
    """Schedules the faults. A peer without power restarts at the end of the fault."""

    def __init__(self, ground: Ground, hosts: Sequence[Host]) -> None:
        self._ground = ground
        self._hosts = hosts

    def plan(self, trouble: Trouble) -> None:
        """Schedule a fault."""
        at = self._ground.timeline.at
        hosts = [host for host in self._hosts if host.number in trouble.who]
        begin = getattr(self, "_" + trouble.kind)
        at(trouble.at_ms, self._note, trouble, hosts)
        at(trouble.at_ms, begin, hosts, trouble)

    def _note(self, trouble: Trouble, hosts: list[Host]) -> None:
        """Tell the checks; faults of the network concern all peers."""
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
            host.side += 1 << len(self._hosts)  # unlike that of another partition
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
        """Copy a disk now, and put it back at the end."""
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
        """Cut power at the next write, or at the end if there is none."""
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
        """Set a wrong Unix time for the next start."""
        for host in hosts:
            host.clock_ms = trouble.size
        self._crash(hosts, trouble)
