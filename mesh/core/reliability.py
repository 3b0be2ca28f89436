"""The message layer of CoAP: message ids, timers, retransmission and its state per address (RFC 7252 s.4)."""

import heapq

from mesh.core.coap import ACK, RST

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from mesh.core.asking import Request
    from mesh.core.limits import Limits

    Address = tuple[str, int]

_RUN = 512  # ids that share one timestamp
_RUNS = 128  # 128 * 512 = 65,536 ids


def stamp(data: bytes, type: int, mid: int) -> bytes:
    """The datagram with another type and message id."""
    return bytes((64 | type << 4 | data[0] & 15, data[1], mid >> 8, mid & 255)) + data[4:]


def empty(type: int, mid: int) -> bytes:
    """An empty message: an acknowledgement or a reset."""
    return bytes((64 | type << 4, 0, mid >> 8, mid & 255))


class Timed:
    """What waits for a moment: `due` (ms), or None. A confirmable message has tries left and a pause."""

    due: int | None = None
    tries = 0
    pause = 0
    data = b""

    def __init__(self, address: "Address") -> None:
        self.address = address


class Remote(Timed):
    """What is kept of one address: ids used, requests under way and those that wait in line."""

    proven = False
    spent: list[int] | tuple[()] = ()  # when each full run of ids ended, of the last lifetime
    line: "list[Request] | tuple[()]" = ()

    def __init__(self, address: "Address", mid: int, now_ms: int) -> None:
        self.address = address
        self.mid = mid
        self.left = _RUN
        self.used = now_ms
        self.flight: dict[int, Request] = {}

    def next_mid(self, now_ms: int, lifetime: int) -> int:
        """A message id not used within the lifetime, or -1 if there is none until ready_at."""
        if not self.left:
            spent = self.spent
            while spent and spent[0] + lifetime <= now_ms:
                spent.pop(0)
            if len(spent) >= _RUNS:
                return -1
            self.left = _RUN
        self.left -= 1
        if not self.left:
            self.spent = list(self.spent)
            self.spent.append(now_ms)
        self.mid = mid = self.mid + 1 & 65535
        return mid


class Wire:
    """What both halves of an endpoint share: addresses, timers, randomness and the datagrams to send."""

    def __init__(self, limits: "Limits", random: "Callable[[int], bytes]") -> None:
        self.limits = limits
        self.out: list[tuple[Address, bytes]] = []
        self.events: list[tuple[object, ...]] = []
        self.remotes: dict[Address, Remote] = {}
        self.now = 0
        self._source = random
        self._pool = b""
        self._heap: list[tuple[int, int, Timed]] = []
        self._pushed = 0
        self._bound = 32
        self._second = self._refused = 0
        # Ids for answers to addresses that we never asked: a flood of those leaves no state.
        self.strangers = self._made(("", 0))

    def random(self, n: int) -> bytes:
        """n random bytes, drawn from the runtime 64 at a time."""
        pool = self._pool
        if len(pool) < n:
            pool = self._source(64)
        self._pool = pool[n:]
        return pool[:n]

    def arm(self, item: Timed, due: int) -> None:
        """Let `item` come out of `expired` at that moment, and at no earlier one armed before."""
        heap = self._heap
        if len(heap) >= self._bound:
            heap = self._heap = [entry for entry in heap if entry[2].due == entry[0]]
            heapq.heapify(heap)
            self._bound = 2 * len(heap) + 32
        self._pushed += 1
        item.due = due
        heapq.heappush(heap, (due, self._pushed, item))

    def expired(self, now_ms: int) -> Timed | None:
        """An item whose moment has come, disarmed; or None."""
        heap = self._heap
        while heap and heap[0][0] <= now_ms:
            due, _, item = heapq.heappop(heap)
            if item.due == due:
                item.due = None
                return item
        return None

    def wake_at(self) -> int | None:
        """The next moment armed, or None."""
        heap = self._heap
        while heap:
            if heap[0][2].due == heap[0][0]:
                return heap[0][0]
            heapq.heappop(heap)
        return None

    def confirm(self, now_ms: int, item: Timed) -> None:
        """Start the retransmissions of item.data (RFC 7252 s.4.2), which went out now."""
        limits = self.limits
        spread = limits.ack_timeout_ms * limits.ack_spread_pct // 100
        item.tries = limits.max_retransmit
        item.pause = limits.ack_timeout_ms + spread * self.random(1)[0] // 255
        self.arm(item, now_ms + item.pause)

    def again(self, now_ms: int, item: Timed) -> None:
        """One more transmission of item.data."""
        item.tries -= 1
        item.pause *= 2
        self.out.append((item.address, item.data))
        self.arm(item, now_ms + item.pause)

    def remote(self, now_ms: int, address: "Address") -> Remote:
        """The state of an address, made if there is none. The least recently used goes for it."""
        remote = self.remotes.get(address)
        if remote is None:
            if len(self.remotes) >= self.limits.remotes:
                self._make_room()
            remote = self.remotes[address] = self._made(address)
        remote.used = now_ms
        return remote

    def proven(self, address: "Address") -> bool:
        """See Endpoint.proven."""
        remote = self.remotes.get(address)
        return remote is not None and remote.proven

    def mid(self, now_ms: int, address: "Address") -> int:
        """A message id for an answer, or -1 while all are used up."""
        remote = self.remotes.get(address) or self.strangers
        return remote.next_mid(now_ms, self.limits.exchange_lifetime_ms)

    def acknowledge(self, address: "Address", mid: int) -> bytes:
        """Send an empty acknowledgement, and return it."""
        data = empty(ACK, mid)
        self.out.append((address, data))
        return data

    def reset(self, now_ms: int, address: "Address", mid: int) -> None:
        """Send a reset, unless there were too many this second."""
        if self.may_refuse(now_ms):
            self.out.append((address, empty(RST, mid)))

    def may_refuse(self, now_ms: int) -> bool:
        """Whether one more refusal is within limits.unsigned_per_s."""
        if now_ms - self._second >= 1000:
            self._second = now_ms
            self._refused = 0
        self._refused += 1
        return self._refused <= self.limits.unsigned_per_s

    def _made(self, address: "Address") -> Remote:
        return Remote(address, int.from_bytes(self.random(2), "big"), self.now)

    def _make_room(self) -> None:
        """Forget a quarter of the addresses that proved nothing; only if there are none, one that did."""
        idle = [
            (remote.proven, remote.used, address)
            for address, remote in self.remotes.items()
            if not remote.flight and not remote.line
        ]
        idle.sort()
        strangers = len([entry for entry in idle if not entry[0]])
        for _, _, address in idle[: max(1, min(strangers, self.limits.remotes // 4))]:
            del self.remotes[address]
