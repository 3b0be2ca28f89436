"""mDNS on port 5353: a responder for one peer, and a browser for others (RFC 6762, RFC 6763).

Each multicast response has all records of this peer, so one packet tells a newcomer everything.
Left out: probing (s.8.1), as names derive from the peer's key; NSEC (s.6.1); waiting for a second
packet of known answers (s.7.2). Unlike s.5.2, the time between queries grows to limits.query_ms
only, as some boards lose much multicast; but whoever hears another ask waits in its place (s.7.3).
"""

from mesh.core.discovery.dns import (
    AAAA,
    ANY,
    PTR,
    RESPONSE,
    SRV,
    TXT,
    A,
    Record,
    build,
    host_bytes,
    parse,
)
from mesh.core.discovery.dnssd import GROUP, SERVICE, TTL, OneShot, host, instance

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from mesh.core.discovery.places import Places
    from mesh.core.limits import Limits

NEVER = 1 << 62
TELL_MS = 1000  # shortest time between two unicast answers to a host
MOST_TOLD = 8  # most unicast answers in that time
SECOND_MS = 2000  # from the second query to the third
SPARED = 20  # times limits.query_ms: queries are left to others so long, up to three times that


class Mdns(OneShot):
    """mDNS responder and browser. Events have how "mdns".

    `last_echo_ms`: when a datagram of our own, or a query in its place, came by multicast, None if
    never. One comes every limits.query_ms; if the last is older, multicast is filtered: join the
    group again and announce().
    """

    def __init__(
        self,
        limits: "Limits",
        random: "Callable[[int], bytes]",
        peer_id: bytes,
        port: int,
        addresses: list[str],
        places: "Places | None" = None,
    ) -> None:
        super().__init__(limits, random, peer_id, places)
        self._how = "mdns"
        self._port = port
        self.last_echo_ms: int | None = None
        self._told: list[tuple[int, str]] = []  # recent unicast answers, as (time, host)
        self._later: list[tuple[int, tuple[str, int], bytes]] = []
        self._sent_ms = -NEVER
        self._answer_ms = NEVER
        self._again = False
        self._spares_ms = -NEVER  # until when queries are left to others
        self.set_addresses(0, addresses)

    def start(self, now_ms: int, _: bool = False) -> None:
        """Announce this peer and begin to browse."""
        super().start(now_ms)
        self.announce(now_ms)

    def stop(self, now_ms: int) -> None:
        """Say goodbye (RFC 6762 s.10.1) and stop. Drain next_send() once more."""
        if self._wake_ms is not None:
            self._wake_ms = None
            self._answer_ms = NEVER
            self._later = []
            self._multicast(RESPONSE, [], _changed(self._records[1:], 0))

    def announce(self, now_ms: int) -> None:
        """Announce twice, a second apart (RFC 6762 s.8.3), as connectivity may have changed."""
        if self._wake_ms is not None:
            self._again = True
            self._due(now_ms)
            self._wake_ms = self._next()

    def set_addresses(self, now_ms: int, addresses: list[str]) -> None:
        """Replace the addresses of this peer. LocalError if one is no IP address."""
        name = instance(self._label)
        target = host(self._label)
        types = b"\x09_services\x07_dns-sd\x04_udp\x05local\0"  # RFC 6763 s.9
        location = b"\0\0\0\0" + self._port.to_bytes(2, "big") + target
        records = [  # 120 s for what holds a host's name or address (RFC 6762 s.10)
            Record(types, PTR, False, TTL, SERVICE),
            Record(SERVICE, PTR, False, TTL, name),
            Record(name, SRV, True, 120, location),
            Record(name, TXT, True, TTL, b"\3v=1\x37id=" + self._text),
        ]
        for text in addresses:
            data = host_bytes(text)
            kind = A if len(data) == 4 else AAAA
            records.append(Record(target, kind, True, 120, data))
        self._records = records
        self.announce(now_ms)

    def _receive(self, now_ms: int, source: tuple[str, int], data: bytes) -> None:
        if self._wake_ms is None:
            return
        if data in self._recent:
            self.last_echo_ms = now_ms
            return
        id, flags, questions, records = parse(data)
        flags &= 0xF80F  # other opcodes and error codes are ignored (RFC 6762 s.18.3, s.18.11)
        if not flags:
            self._asked(now_ms, source, id, questions, records)
        elif flags == 0x8000 and source[1] == GROUP[1]:
            self._learn(now_ms, source[0], records)
            if self._step_ms < self._limits.query_ms and self._is_full():
                self._leave(now_ms)
            for own in self._records:
                # another host has our record with a short TTL: correct it (RFC 6762 s.6.6)
                if 2 * _ttl(records, own, own.ttl) < own.ttl:
                    self._due(now_ms)
        self._wake_ms = self._next()

    def tick(self, now_ms: int) -> None:
        """Do what is due. An early call does nothing."""
        while self._later and now_ms >= self._later[0][0]:
            self._out.append(self._later.pop(0)[1:])
        if now_ms >= self._answer_ms:
            self._answer_ms = NEVER
            self._sent_ms = now_ms
            self._multicast(RESPONSE, [], self._records)
            if self._again:
                self._again = False
                self._due(now_ms)
        super().tick(now_ms)

    def _next(self) -> int:
        due_ms = min(self._answer_ms, super()._next())
        return min(due_ms, self._later[0][0]) if self._later else due_ms

    def _due(self, due_ms: int) -> None:
        """Schedule a multicast of our records, at least a second after the last (RFC 6762 s.6)."""
        self._answer_ms = min(self._answer_ms, max(due_ms, self._sent_ms + 1000))

    def _asked(
        self,
        now_ms: int,
        source: tuple[str, int],
        id: int,
        questions: list[tuple[bytes, int, bool]],
        records: list[Record],
    ) -> None:
        """Answer questions by multicast, or by unicast if requested (RFC 6762 s.5.4, s.6.7)."""
        legacy = source[1] != GROUP[1]
        here = not legacy and self._places.can_be(source)  # not from beyond the link (s.11)
        if here and (SERVICE, PTR, False) in questions:
            self._spare(now_ms)
        questions = questions[: 8 if legacy else 99]
        later_ms = self._after(now_ms, 100)
        direct = []
        for own in self._records:
            asks = [q for q in questions if q[0].lower() == own.name and q[1] in (own.kind, ANY)]
            # else a known answer (RFC 6762 s.7.1)
            if asks and 2 * _ttl(records, own, -1) < own.ttl:
                if legacy or (asks[0][2] and now_ms - self._sent_ms < own.ttl * 250):
                    direct.append(own)
                else:
                    self._due(now_ms if own.flush else later_ms)
        if direct and self._may_tell(now_ms, source):
            more = [own for own in self._records[2:] if own not in direct]
            direct += more
            if legacy:
                direct = _changed(direct, 10)
            else:
                id, questions = 0, []
            data = build(id, RESPONSE, questions, direct, len(more))
            self._later.append((later_ms, source, data))
            self._later.sort()

    def _spare(self, now_ms: int) -> None:
        """Leave the next query to who has just sent it: we hear the same answers (RFC 6762 s.7.3).

        Also if it knows of peers that we do not: where there are more than a table holds, all
        others answer each query, so a hundred peers that ask were a storm. Not for ever, as its
        known answers may hide a peer.
        """
        if self._step_ms >= self._limits.query_ms and now_ms < self._spares_ms:
            self.last_echo_ms = now_ms  # multicast reaches us
            self._leave(now_ms)

    def _leave(self, now_ms: int) -> None:
        """Ask no more for limits.query_ms."""
        self._step_ms = slow_ms = self._limits.query_ms
        self._browse_ms = self._after(now_ms + slow_ms, slow_ms // 4)

    def _is_full(self) -> bool:
        """Whether there is no room for more peers: all who are not in the table would answer."""
        return len(self._found) >= self._limits.mdns_records // 3

    def _may_tell(self, now_ms: int, source: tuple[str, int]) -> bool:
        """Whether to answer a host by unicast. The source may be forged, so only on our own
        networks (RFC 6762 s.11), and rate-limited.
        """
        self._told = [told for told in self._told if now_ms - told[0] < TELL_MS]
        often = source[0] in [host for _, host in self._told] or len(self._told) >= MOST_TOLD
        if often or not self._places.can_be(source):
            return False
        self._told.append((now_ms, source[0]))
        return True

    def _query(self, now_ms: int, questions: list[tuple[bytes, int, bool]]) -> None:
        """Multicast questions, with known answers (RFC 6762 s.7.1). Our own record is first and
        marks an echo.
        """
        known = [self._records[1]]
        if browses := questions[0][1] == PTR:
            # nobody else needs to hear what answers a start (RFC 6762 s.5.4)
            questions[0] = SERVICE, PTR, self._step_ms == SECOND_MS
            spared_ms = SPARED * self._limits.query_ms
            self._spares_ms = now_ms + spared_ms * (128 + self._random(1)[0]) // 128
        for label in sorted(self._found) if browses else ():
            left = (self._found[label].pointer_ms - now_ms) // 1000
            if left * 2 > TTL and len(known) < 38:  # keeps the packet below 1400 bytes
                known.append(Record(SERVICE, PTR, False, left, instance(label)))
        self._multicast(0, questions, known)

    def _multicast(
        self, flags: int, questions: list[tuple[bytes, int, bool]], records: list[Record]
    ) -> None:
        data = build(0, flags, questions, records)
        self._recent = (data, self._recent[0])
        self._out.append((GROUP, data))


def _ttl(records: list[Record], own: Record, missing: int) -> int:
    for record in records:
        if record.kind == own.kind and record.name == own.name and record.data == own.data:
            missing = record.ttl
    return missing


def _changed(records: list[Record], ttl: int) -> list[Record]:
    return [Record(r.name, r.kind, False, min(r.ttl, ttl), r.data) for r in records]
