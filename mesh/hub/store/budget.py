"""How much is kept of those whom nobody chose and nobody met: in all, of each, and a second.

Keys cost nothing, so what one of them may have, all of them may have together. Who is known least
goes first; of those who are known as little, whoever came from the peer that told of most, and the
one that costs most.
"""

import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Collection, Iterable

from mesh.core.errors import RemoteError
from mesh.core.limits import Limits
from mesh.hub.store import crowd
from mesh.hub.store.crowd import CHOSEN, MET, ONE, SEVERAL, Stranger
from mesh.hub.store.floor import Floor
from mesh.hub.store.flow import Flow

MEGABYTE = 1_000_000
SHARE = 8  # no stranger has more than that part of the budget
TOLD = 16  # so much more a second is taken from each peer whom we met
AGAIN_S = 60.0  # after which a stranger who was refused may be asked for anew
MOST_NOTED = 4096  # strangers who were refused, or let in and not yet written
MOST_MET = 4  # times limits.peers: who is met after that stays a stranger, unless chosen
MOST_OF_HOST = 256  # that are met at one IP address
TOO_MANY, BUSY, TOO_LARGE = 0x9D, 0xA3, 0x8D  # 4.29, 5.03, 4.13
UNLIMITED = Limits(
    strange_mb=1 << 30, strange_authors=1 << 30, strange_sensors=1 << 30, strange_kb_s=1 << 30
)
MEET_US = "answer when we ask you for /peer; or have our holder put you into follow or keep"

Noted = OrderedDict[bytes, tuple[bytes | None, float]]  # author -> who told of it, until when


class Budget:
    """Decides for a store; any thread may ask. `chosen` are those whom a person chose.

    gone(author) is called, in the writing thread, for who was dropped to make room. now_s() is a
    clock that never goes back.
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
        self._told: OrderedDict[bytes, Flow] = OrderedDict()  # of each who told something
        self._lock = threading.RLock()
        self._strangers: dict[bytes, Stranger] = {}
        self._given: Counter[tuple[int, bytes | None]] = Counter()  # by standing and teller
        self._met: set[bytes] = set()
        self._hosts: Counter[str] = Counter()  # how many were met at each
        self._refused: Noted = OrderedDict()
        self._let_in: Noted = OrderedDict()
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
        """Learn what is in the store: (author, standing, cost, sensors) of each, oldest first."""
        with self._lock:
            tellers = {author: one.teller for author, one in self._strangers.items()}
            self._strangers.clear()
            self._given.clear()
            self._cost = self._sensors = 0
            for author, standing, cost, sensors in rows:
                if standing >= MET:
                    self._met.add(author)
                if self.standing(author) < MET:
                    one = self._add(author, min(standing, SEVERAL), tellers.get(author))
                    self._grow(one, cost, sensors)

    def meet(self, author: bytes, host: str) -> bool:
        """Note that a peer answered, signed, at an address; whether that makes it one we met.

        Of a crowd at one IP address, or after very many, more are not counted as met.
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
            self._refused.pop(author, None)
            return True

    def wanted(self, author: bytes) -> bool:
        """Whether it is of use to ask others for what an author wrote: it was not just refused."""
        if author in self._strangers or self.standing(author) >= MET:
            return True
        refused = self._refused.get(author)
        return refused is None or self._now_s() >= refused[1]

    def admit(self, author: bytes, size: int, teller: bytes | None, *, asked: bool) -> None:
        """Let in `size` bytes of an author's, which `teller` gave, before they are checked;
        `asked`: we asked for them. RemoteError says why not, and what would help.
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
                raise RemoteError("more than we take in that time", TOO_MANY, MEET_US)
            one = self._strangers.get(author)
            if one is not None:
                self._heard_of(one, by)
                self._more(one, size, asked)
            elif standing < MET:
                self._newcomer(author, by)

    def spent(self, author: bytes, cost: int, sensors: int) -> None:
        """So much more is in the store."""
        with self._lock:
            one = self._strangers.get(author)
            if one is None and self.standing(author) < MET:
                teller, standing = self._let_in.pop(author, (None, ONE))
                one = self._add(author, int(standing), teller)
            if one is not None:
                self._grow(one, cost, sensors)

    def takes_sensor(self, author: bytes, has: int, more: int = 0) -> bool:
        """Whether an author that has so many sensors may have one more, where so many `more` of
        all are about to be written.
        """
        if has >= self._limits.author_sensors:
            return False
        known = self.standing(author) >= MET
        return known or self._sensors + more < self._limits.strange_sensors

    def surplus(self) -> list[bytes]:
        """Who has to go, as more is kept of strangers than should be."""
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
        """How many strangers something is kept of, how many bytes on disk, and their sensors."""
        return len(self._strangers), self._cost, self._sensors

    # inside, with the lock

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
            self._uncount(one)
            self._cost -= one.cost
            self._sensors -= one.sensors

    def _uncount(self, one: Stranger) -> None:
        self._given[one.standing, one.teller] -= 1
        if not self._given[one.standing, one.teller]:
            del self._given[one.standing, one.teller]

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
        before = self._refused.get(author)
        several = before is not None and None not in (teller, before[0]) and before[0] != teller
        standing = SEVERAL if several else ONE
        full = len(self._strangers) >= self._limits.strange_authors or self._cost >= self._bytes
        if full and self._strangers:
            low, by = crowd.most_given(self._given)
            mine = self._given[standing, teller] + 1
            if low > standing or (low == standing and self._given[low, by] <= mine):
                self._note(self._refused, author, teller)
                raise RemoteError("no room for more whom we do not know", BUSY, MEET_US)
        self._refused.pop(author, None)
        # who goes for it goes once it was checked and written
        self._let_in[author] = teller, standing
        if len(self._let_in) > MOST_NOTED:
            self._let_in.popitem(last=False)

    def _heard_of(self, one: Stranger, teller: bytes | None) -> None:
        if one.standing == ONE and teller is not None and one.teller != teller:
            self._uncount(one)
            one.standing = SEVERAL if one.teller is not None else ONE
            one.teller = teller
            self._given[one.standing, teller] += 1

    def _more(self, one: Stranger, size: int, asked: bool) -> None:
        if one.cost + size > self._bytes // SHARE:
            code = BUSY if asked else TOO_LARGE  # it is no lie of who was asked
            raise RemoteError("as much as is kept of whom we do not know", code, MEET_US)
        if self._cost >= self._bytes:
            low = min(standing for standing, _ in self._given)
            if low == one.standing and one.cost * len(self._strangers) >= self._cost:
                raise RemoteError("no room for more of whom we do not know", BUSY, MEET_US)
