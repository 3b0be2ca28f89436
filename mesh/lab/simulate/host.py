"""A simulated peer: a whole Node of the core, its disk, its clock and its owner."""

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple, cast

from mesh.core.errors import LocalError
from mesh.core.feed.chain import Run
from mesh.core.full.archived import Archived
from mesh.core.full.keeping_node import KeepingNode
from mesh.core.full.requests import Questions
from mesh.core.full.witnessing import KINDS
from mesh.core.kinds import asleep
from mesh.core.kit import Identity, Kit
from mesh.core.limits import Limits
from mesh.core.node import Node
from mesh.core.policy.settings import parse
from mesh.core.resources.resource import Resource
from mesh.core.resources.resource_table import RESOURCES
from mesh.hub.desktop_limits import DESKTOP
from mesh.lab.simulate.accord import Accord
from mesh.lab.simulate.blame import Blame
from mesh.lab.simulate.checks import Checks
from mesh.lab.simulate.keys import Keys
from mesh.lab.simulate.known_facts import KINDS as STATED
from mesh.lab.simulate.known_facts import BoardNode, Notes
from mesh.lab.simulate.ledger import Ledger, Value
from mesh.lab.simulate.past import Past
from mesh.lab.simulate.pretend_archive import Archive
from mesh.lab.simulate.pretend_disk import Disk, PowerLoss
from mesh.lab.simulate.pretend_network import Address, Network
from mesh.lab.simulate.pretend_relating import Relating
from mesh.lab.simulate.tables import Caps
from mesh.lab.simulate.timeline import Broken, Log, Timeline

MILLION = 1_000_000
MOST_KNOWN = 8  # as in mesh/device/board.py
SPINS = 2000  # most ticks of a peer in one millisecond
LAMP = "lamp"
SENSOR = "temperature"
UNIX_MS = 1_800_000_000_000  # Unix ms at virtual time 0


@dataclass
class Ground:
    """The common context of all stations. `accord`: if agreements are made."""

    timeline: Timeline
    network: Network
    log: Log
    keys: Keys
    ledger: Ledger
    checks: Checks
    past: Past
    accord: Accord | None = None


class Copied(NamedTuple):
    """A copy of all that survives a crash. `known`: saved addresses."""

    disk: Disk
    archive: Archive | None
    known: list[tuple[bytes, Address]]


class Host:
    """A peer that can crash and start again. `label` names it in the log."""

    honest = True
    is_clone = False
    resources: tuple[Resource, ...] = RESOURCES

    def __init__(
        self, ground: Ground, number: int, kind: str, settings: dict[str, Any], who: object = None
    ) -> None:
        self.ground = ground
        self.number = number
        self.label = f"{kind}{number}"
        self.kind = kind
        self.address: Address = (f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}", 5683)
        self.subnets = frozenset((0,))
        self.side = 0
        self.up = self.deaf = False
        self.sent = self.sent_bytes = 0
        self.rate = MILLION
        # error of its clock in ms; None: no clock
        self.clock_ms: int | None = 0 if kind == "desktop" else None
        self.disk = Disk()
        self.archive = Archive(lambda: ground.timeline.now) if kind == "desktop" else None
        self.life = 0
        self.given: list[tuple[bytes, Address]] = []  # addresses given by hand
        self.known: list[tuple[bytes, Address]] = []  # addresses that it saved
        self.told: Callable[[Host, bytes, list[int]], None] | None = None
        self.group = True
        self._who = number if who is None else who
        self._limits = dict(DESKTOP) if kind == "desktop" else {}
        self._limits |= settings.get("limits", {})
        self._profile = parse({k: v for k, v in settings.items() if k != "limits"}, kind)
        self._boot_ms = 0
        self._due: int | None = None
        self._spins = (0, 0)
        self._node: Node | None = None
        self.relating: Relating | None = None
        self.public = ground.keys.identity(self._who, lambda: 0).public
        self.author = ground.ledger.author(self.public, self.label, self.honest)

    @property
    def node(self) -> Node:
        """The node of this life; only while it is up."""
        assert self._node is not None  # noqa: S101
        return self._node

    def now(self) -> int:
        """Its own clock: ms since this start."""
        return (self.ground.timeline.now - self._boot_ms) * self.rate // MILLION

    def _identity(self) -> Identity:
        made = self.ground.keys.identity(self._who, self.disk.counter().next)
        quietly = made.sign

        def sign(data: bytes) -> bytes:
            signature = quietly(data)
            if self._node is not None:
                own = self._node.peer.feeds.own
                self.ground.ledger.heard_sign(self.author, own, self.disk, data, signature)
            return signature

        return Identity(made.public, sign, made.next_counter)

    def _kit(self) -> Kit:
        return self.ground.keys.kit(self.label, self.disk.boots)

    def boot(self) -> None:
        """Start from its disk."""
        ground = self.ground
        self.life += 1
        self.disk.boots += 1
        self.up = True
        self._boot_ms = ground.timeline.now
        self._due = self._node = None
        boots = self.disk.boots
        limits = Limits(**self._limits)
        own = self._kit(), self._identity(), self._profile, limits, boots
        if self.archive is None:
            made = Node if ground.accord is None else BoardNode
            node = made(*own, STATED if ground.accord else None, self.resources)
        else:
            node = KeepingNode(*own, KINDS, self.resources)
        self._node, self.caps = node, Caps(node.limits)
        self.questions = Questions(node)
        self.disk.restore(node.peer.feeds.own)
        if self.archive is not None:
            cast("Archived", node.peer.feeds).resume(self.archive)
        self._relate(node)
        node.newest.wait()
        if self.clock_ms is not None:
            node.clock.set(0, UNIX_MS + ground.timeline.now + self.clock_ms, 2)
        node.add_sensor(SENSOR, "Cel")
        node.add_actuator(LAMP, lambda value: ground.checks.lamp(self, value), 0)
        self._listen(node)
        ground.log.add(f"{ground.timeline.now} {self.label} starts {boots}")
        ground.checks.started(self)
        ground.network.join(self)
        self.do(self._start)

    def _relate(self, node: Node) -> None:
        """Make the part that knows of agreements, by what its disk has of them."""
        self.relating = None
        if self.ground.accord is not None:
            disk = self.disk
            lost = disk.notes is None and disk.boots > 1
            if disk.notes is None or not disk.has_journal:
                disk.notes, lost = Notes(), disk.boots > 1
            self.relating = Relating(self, node.peer.kit, disk.notes, lost)

    def _listen(self, node: Node) -> None:
        feeds = node.peer.feeds
        heard = feeds.heard

        def check(now_ms: int, author: bytes, values: list[Value], run: Run) -> None:
            self.ground.checks.accepted(self, author, values)
            heard(now_ms, author, values, run)
            if self.relating is not None:
                self.relating.heard(author, values)

        feeds.heard = check

    def _start(self, now_ms: int) -> None:
        for public, address in self.known:
            self.node.candidate(now_ms, public, address, "last")
        for public, address in self.given:
            self.node.candidate(now_ms, public, address, "given")
        self.node.start(now_ms, self.group)

    def crash(self) -> None:
        """Lose power, and all that is not on its disk."""
        if self.up:
            self.up = False
            self.life += 1
            self._node = None
            self.ground.log.add(f"{self.ground.timeline.now} {self.label} is off")
            if self.archive is not None:
                self.archive.crash()
            self.ground.network.leave(self.address)
            self.ground.checks.stopped(self)

    def copied(self) -> Copied:
        """A copy of its disk."""
        archive = self.archive.copied() if self.archive is not None else None
        return Copied(copy.deepcopy(self.disk), archive, self._noted())

    def _noted(self) -> list[tuple[bytes, Address]]:
        """The addresses that a board or desktop saves: of some peers that it met, first the one
        that introduced it. Without them, a peer whose disk is put back would have nobody to ask.
        """
        met = self.node.contacts.proven() if self.up else []
        dear = self._profile.introduced_by
        met.sort(key=lambda c: (c.peer != dear, not c.pinned, c.peer))
        noted = [(c.peer, c.address) for c in met[:MOST_KNOWN] if c.address is not None]
        return noted or self.known

    def put_back(self, copied: Copied) -> None:
        """Restore a copy of its disk, while it is off."""
        self.disk, self.archive, self.known = copied

    def move(self, address: Address) -> None:
        """Change its address, and notice that."""
        self.ground.network.leave(self.address)
        self.address = address
        if self.up:
            self.ground.network.join(self)
            self.do(self.node.moved)

    def arrived(self, channel: int, source: Address, data: bytes) -> None:
        """Handle a datagram."""
        self.do(self.node.receive, channel, source, data)

    def do(self, act: Callable[..., object], *args: Any) -> None:  # noqa: ANN401
        """Call the node, then send datagrams, handle events and set the timer."""
        if not self.up:
            return
        with Blame(self.label):
            try:
                act(self.now(), *args)
                self._settle(self.node)
            except PowerLoss:
                self.crash()

    def _settle(self, node: Node) -> None:
        network, checks = self.ground.network, self.ground.checks
        while (sending := node.next_send()) is not None:
            network.send(self, *sending)
        while (event := node.next_event()) is not None:
            checks.event(self, event)
            if self.relating is not None:
                self.relating.event(event)
        if self.honest:
            checks.step(self)
        if self.ground.accord is not None:
            self.ground.accord.step(self, self.ground.timeline.now)
        at = node.wake_at()
        if at is None:
            self._due = None
            return
        when = max(self.ground.timeline.now, self._boot_ms - (-at * MILLION // self.rate))
        if when != self._due:
            self._due = when
            self.ground.timeline.at(when, self._wake, self.life, when)

    def _wake(self, life: int, when: int) -> None:
        if life != self.life or when != self._due:
            return
        self._due = None
        before, spins = self._spins
        self._spins = (when, spins + 1 if before == when else 0)
        if spins > SPINS:
            raise Broken("peers rest", f"{self.label} wants to be woken again and again at {when}")
        if self.ground.log.wanted:
            self.ground.log.add(f"{when} {self.label} wakes")
        self.do(self.node.tick)

    def measure(self, value: int) -> None:
        """Take a new reading."""
        if self.up:
            self.do(self.node.reading, SENSOR, value)

    def sleep(self, now_ms: int, seconds: int) -> None:
        """Say goodbye and sleep, as a board on a battery does."""
        try:
            self.node.write(now_ms, asleep.NAME, [seconds, None])
        except LocalError:  # its feed has ended (fork)
            return
        self.node.peer.feeds.own.keep()
        self.node.peer.feeds.grown()
        self.node.tick(now_ms)
