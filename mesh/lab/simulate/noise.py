"""Attackers without keys, which only send datagrams: garbage, spoofs, replays, floods."""

import random
from collections.abc import Callable, Sequence
from typing import Any

from mesh.core import codes
from mesh.core.coap import message as coap
from mesh.core.errors import RemoteError
from mesh.core.feed.chain import head_parts
from mesh.core.security.seal import seal_request
from mesh.core.security.signed_client import request_for
from mesh.hub import fast_cbor
from mesh.lab.simulate.host import LAMP, Ground, Host
from mesh.lab.simulate.pretend_network import Address
from mesh.lab.simulate.scenario import FIRST_MS
from mesh.lab.simulate.timeline import Log

FLOOD_MS = 8000  # duration of a flood
GARBAGE = 200  # datagrams a second
SIGNED = 60
REPLAYS = 20


class Noise:
    """An attacker that is no peer, and only sends datagrams."""

    def __init__(
        self, ground: Ground, number: int, hosts: Sequence[Host], draw: random.Random
    ) -> None:
        self.label = f"noise{number}"
        self.address: Address = (f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}", 6666)
        self.subnets = frozenset((0, 1))
        self.side = 0
        self.up, self.deaf = True, False
        self.sent = self.sent_bytes = 0
        self._ground = ground
        self._hosts = hosts
        self._draw = draw
        self._kit = ground.keys.kit(self.label)
        self._made = 0

    def arrived(self, channel: int, source: Address, data: bytes) -> None:
        """Ignored: answers are of no interest."""

    def plan(self, noise: tuple[Callable[["Noise", Host], None], int], until_ms: int) -> None:
        """Send one kind of noise, at a rate, for some time."""
        self._ground.network.join(self)
        self._ground.network.tapped = True
        act, rate = noise
        begin = self._draw.randrange(FIRST_MS, until_ms - FLOOD_MS)
        victim = self._draw.choice(self._hosts)
        for n in range(FLOOD_MS * rate // 1000):
            self._ground.timeline.at(begin + n * 1000 // rate, act, self, victim)
        self._note(begin, victim)

    def _note(self, begin: int, victim: Host) -> None:
        log: Log = self._ground.log
        log.add(f"0 {self.label} will be at {victim.label} from {begin}")

    def garbage(self, victim: Host) -> None:
        """Random bytes, partial messages, and what resembles one."""
        draw = self._draw
        data = draw.randbytes(draw.randrange(1, 200))
        if draw.random() < 0.5 and self._ground.network.seen:  # noqa: PLR2004
            heard = draw.choice(self._ground.network.seen)[2]
            at = draw.randrange(len(heard))
            data = heard[:at] + draw.randbytes(1) + heard[at + 1 :]
        self._send(victim, data, self.address)

    def spoofed(self, victim: Host) -> None:
        """The same, with the source of an honest peer."""
        draw = self._draw
        if self._ground.network.seen:
            source, _, heard = draw.choice(self._ground.network.seen)
            at = draw.randrange(len(heard))
            self._send(victim, heard[:at] + draw.randbytes(1) + heard[at + 1 :], source)

    def notification(self, victim: Host) -> None:
        """A forged notification or end of an overheard observation."""
        draw = self._draw
        if not self._ground.network.seen:
            return
        source, target, heard = draw.choice(self._ground.network.seen)
        try:
            message = coap.parse(heard)
        except RemoteError:
            return
        if message.get(coap.OBSERVE) is None or message.code < codes.CREATED:
            return  # not an answer to an observer
        message.drop(coap.OBSERVE)
        message.type, message.mid = draw.randrange(4), draw.randrange(1 << 16)
        message.code = draw.choice(
            (codes.CONTENT, codes.CONTENT, codes.CONTENT, codes.NOT_FOUND, codes.UNAVAILABLE)
        )
        if draw.random() < 0.9:  # noqa: PLR2004 - else an answer that ends the observation
            message.add(coap.OBSERVE, draw.randrange(1 << 24))
        message.payload = draw.choice(self._news(draw))
        self._send(None, coap.build(message), source, target)

    def _news(self, draw: random.Random) -> list[bytes]:
        """False content of a notification: heads, runs, cursors, forks."""
        author, link = draw.choice(self._hosts).public, draw.randbytes(32)
        seq = draw.choice((1, 5, 1 << 40))
        protected, payload = head_parts(author, seq, link)
        head = fast_cbor.encode([protected, {}, payload, draw.randbytes(64)])
        entry = fast_cbor.encode([seq, [0, 1, 1, None], "note", "x"])
        items: list[Any] = [head, [author, seq, link, [entry], head], 1 << 50, {author: 1}]
        return [fast_cbor.encode([item]) for item in items] + [b"", draw.randbytes(20)]

    def replay(self, victim: Host) -> None:
        """Replay an overheard message, from its source or another one."""
        draw = self._draw
        if self._ground.network.seen:
            source, target, data = draw.choice(self._ground.network.seen)
            if draw.random() < 0.5:  # noqa: PLR2004 - under a new message id: no duplicate
                data = data[:2] + draw.randbytes(2) + data[4:]
            spoofed = source if draw.random() < 0.7 else self.address  # noqa: PLR2004
            self._send(None, data, spoofed, target)

    def stranger(self, victim: Host) -> None:
        """A signed request, each by a new key."""
        self._made += 1
        identity = self._ground.keys.identity(
            f"{self.label} {self._made % 97}", lambda: self._made
        )
        wish = self._draw.random() < 0.5  # noqa: PLR2004
        path = ["actuators", LAMP] if wish else ["peer"]
        message = request_for(coap.PUT if wish else coap.FETCH, path)
        payload = fast_cbor.encode(-self._made) if wish else b""
        seal_request(self._kit, identity, victim.public, message, 60, payload)
        message.mid = self._draw.randrange(1 << 16)
        message.token = self._draw.randbytes(4)
        self._send(victim, coap.build(message), self.address)

    def _send(
        self, victim: Host | None, data: bytes, source: Address, target: Address | None = None
    ) -> None:
        where = target or (victim.address if victim else None)
        self.sent += 1
        if where is not None:
            self._ground.network.spoof(self, source, where, data)


NOISES: dict[str, tuple[Callable[[Noise, Host], None], int]] = {
    "flooder": (Noise.garbage, GARBAGE),
    "spoofer": (Noise.spoofed, GARBAGE // 2),
    "replayer": (Noise.replay, REPLAYS),
    "stranger": (Noise.stranger, SIGNED),
    "notifier": (Noise.notification, GARBAGE),
}
