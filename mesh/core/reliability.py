"""The message layer of CoAP: message ids, timers and retransmission (RFC 7252 s.4)."""

import heapq

from mesh.core import coap

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from mesh.core.limits import Limits

MOST_CREDIT = 65_536
_RUN = 512  # ids that share one timestamp
_OWN = 120  # runs for what we begin; the other 8 of 128 are for answers to strangers


def stamp(data: bytes, type: int, mid: int) -> bytes:
    """The datagram with another type and message id."""
    return bytes((64 | type << 4 | data[0] & 15, data[1], mid >> 8, mid & 255)) + data[4:]


class Timed:
    """What waits for a moment, `due` (ms), or has a message `mid` under way with `tries` left."""

    address = ("", 0)
    due: int | None = None
    mid = -1
    data = b""
    tries = 0
    pause = 0
    is_ours = False  # a request of ours: who is asked so often is decided elsewhere


class Ids:
    """Message ids, `runs` runs from `first` on; of each run the time when it was used up.

    One sequence for all addresses, as a group and its members are different addresses, but whoever
    is in the group hears both (RFC 7252 s.4.4 asks for ids that are new to each receiver).
    """

    def __init__(self, first: int, runs: int, start: int) -> None:
        self._first = first
        self._runs = runs
        self._at = start % (runs * _RUN)
        self._left = _RUN
        self._spent: list[int] = []  # when each run was used up, of the last lifetime

    def next(self, now_ms: int, lifetime: int) -> int:
        """An id not used within the lifetime, or -1 if there is none."""
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
    """What is kept of one address: requests of ours under way, and in line."""

    proven = False
    busy = 0
    line: list[Timed] | None = None

    def __init__(self, now_ms: int) -> None:
        self.used = now_ms


class Reliability:
    """The lowest layer of an endpoint: addresses, timers, randomness and datagrams to send."""

    def __init__(self, limits: "Limits", random: "Callable[[int], bytes]") -> None:
        self.limits = limits
        self.remotes: dict[tuple[str, int], Remote] = {}
        self.observers: dict[tuple[tuple[str, int], bytes], Any] = {}  # by address and token
        self.flight: dict[tuple[tuple[str, int], int], Timed] = {}  # under way, until a reply
        self._out: list[tuple[tuple[str, int], bytes]] = []
        # host: bytes that may go to addresses of it that are not proven: three times what came
        self._credit: dict[str, int] = {}
        self._events: list[tuple[object, ...]] = []
        self._heap: list[tuple[int, int, Timed]] = []
        self._armed = self._bound = 0
        self._now = self._second = self._refused = 0
        self._random = random
        self._ids = Ids(0, _OWN, self._number())
        # Apart, so that no flood of requests uses up what we need for our own.
        self._strange_ids = Ids(_OWN * _RUN, 128 - _OWN, self._number())

    def prove(self, address: tuple[str, int]) -> None:
        """Take an address as its user's own: the amplification limit ends for it."""
        self._remote(self._now, address).proven = True

    def proven(self, address: tuple[str, int]) -> bool:
        """Whether prove was called for it, or it answered a request of ours."""
        remote = self.remotes.get(address)
        return remote is not None and remote.proven

    def _earn(self, host: str, size: int) -> None:
        """So many more bytes may go to a host. The one that may get least is forgotten for it."""
        credit = self._credit
        if host not in credit and len(credit) >= self.limits.remotes:
            credit.pop(min([(credit[old], old) for old in credit])[1])
        credit[host] = min(credit.get(host, 0) + size, MOST_CREDIT)

    def _put(self, address: tuple[str, int], data: bytes) -> None:
        """Send it, unless a stranger's word had us send a victim more than three times as much."""
        if not self._affords(address, len(data)):
            return
        if not self.proven(address):
            self._credit[address[0]] -= len(data)
        self._out.append((address, data))

    def _affords(self, address: tuple[str, int], size: int) -> bool:
        """Whether so many bytes may go to an address."""
        return self.proven(address) or self._credit.get(address[0], 0) >= size

    def wake_at(self) -> int | None:
        """When tick is to be called next, or None."""
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
        """Make `item` due at that moment, and at none armed before."""
        heap = self._heap
        if len(heap) > self._bound:
            heap = self._heap = [entry for entry in heap if entry[2].due == entry[0]]
            heapq.heapify(heap)
            self._bound = 2 * len(heap) + 32
        self._armed += 1
        heapq.heappush(heap, (due, self._armed, item))
        item.due = due  # last: without memory for that it is due when it was before

    def _fly(self, now_ms: int, item: Timed, mid: int, data: bytes) -> None:
        """Send the message; a confirmable one until it is acknowledged (RFC 7252 s.4.2)."""
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
        """One more transmission of item.data, and a pause twice as long."""
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
        """Its message is no longer under way; False if it was not."""
        key = (item.address, item.mid)
        item.due = None
        item.tries = 0
        if self.flight.get(key) is not item:
            return False
        del self.flight[key]
        return True

    def _remote(self, now_ms: int, address: tuple[str, int]) -> Remote:
        """The state of an address, made if need be: the least used one goes, unproven first."""
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
        """Send an empty message, and return it."""
        data = stamp(b"\0\0", type, mid)
        self._put(address, data)
        return data

    def _reset(self, now_ms: int, address: tuple[str, int], mid: int) -> None:
        """Send a reset, unless there were too many refusals this second."""
        if self._may_refuse(now_ms):
            self._empty(coap.RST, address, mid)

    def _may_refuse(self, now_ms: int) -> bool:
        """Whether one more refusal is within limits.unsigned_per_s."""
        if now_ms - self._second >= 1000:
            self._second = now_ms
            self._refused = 0
        self._refused += 1
        return self._refused <= self.limits.unsigned_per_s
