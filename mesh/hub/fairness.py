"""Fair scheduling of requests: shares the event loop's time, and delays users above their share.

Each user has an account of the time spent on its messages, which decays within about a second.
Users known less wait for users known better, users known equally well share equally, and while
there is time for all, nobody waits.
"""

import ipaddress
import math
import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from typing import NamedTuple

from mesh.core.discovery.contact import Contact
from mesh.hub.net.interfaces import Address
from mesh.hub.transports import Stream

SPAN_S = 0.5  # time constant of accounts: time used a second ago counts 14%
IDLE = 0.05  # share of the time: others who want less than this delay nobody
LITTLE = 0.02  # share that a peer that was met may have, while few want it
MUCH = 0.08  # share above which a user competes with others above it
WHOLE = 0.9  # share of the time that is divided under contention
WISH_S = 0.01  # least time that a message counts, to see who wants any
MOST = 4096  # accounts
MOST_WAIT_S = 0.5
LOOK_S = 0.2  # how often users above MUCH are counted
DEARER = 4  # factor on the cost of a failed message
NETWORK = 64  # prefix bits: a host may choose any address in its /64 (RFC 4291 s.2.5.4)


class Rank(NamedTuple):
    """Shares of the event loop's time under contention: of one peer, of one host, of all of a
    rank; and `idle`, the share of all strangers without contention.
    """

    name: str
    own: float
    host: float
    kind: float
    idle: float


CHOSEN = Rank("chosen", 1.0, 1.0, 1.0, 1.0)  # by a person: peers named in the settings
MET = Rank("met", 0.08, 0.1, 0.15, 1.0)
STRANGE = Rank("strange", 0.05, 0.05, 0.08, 0.3)
ABOVE = {CHOSEN: (), MET: (CHOSEN,), STRANGE: (CHOSEN, MET)}


class User(NamedTuple):
    """Who is charged for a request: a peer, by its id, or a host, by its address."""

    key: bytes | str
    host: str
    rank: Rank


class Account:
    """Recently used time of a user, in seconds, with exponential decay."""

    __slots__ = ("_at_s", "_seconds")

    def __init__(self) -> None:
        self._seconds = self._at_s = 0.0

    def part(self, now_s: float) -> float:
        """The share of the time that was used."""
        self._seconds *= math.exp((self._at_s - now_s) / SPAN_S)
        self._at_s = now_s
        return self._seconds / SPAN_S

    def add(self, now_s: float, seconds: float) -> None:
        """Add used time."""
        self.part(now_s)
        self._seconds += seconds


class Fairness:
    """The accounts of one peer, for its event loop. now_s() is a monotonic clock."""

    def __init__(
        self, chosen: Collection[bytes] = (), now_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._chosen = frozenset(chosen)
        self._now_s = now_s
        self._users: Mapping[Address, User] = {}
        self._kinds = {rank: Account() for rank in ABOVE}
        self._wishes = {rank: Account() for rank in ABOVE}
        self._accounts: dict[tuple[Rank, bytes | str], Account] = {}
        self._many: Counter[Rank] = Counter()  # number of hosts, or chosen peers, above MUCH
        self._looked_s = now_s()
        self.delayed = 0  # messages that were delayed or dropped

    def know(self, contacts: Collection[Contact]) -> None:
        """Set the peers that have answered, each at its address."""
        self._users = {
            contact.address: self.peer(contact.peer, contact.address[0])
            for contact in contacts
            if contact.address is not None
        }

    def peer(self, id: bytes, host: str) -> User:
        """The user for a peer that was met."""
        return User(id, network(host), CHOSEN if id in self._chosen else MET)

    def at(self, source: Address) -> User:
        """The user to charge for a message from an address."""
        if isinstance(source, Stream) and source.peer is not None:
            return self.peer(source.peer, source[0])
        return self._users.get(source) or stranger(source[0])

    def wait_s(self, user: User) -> float:
        """How long a user has to wait, in seconds; 0 if it may be served now."""
        now_s = self._now_s()
        if now_s - self._looked_s >= LOOK_S:
            self._look(now_s)
        over = self._over(user, now_s)
        if over <= 1:
            return 0.0
        self.delayed += 1
        return min(MOST_WAIT_S, SPAN_S * math.log(over))

    def charge(self, user: User, seconds: float, *, failed: bool = False) -> None:
        """Charge the time that a message took. A failed one is charged to the host, as its sender
        is not proven.
        """
        now_s = self._now_s()
        if failed:
            user, seconds = stranger(user.host), seconds * DEARER
        self._kinds[user.rank].add(now_s, seconds)
        self._wishes[user.rank].add(now_s, max(seconds, WISH_S))
        for key in {user.key, user.host}:
            account = self._accounts.get((user.rank, key))
            if account is None:
                account = self._open((user.rank, key), now_s)
            account.add(now_s, seconds)

    def _over(self, user: User, now_s: float) -> float:
        """How many times its share a user has."""
        rank = user.rank
        own, host = self._used(rank, user.key, now_s), self._used(rank, user.host, now_s)
        kind = self._kinds[rank].part(now_s)
        above = sum(self._wishes[one].part(now_s) for one in ABOVE[rank])
        if rank is MET and own <= LITTLE and kind <= rank.kind:
            return 0.0
        if above > IDLE:
            return max(own / rank.own, host / rank.host, kind / rank.kind)
        if rank is STRANGE:
            return kind / rank.idle
        mine = own if rank is CHOSEN else host
        if kind - mine + above <= LITTLE:
            return 0.0  # no other user
        many = self._many[rank]
        left = WHOLE / many if many > 1 else WHOLE - (kind - mine)
        return mine / max(left, MUCH)

    def _used(self, rank: Rank, key: bytes | str, now_s: float) -> float:
        account = self._accounts.get((rank, key))
        return account.part(now_s) if account is not None else 0.0

    def _look(self, now_s: float) -> None:
        """Count the users above MUCH."""
        self._looked_s = now_s
        self._many = Counter(
            rank
            for (rank, key), account in self._accounts.items()
            if isinstance(key, bytes) == (rank is CHOSEN) and account.part(now_s) > MUCH
        )

    def _open(self, key: tuple[Rank, bytes | str], now_s: float) -> Account:
        if len(self._accounts) >= MOST:
            rows = sorted(self._accounts.items(), key=lambda row: -row[1].part(now_s))
            self._accounts = dict(rows[: MOST // 2])
        account = self._accounts[key] = Account()
        return account


def stranger(host: str) -> User:
    """The user for an IP address without a known peer."""
    where = network(host)
    return User(where, where, STRANGE)


def network(host: str) -> str:
    """The key of a host: its IPv4 address, or its IPv6 network (/64)."""
    if ":" not in host:
        return host
    try:
        whole = ipaddress.IPv6Address(host.partition("%")[0])
    except ValueError:
        return host
    if whole.ipv4_mapped is not None:
        return str(whole.ipv4_mapped)
    return str(ipaddress.IPv6Address(int(whole) >> NETWORK << NETWORK))
