"""Quotas for strangers, authors that nobody chose and that were not met: in all, for each, and per
second.

Keys cost nothing, so a quota counts for all strangers together. The least known are evicted first;
among these, one from the peer that told of most, and the one that costs most.
"""

import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Collection, Iterable

from mesh.core import codes
from mesh.core.errors import RemoteError
from mesh.core.limits import Limits
from mesh.hub.store import crowd
from mesh.hub.store.crowd import CHOSEN, MET, ONE, SEVERAL, Stranger
from mesh.hub.store.floor import Floor
from mesh.hub.store.flow import Flow

MEGABYTE = 1_000_000
SHARE = 8  # a stranger has at most 1/SHARE of the budget
TOLD = 16  # factor on the rate from a peer that was met
AGAIN_S = 60.0  # before a refused stranger is requested again
WRITTEN_S = 60.0  # after which an admitted newcomer that was never written no longer counts
MOST_NOTED = 4096  # strangers refused, or admitted and not yet written, that are remembered
MOST_MET = 4  # times limits.peers: peers that may count as met, unless chosen
MOST_OF_HOST = 256  # peers that may count as met at one IP address
UNLIMITED = Limits(
    strange_mb=1 << 30, strange_authors=1 << 30, strange_sensors=1 << 30, strange_kb_s=1 << 30
)
MEET_US = "answer when we ask you for /peer; or have our holder put you into follow or keep"

Noted = OrderedDict[bytes, tuple[bytes | None, float]]  # author -> (teller, until when)
LetIn = OrderedDict[bytes, tuple[int, bytes | None, float]]  # author -> (standing, teller, until)


class Budget:
    """The quotas of a store, for any thread. `chosen`: peers that a person chose.

    gone(author) is called, in the writing thread, for each author evicted. now_s() is a monotonic
    clock.
    """

    def __init__(
        self,
        limits: Limits,
        chosen: Collection[bytes] = (),
        floor: Floor | None = None,
        gone: Callable[[bytes], None] = lambda _: None,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self.floor = floor
        self.gone = gone
        self._limits = limits
        self._chosen = frozenset(chosen)
        self._now_s = now_s
        self._bytes = limits.strange_mb * MEGABYTE
        self._per_s = limits.strange_kb_s * 1000
        self._pushed = Flow(self._per_s, now_s())
        self._told: OrderedDict[bytes, Flow] = OrderedDict()  # rate limit of each teller
        self._lock = threading.RLock()
        self._strangers: dict[bytes, Stranger] = {}
        # (standing, teller) -> strangers
        self._given: Counter[tuple[int, bytes | None]] = Counter()
        self._met: set[bytes] = set()
        self._hosts: Counter[str] = Counter()  # host -> peers met there
        self._refused: Noted = OrderedDict()
        self._let_in: LetIn = OrderedDict()
        self._cost = self._sensors = 0

    def standing(self, author: bytes) -> int:
        """How well an author is known: ONE, SEVERAL, MET or CHOSEN."""
        if author in self._chosen:
            return CHOSEN
        if author in self._met:
            return MET
        found = self._strangers.get(author)
        return found.standing if found else ONE

    def load(self, rows: Iterable[tuple[bytes, int, int, int]]) -> None:
        """Load from the store: (author, standing, cost, sensors) of each, oldest first."""
        with self._lock:
            tellers = {author: one.teller for author, one in self._strangers.items()}
            self._strangers.clear()
            self._given.clear()
            self._given.update((one[0], one[1]) for one in self._let_in.values())
            self._cost = self._sensors = 0
            for author, standing, cost, sensors in rows:
                if standing >= MET:
                    self._met.add(author)
                if self.standing(author) < MET:
                    self._took_up(author)
                    one = self._add(author, min(standing, SEVERAL), tellers.get(author))
                    self._grow(one, cost, sensors)

    def meet(self, author: bytes, host: str) -> bool:
        """Record that a peer answered, signed, at an address. Whether it now counts as met.

        Of many at one IP address, or after very many, further ones do not.
        """
        with self._lock:
            if self.standing(author) >= MET:
                return True
            most = self._limits.peers * MOST_MET
            if self._hosts[host] >= MOST_OF_HOST or len(self._met) >= most:
                return False
            self._hosts[host] += 1
            self._met.add(author)
            self._drop(author)
            self._took_up(author)
            self._refused.pop(author, None)
            return True

    def wanted(self, author: bytes) -> bool:
        """Whether to request an author's entries: not if it was refused lately."""
        if author in self._strangers or self.standing(author) >= MET:
            return True
        refused = self._refused.get(author)
        return refused is None or self._now_s() >= refused[1]

    def admit(self, author: bytes, size: int, teller: bytes | None, *, asked: bool) -> None:
        """Admit `size` bytes of an author, from `teller`, before they are verified; `asked`: we
        requested them. RemoteError tells why not, and what would help.
        """
        standing = self.standing(author)
        if self.floor is not None:
            self.floor.check(is_known=standing >= MET)
        if standing == CHOSEN:
            return
        with self._lock:
            known = teller is not None and self.standing(teller) >= MET
            by = teller if known else None
            if not asked and not self._flow(by).take(self._now_s(), size):
                if standing < MET:
                    self._note(self._refused, author, by)
                raise RemoteError("more than is accepted in that time", codes.TOO_MANY, MEET_US)
            one = self._strangers.get(author)
            if one is not None:
                self._heard_of(one, by)
                self._more(one, size, asked)
            elif standing < MET:
                self._newcomer(author, by)

    def spent(self, author: bytes, cost: int, sensors: int) -> None:
        """Count what was added to the store."""
        with self._lock:
            one = self._strangers.get(author)
            if one is None and self.standing(author) < MET:
                standing, teller = self._took_up(author)
                one = self._add(author, standing, teller)
            if one is not None:
                self._grow(one, cost, sensors)

    def takes_sensor(self, author: bytes, has: int, more: int = 0) -> bool:
        """Whether an author with that many sensors may have one more; `more`: sensors of all that
        are about to be written.
        """
        if has >= self._limits.author_sensors:
            return False
        known = self.standing(author) >= MET
        return known or self._sensors + more < self._limits.strange_sensors

    def surplus(self) -> list[bytes]:
        """The authors to evict, as strangers take more than they may."""
        with self._lock:
            too_many = len(self._strangers) - self._limits.strange_authors
            out = crowd.newest_of_most(self._strangers, too_many)
            for author in out:
                self._drop(author)
            dear = crowd.dearest(self._strangers, self._cost - self._bytes)
            for author in dear:
                self._drop(author)
            return out + dear

    def sums(self) -> tuple[int, int, int]:
        """Strangers in the store: how many, bytes on disk, and sensors."""
        return len(self._strangers), self._cost, self._sensors

    # internal, with the lock held

    def _flow(self, teller: bytes | None) -> Flow:
        if teller is None:
            return self._pushed
        flow = self._told.get(teller)
        if flow is None:
            flow = self._told[teller] = Flow(self._per_s * TOLD, self._now_s())
            if len(self._told) > self._limits.peers:
                self._told.popitem(last=False)
        return flow

    def _add(self, author: bytes, standing: int, teller: bytes | None) -> Stranger:
        one = self._strangers[author] = Stranger(standing, teller)
        self._given[standing, teller] += 1
        return one

    def _drop(self, author: bytes) -> None:
        one = self._strangers.pop(author, None)
        if one is not None:
            self._uncount(one.standing, one.teller)
            self._cost -= one.cost
            self._sensors -= one.sensors

    def _uncount(self, standing: int, teller: bytes | None) -> None:
        self._given[standing, teller] -= 1
        if not self._given[standing, teller]:
            del self._given[standing, teller]

    def _took_up(self, author: bytes) -> tuple[int, bytes | None]:
        """Remove an author from the admitted newcomers: its standing and teller."""
        standing, teller, _ = self._let_in.pop(author, (-1, None, 0.0))
        if standing < 0:
            return ONE, None
        self._uncount(standing, teller)
        return standing, teller

    def _count_in(self, author: bytes, standing: int, teller: bytes | None) -> None:
        """Count an admitted newcomer from now on, though it is written later."""
        self._let_in[author] = standing, teller, self._now_s() + WRITTEN_S
        self._given[standing, teller] += 1
        if len(self._let_in) > MOST_NOTED:
            self._took_up(next(iter(self._let_in)))

    def _sweep(self) -> None:
        """Remove newcomers that were never written, as their runs did not verify."""
        while self._let_in:
            author, (_, _, until_s) = next(iter(self._let_in.items()))
            if self._now_s() < until_s:
                return
            self._took_up(author)

    def _grow(self, one: Stranger, cost: int, sensors: int) -> None:
        one.cost += cost
        one.sensors += sensors
        self._cost += cost
        self._sensors += sensors

    def _note(self, where: Noted, author: bytes, teller: bytes | None) -> None:
        where[author] = teller, self._now_s() + AGAIN_S
        where.move_to_end(author)
        if len(where) > MOST_NOTED:
            where.popitem(last=False)

    def _newcomer(self, author: bytes, teller: bytes | None) -> None:
        self._sweep()
        if author in self._let_in:
            return
        before = self._refused.get(author)
        several = before is not None and None not in (teller, before[0]) and before[0] != teller
        standing = SEVERAL if several else ONE
        count = len(self._strangers) + len(self._let_in)
        if count >= self._limits.strange_authors or (self._cost >= self._bytes and count):
            low, by = crowd.most_given(self._given)
            mine = self._given[standing, teller] + 1
            if low > standing or (low == standing and self._given[low, by] <= mine):
                self._note(self._refused, author, teller)
                raise RemoteError("no room for more strangers", codes.UNAVAILABLE, MEET_US)
        self._refused.pop(author, None)
        # the eviction follows when it was verified and written
        self._count_in(author, standing, teller)

    def _heard_of(self, one: Stranger, teller: bytes | None) -> None:
        if one.standing == ONE and teller is not None and one.teller != teller:
            self._uncount(one.standing, one.teller)
            one.standing = SEVERAL if one.teller is not None else ONE
            one.teller = teller
            self._given[one.standing, teller] += 1

    def _more(self, one: Stranger, size: int, asked: bool) -> None:
        if one.cost + size > self._bytes // SHARE:
            # unavailable: no lie of the peer that we asked
            code = codes.UNAVAILABLE if asked else codes.TOO_LARGE
            raise RemoteError("as much as is stored of a stranger", code, MEET_US)
        if self._cost >= self._bytes:
            low = min(standing for standing, _ in self._given)
            if low == one.standing and one.cost * len(self._strangers) >= self._cost:
                raise RemoteError("no room for more of strangers", codes.UNAVAILABLE, MEET_US)
