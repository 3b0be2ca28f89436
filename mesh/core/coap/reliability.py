"""The message layer of CoAP: message ids, timers and retransmission (RFC 7252 s.4)."""

import heapq

from mesh.core.coap import message as coap

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from mesh.core.limits import Limits

    Random = Callable[[int], bytes]
    Known = Callable[[tuple[str, int]], object]

MOST_CREDIT = 65_536
EMPTY = b"\x40\0\0\0"  # a ping (RFC 7252 s.4.3)
_RUN = 512  # ids that share one timestamp
_OWN = 120  # runs for what we begin; the other 8 of 128 are for answers to strangers


def stamp(data: bytes, type: int, mid: int) -> bytes:
    """A datagram with its type and message id replaced."""
    return bytes((64 | type << 4 | data[0] & 15, data[1], mid >> 8, mid & 255)) + data[4:]


class Timed:
    """Base of what has a timer: `due` (ms); and of a message `mid` in flight, with `tries`
    left.
    """

    address = ("", 0)
    due: int | None = None
    mid = -1
    data = b""
    tries = 0
    pause = 0
    mask = 0  # XOR mask of message ids, so that only who received one can acknowledge it
    is_ours = False  # a request of ours: who is asked so often is decided elsewhere


class Ids:
    """Message ids: `runs` runs of them from `first` on, each with the time when it was used up.

    One sequence serves all addresses: a group and its members are different addresses, but a
    member receives from both (RFC 7252 s.4.4 requires ids that are new to each receiver).
    """

    def __init__(self, first: int, runs: int, start: int) -> None:
        self._first = first
        self._runs = runs
        self._at = start % (runs * _RUN)
        self._left = _RUN
        self._spent: list[int] = []  # when each run was used up, of the last lifetime

    def next(self, now_ms: int, lifetime: int) -> int:
        """An id that was not used within the lifetime, or -1 if there is none."""
        spent = self._spent
        if not self._left:
            while spent and spent[0] + lifetime <= now_ms:
                spent.pop(0)
            if len(spent) >= self._runs:
                return -1
            self._left = _RUN
        self._left -= 1
        if not self._left:
            spent.append(now_ms)
        self._at = (self._at + 1) % (self._runs * _RUN)
        return self._first + self._at


class Remote:
    """The state of one remote address: own requests to it, in flight (`busy`) and queued
    (`line`).
    """

    proven = False
    busy = 0
    line: list[Timed] | None = None

    def __init__(self, now_ms: int) -> None:
        self.used = now_ms


class Reliability:
    """The lowest layer of an endpoint: addresses, timers, randomness and datagrams to send."""

    def __init__(self, limits: "Limits", random: "Random", known: "Known") -> None:
        self.limits = limits
        self.known = known
        self.remotes: dict[tuple[str, int], Remote] = {}
        # tickets of observers, by (address, token)
        self.observers: dict[tuple[tuple[str, int], bytes], Any] = {}
        # messages without a reply yet, by (address, id)
        self.flight: dict[tuple[tuple[str, int], int], Timed] = {}
        self._out: list[tuple[tuple[str, int], bytes]] = []
        # amplification limit: bytes that may still go to the unverified addresses of a host, as
        # (host, 0); and to one of them, for messages that it acknowledged
        self._credit: dict[tuple[str, int], int] = {}
        self._events: list[tuple[object, ...]] = []
        self._heap: list[tuple[int, int, Timed]] = []
        self._armed = self._bound = 0
        self._now = self._second = self._refused = 0
        self._random = random
        self._ids = Ids(0, _OWN, self._number())
        # apart, so that a flood of requests cannot use up the ids for our own messages
        self._strange_ids = Ids(_OWN * _RUN, 128 - _OWN, self._number())

    def prove(self, address: tuple[str, int]) -> None:
        """Mark an address as verified, which ends the amplification limit for it."""
        self._remote(self._now, address).proven = True

    def proven(self, address: tuple[str, int]) -> bool:
        """Whether an address is verified: prove() was called, it answered an own request, or it is
        a known peer's, also when its state was evicted.
        """
        remote = self.remotes.get(address)
        return (remote is not None and remote.proven) or self.known(address) is not None

    def _earn(self, purse: tuple[str, int], size: int) -> None:
        """Allow `size` more bytes. If the table is full, the entry with the fewest is dropped."""
        credit = self._credit
        if purse not in credit and len(credit) >= self.limits.remotes:
            credit.pop(min([(credit[old], old) for old in credit])[1])
        credit[purse] = min(credit.get(purse, 0) + size, MOST_CREDIT)

    def _put(self, address: tuple[str, int], data: bytes) -> None:
        """Send a datagram, unless the amplification limit forbids it (three times what came)."""
        if not self.proven(address):
            purse = self._purse(address, len(data))
            if not purse:
                return
            self._credit[purse] -= len(data)
        self._out.append((address, data))

    def _purse(self, address: tuple[str, int], size: int) -> "tuple[str, int] | None":
        """Return which entry allows `size` bytes to an unverified address."""
        for purse in (address, (address[0], 0)):
            if self._credit.get(purse, 0) >= size:
                return purse
        return None

    def _affords(self, address: tuple[str, int], size: int) -> bool:
        """Whether the amplification limit allows `size` bytes to an address."""
        return self.proven(address) or self._purse(address, size) is not None

    def _mid(self, now_ms: int, item: Timed) -> int:
        """Return a message id for an answer, or -1 if none is free."""
        lifetime = self.limits.exchange_lifetime_ms
        if self.proven(item.address):
            return self._ids.next(now_ms, lifetime)
        item.mask = item.mask or self._number() & 4095
        mid = self._strange_ids.next(now_ms, lifetime)
        return mid if mid < 0 else mid ^ item.mask

    def wake_at(self) -> int | None:
        """When to call tick next, in ms, or None."""
        heap = self._heap
        while heap:
            if heap[0][2].due == heap[0][0]:
                return heap[0][0]
            heapq.heappop(heap)
        return None

    def _number(self) -> int:
        """A random number of 16 bits."""
        return int.from_bytes(self._random(2), "big")

    def _arm(self, item: Timed, due: int) -> None:
        """Set the timer of `item`, in place of a former one."""
        heap = self._heap
        if len(heap) > self._bound:
            heap = self._heap = [entry for entry in heap if entry[2].due == entry[0]]
            heapq.heapify(heap)
            self._bound = 2 * len(heap) + 32
        self._armed += 1
        heapq.heappush(heap, (due, self._armed, item))
        item.due = due  # last, so that a MemoryError leaves the former timer

    def _fly(self, now_ms: int, item: Timed, mid: int, data: bytes) -> None:
        """Send a message; if confirmable, until it is acknowledged (RFC 7252 s.4.2)."""
        limits = self.limits
        item.mid = mid
        if data[0] & 16:
            self._transmit_once(item, stamp(data, coap.NON, mid))
        else:
            item.data = stamp(data, coap.CON, mid)
            spread = limits.ack_timeout_ms * limits.ack_spread_pct // 100
            item.tries = limits.max_retransmit + 1
            item.pause = (limits.ack_timeout_ms + spread * self._number() // 65535) // 2
            self._again(now_ms, item)
        self.flight[(item.address, mid)] = item

    def _again(self, now_ms: int, item: Timed) -> None:
        """Transmit item.data once more, and double the pause."""
        item.tries -= 1
        item.pause *= 2
        self._transmit_once(item, item.data)
        self._arm(item, now_ms + item.pause)

    def _transmit_once(self, item: Timed, data: bytes) -> None:
        if item.is_ours:
            self._out.append((item.address, data))
        else:
            self._put(item.address, data)

    def _landed(self, item: Timed) -> bool:
        """Take a message out of flight. False if it was not in flight."""
        key = (item.address, item.mid)
        item.due = None
        item.tries = 0
        if self.flight.get(key) is not item:
            return False
        del self.flight[key]
        return True

    def _remote(self, now_ms: int, address: tuple[str, int]) -> Remote:
        """The state of an address, created if need be. The least recently used one is evicted,
        unverified ones first.
        """
        remote = self.remotes.get(address)
        if remote is None:
            if len(self.remotes) >= self.limits.remotes:
                watching = [key[0] for key in self.observers]
                idle = [
                    (r.proven, r.used, a)
                    for a, r in self.remotes.items()
                    if not (r.busy or r.line or a in watching)
                ]
                for _, _, old in sorted(idle)[:1]:
                    del self.remotes[old]
            remote = self.remotes[address] = Remote(now_ms)
        remote.used = now_ms
        return remote

    def _empty(self, type: int, address: tuple[str, int], mid: int) -> bytes:
        """Send an empty message and return it."""
        data = stamp(b"\0\0", type, mid)
        self._put(address, data)
        return data

    def _reset(self, now_ms: int, address: tuple[str, int], mid: int) -> None:
        """Send a reset, unless too many refusals were sent this second."""
        if self._may_refuse(now_ms):
            self._empty(coap.RST, address, mid)

    def _may_refuse(self, now_ms: int) -> bool:
        """Count a refusal. Whether it is within limits.unsigned_per_s."""
        if now_ms - self._second >= 1000:
            self._second = now_ms
            self._refused = 0
        self._refused += 1
        return self._refused <= self.limits.unsigned_per_s
