"""Discovery of peers by DNS-SD (RFC 6763): a bounded table, fed by one-shot queries.

One-shot queries (RFC 6762 s.5.1) are sent from the CoAP socket, so they work where port 5353 is
taken; mdns.py adds what that port allows. Only records named as in docs/protocol.md section 5 are
kept: instance and host name hold the first 16 characters of the peer id, so each record shows
which peer it is about. None of it is verified.
"""

from mesh.core.discovery.dns import AAAA, ANY, PTR, SRV, TXT, A, Record, build, host_text, parse
from mesh.core.discovery.places import Places
from mesh.core.errors import RemoteError
from mesh.core.events import Announced, Withdrawn
from mesh.core.peer_id import INSTANCE, from_text, to_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from mesh.core.limits import Limits

GROUP = ("224.0.0.251", 5353)
SERVICE = b"\x0a_othermesh\x04_udp\x05local\0"
TTL = 4500  # s: 75 minutes (RFC 6762 s.10), also the longest that is accepted


def is_dns(data: bytes) -> bool:
    """Whether a datagram at the CoAP socket is DNS: CoAP begins with the bits 01, DNS here does
    not.
    """
    return bool(data) and data[0] >> 6 != 1


def instance(label: bytes) -> bytes:
    """The DNS-SD instance name of a peer, from the first 16 characters of its id."""
    return b"\x10" + label + SERVICE


def host(label: bytes) -> bytes:
    """The host name of a peer, from the first 16 characters of its id."""
    return b"\x13om-" + label + b"\x05local\0"


class Found:
    """The DNS-SD records of one announced peer."""

    peer = b""  # peer id, from TXT; empty if not known yet
    port = 0  # from SRV; -1 after a goodbye
    source = ""  # the address that the SRV record came from
    pointer_ms = 0  # until when the PTR record is valid
    step_ms = 1000
    life_ms = 10_000  # lifetime of all of this, from SRV

    def __init__(self, now_ms: int, ask_ms: int) -> None:
        self.hosts: list[str] = []  # from A and AAAA
        self.hosts_ms = now_ms  # when the last of them came
        self.told: list[tuple[str, int]] = []  # addresses passed on; empty if incomplete
        self.heard_ms = now_ms
        self.ask_ms = ask_ms
        self.until_ms = now_ms + self.life_ms


class OneShot:
    """One-shot queries (RFC 6762 s.5.1): from another port than 5353, answered by unicast.

    Events have how "query".
    """

    def __init__(
        self,
        limits: "Limits",
        random: "Callable[[int], bytes]",
        peer_id: bytes,
        places: "Places | None" = None,
    ) -> None:
        self._limits = limits
        self._random = random
        self._places = places or Places()
        self._text = to_text(peer_id).encode()
        self._label = self._text[:INSTANCE]
        self._how = "query"
        self._found: dict[bytes, Found] = {}
        self._events: list[Announced | Withdrawn] = []
        self._out: list[tuple[tuple[str, int], bytes]] = []
        self._recent: tuple[object, object] = (None, None)  # ids of the last two queries
        self._wake_ms: int | None = None  # None: not started
        self._browse_ms = self._step_ms = self._quiet_ms = 0

    def start(self, now_ms: int, _: bool = False) -> None:
        """Begin to query: after 1, 2, 4... s, in the end every limits.query_ms."""
        self._browse_ms = self._after(now_ms, 100)
        self._step_ms = 1000
        self._wake_ms = self._next()

    def receive(self, now_ms: int, source: tuple[str, int], data: bytes) -> None:
        """Handle a datagram. Malformed or irrelevant ones are ignored (RFC 6762 s.18)."""
        try:
            self._receive(now_ms, source, data)
        except RemoteError:
            pass

    def _receive(self, now_ms: int, source: tuple[str, int], data: bytes) -> None:
        id, flags, _, records = parse(data)
        if id in self._recent and flags & 0xF80F == 0x8000 and source[1] == GROUP[1]:
            self._learn(now_ms, source[0], records)
            self._wake_ms = self._next()

    def tick(self, now_ms: int) -> None:
        """Do what is due. An early call does nothing."""
        if self._wake_ms is None or now_ms < self._wake_ms:
            return
        questions = []
        if now_ms >= self._browse_ms:
            questions.append((SERVICE, PTR, False))
            self._browse_ms = now_ms + self._step_ms
            self._step_ms = min(self._step_ms * 2, self._limits.query_ms)
        if now_ms >= self._quiet_ms and (asks := self._ask(now_ms)):
            questions += asks
            self._quiet_ms = now_ms + 1000
        if questions:
            self._query(now_ms, questions)
        self._wake_ms = self._next()

    def wake_at(self) -> int | None:
        """When tick() is due, or None. Any other call may change it."""
        return self._wake_ms

    def next_send(self) -> tuple[tuple[str, int], bytes] | None:
        """The next (address, datagram) to send, or None. Call until None."""
        return self._out.pop(0) if self._out else None

    def next_event(self) -> Announced | Withdrawn | None:
        """The next event, or None. Call until None."""
        return self._events.pop(0) if self._events else None

    def _query(self, now_ms: int, questions: list[tuple[bytes, int, bool]]) -> None:
        # so that a reply does not look like CoAP
        id = int.from_bytes(self._random(2), "big") | 0x8000
        self._recent = (id, self._recent[0])
        self._out.append((GROUP, build(id, 0, questions, [])))

    def _next(self) -> int:
        due_ms = self._browse_ms
        for found in self._found.values():
            due_ms = min(due_ms, max(min(found.ask_ms, found.until_ms), self._quiet_ms))
        return due_ms

    def _learn(self, now_ms: int, source: str, records: list[Record]) -> None:
        touched = {}
        for record in records:
            label = _about(record)
            if not label or label == self._label:
                continue
            found = self._found.get(label)
            if not found and record.ttl:
                if len(self._found) >= self._limits.mdns_records // 3:
                    # evict incomplete ones first, then the least recently heard of
                    rows = [(len(f.told) > 0, f.heard_ms, key) for key, f in self._found.items()]
                    del self._found[min(rows)[2]]
                found = self._found[label] = Found(now_ms, self._after(now_ms, 100))
            if found:
                touched[label] = found
                found.heard_ms = now_ms
                if record.kind in (A, AAAA):
                    self._take_host(now_ms, source, found, record)
                else:
                    self._take(now_ms, source, found, record)
        for label in sorted(touched):
            self._tell(touched[label])

    def _take(self, now_ms: int, source: str, found: Found, record: Record) -> None:
        ttl_ms = min(record.ttl, TTL) * 1000
        if not ttl_ms:  # it may be announced again within a second (RFC 6762 s.10.1)
            found.port = -1
            found.told = []
            found.until_ms = min(found.until_ms, now_ms + 1000)
        elif record.kind == PTR:
            if now_ms + ttl_ms - found.pointer_ms >= self._limits.query_ms:
                found.told = []  # pass it on again: it may have been away
            found.pointer_ms = now_ms + ttl_ms
        elif record.kind == TXT:
            at = record.data.find(b"\x37id=" + record.name[1:17])  # each string after its length
            if at >= 0 and b"\3v=1" in record.data:
                found.peer = from_text("".join(map(chr, record.data[at + 4 : at + 56])))
        elif record.kind == SRV and record.data[6:] == host(record.name[1:17]):
            found.source = source
            found.port = record.data[4] << 8 | record.data[5]
            found.life_ms = ttl_ms
            found.until_ms = now_ms + ttl_ms

    def _take_host(self, now_ms: int, source: str, found: Found, record: Record) -> None:
        if record.flush and now_ms - found.hosts_ms > 1000:  # older addresses are void (s.10.2)
            found.hosts = []
        found.hosts_ms = now_ms
        text = _usable(record.data, source)
        if text in found.hosts:
            found.hosts.remove(text)
        if text and record.ttl:
            found.hosts.append(text)
        # keep the source address, and those on our networks
        if len(found.hosts) > self._limits.peer_addresses:
            here = self._places
            far = [h for h in found.hosts if h != source and not here.can_be((h, 1))]
            found.hosts.remove((far + [h for h in found.hosts if h != source])[0])

    def _tell(self, found: Found) -> None:
        """Pass on new addresses, and plan the next query."""
        told = []
        if found.peer and found.port > 0:
            for text in found.hosts:
                address = (text, found.port)
                if address not in found.told:
                    if len(self._events) >= self._limits.candidates:
                        continue  # bounds the queue; passed on when it is heard of again
                    self._events.append(Announced(found.peer, address, self._how))
                told.append(address)
        found.told = told
        if told:  # complete
            found.ask_ms = found.until_ms
            if found.life_ms > 10_000:  # again at 80 to 82, 85, 90 and 95% of it (RFC 6762 s.5.2)
                found.step_ms = found.life_ms // 20
                found.ask_ms = self._after(found.ask_ms - 4 * found.step_ms, found.life_ms // 50)

    def _ask(self, now_ms: int) -> list[tuple[bytes, int, bool]]:
        """Drop expired peers. Gives a few questions about missing records."""
        questions: list[tuple[bytes, int, bool]] = []
        for label in sorted(self._found):
            found = self._found[label]
            if now_ms >= found.until_ms:
                del self._found[label]
                if found.peer and found.port < 0:
                    self._events.append(Withdrawn(found.peer))
            elif now_ms >= found.ask_ms and len(questions) < 6:
                questions.append((instance(label), ANY, False))
                if not found.hosts:
                    questions.append((host(label), ANY, False))
                    if found.step_ms > 1000 and found.source:  # a former query had no answer
                        found.hosts = [found.source]
                found.ask_ms = now_ms + found.step_ms
                if not found.told:
                    found.step_ms *= 2
                    self._tell(found)
        return questions

    def _after(self, now_ms: int, spread_ms: int) -> int:
        """A random short delay, so that not all peers send at once (RFC 6762 s.5.2, s.6)."""
        return now_ms + 20 + int.from_bytes(self._random(2), "big") % (spread_ms + 1)


def _about(record: Record) -> bytes:
    """The first 16 characters of the peer id that a record is about, or b""."""
    name: bytes = record.data if record.kind == PTR else record.name
    if name == host(name[4:20]):
        return name[4:20]
    return name[1:17] if name == instance(name[1:17]) else b""


def _usable(data: bytes, source: str) -> str:
    """An address as text, if a peer can have it, or ""."""
    text = host_text(data)
    if data[0] == 0xFE and data[1] >> 6 == 2:  # IPv6 link-local: on the link that it came by
        return text + source[source.find("%") :] if "%" in source else ""
    return text if 0 < data[0] < (224 if len(data) == 4 else 255) else ""
