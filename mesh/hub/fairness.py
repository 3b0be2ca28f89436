"""Whose questions take how much of the event loop's time, and who waits so that others do not.

Each user has an account of the time that its messages took, which is forgotten within a second or
so. Who is known less waits for who is known better; those who are known as well share alike; and
as long as there is time for all of them, nobody waits.
"""

import ipaddress
import math
import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from typing import NamedTuple

from mesh.core.contacts import Contact
from mesh.hub.interfaces import Address

SPAN_S = 0.5  # of an account: of what was used a second ago, 14% count
IDLE = 0.05  # of the time: as long as others want no more than that, nobody waits for them
LITTLE = 0.02  # of the time: so much may have who was met, as long as few have it
MUCH = 0.08  # of the time: who takes more has to share with those who do
WHOLE = 0.9  # of the time, which those share that want more than there is
WISH_S = 0.01  # what a message counts at least where it is asked whether anybody wants anything
MOST = 4096  # accounts
MOST_WAIT_S = 0.5
LOOK_S = 0.2  # how often it is counted who wants much
DEARER = 4  # times the cost of what turned out to be wrong
NETWORK = 64  # bits of an IPv6 address that one host may choose from (RFC 4291 s.2.5.4)


class Rank(NamedTuple):
    """Parts of the time while those who are known better want much: of one peer, of one host, of
    all of a kind; and how much all strangers may have if they do not.
    """

    name: str
    own: float
    host: float
    kind: float
    idle: float


CHOSEN = Rank("chosen", 1.0, 1.0, 1.0, 1.0)  # by a person: those whom the settings name
MET = Rank("met", 0.08, 0.1, 0.15, 1.0)
STRANGE = Rank("strange", 0.05, 0.05, 0.08, 0.3)
ABOVE = {CHOSEN: (), MET: (CHOSEN,), STRANGE: (CHOSEN, MET)}


class User(NamedTuple):
    """Who is to pay: a peer by its id, or a host by its address."""

    key: bytes | str
    host: str
    rank: Rank


class Account:
    """Seconds that were used, of late."""

    __slots__ = ("_at_s", "_seconds")

    def __init__(self) -> None:
        self._seconds = self._at_s = 0.0

    def part(self, now_s: float) -> float:
        """The part of the time that was used."""
        self._seconds *= math.exp((self._at_s - now_s) / SPAN_S)
        self._at_s = now_s
        return self._seconds / SPAN_S

    def add(self, now_s: float, seconds: float) -> None:
        """So much more was used."""
        self.part(now_s)
        self._seconds += seconds


class Fairness:
    """The accounts of one peer, for its event loop. now_s() is a clock that never goes back."""

    def __init__(
        self, chosen: Collection[bytes] = (), now_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._chosen = frozenset(chosen)
        self._now_s = now_s
        self._users: Mapping[Address, User] = {}
        self._kinds = {rank: Account() for rank in ABOVE}
        self._wishes = {rank: Account() for rank in ABOVE}
        self._accounts: dict[tuple[Rank, bytes | str], Account] = {}
        self._many: Counter[Rank] = Counter()  # hosts, or chosen peers, that want much
        self._looked_s = now_s()
        self.delayed = 0  # messages that had to wait, or were left

    def know(self, contacts: Collection[Contact]) -> None:
        """These peers answered us, each at its address."""
        self._users = {
            contact.address: self.peer(contact.peer, contact.address[0])
            for contact in contacts
            if contact.address is not None
        }

    def peer(self, id: bytes, host: str) -> User:
        """A peer that we met."""
        return User(id, network(host), CHOSEN if id in self._chosen else MET)

    def at(self, source: Address) -> User:
        """Who pays for what comes from an address."""
        return self._users.get(source) or stranger(source[0])

    def wait_s(self, user: User) -> float:
        """How long a user has to wait; 0 if it may be served now."""
        now_s = self._now_s()
        if now_s - self._looked_s >= LOOK_S:
            self._look(now_s)
        over = self._over(user, now_s)
        if over <= 1:
            return 0.0
        self.delayed += 1
        return min(MOST_WAIT_S, SPAN_S * math.log(over))

    def charge(self, user: User, seconds: float, *, failed: bool = False) -> None:
        """A user's message took so long. What failed is charged to its host: whose address it
        came from proves nothing.
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
        """How many times its part a user has."""
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
            return 0.0  # it is alone
        many = self._many[rank]
        left = WHOLE / many if many > 1 else WHOLE - (kind - mine)
        return mine / max(left, MUCH)

    def _used(self, rank: Rank, key: bytes | str, now_s: float) -> float:
        account = self._accounts.get((rank, key))
        return account.part(now_s) if account is not None else 0.0

    def _look(self, now_s: float) -> None:
        """Count those who want much."""
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
    """Who was never met, at an IP address."""
    where = network(host)
    return User(where, where, STRANGE)


def network(host: str) -> str:
    """A host as it is told apart: an IPv4 address, or the 64 bits of an IPv6 network."""
    if ":" not in host:
        return host
    try:
        whole = ipaddress.IPv6Address(host.partition("%")[0])
    except ValueError:
        return host
    if whole.ipv4_mapped is not None:
        return str(whole.ipv4_mapped)
    return str(ipaddress.IPv6Address(int(whole) >> NETWORK << NETWORK))
