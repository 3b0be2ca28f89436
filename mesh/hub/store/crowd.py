"""Strangers of whom a store keeps something: how well each is known, and who goes first."""

import heapq
from collections import defaultdict
from collections.abc import Mapping

from mesh.core.settings import Profile

ONE, SEVERAL, MET, CHOSEN = range(4)  # standing: told of by one, by several; met; by a person

Given = Mapping[tuple[int, bytes | None], int]


def chosen(profile: Profile) -> set[bytes]:
    """Whom a person chose: everybody whom the settings name."""
    found = {who for who in profile.follow if isinstance(who, bytes) and who != b"*"}
    found |= {who for rule in profile.keep for who in rule.who or ()}
    found |= {who for who, _ in profile.peers if who is not None}
    found |= {rule.peer for rule in profile.rules if rule.peer is not None}
    found |= set(profile.names.values()) | set(profile.updates) | set(profile.settings_from)
    if profile.introduced_by is not None:
        found.add(profile.introduced_by)
    return found


class Stranger:
    """What is kept of one: `cost` in bytes on disk, about; `teller`: who told of it, if we met
    that one.
    """

    __slots__ = ("cost", "sensors", "standing", "teller")

    def __init__(self, standing: int, teller: bytes | None) -> None:
        self.standing = standing
        self.teller = teller
        self.cost = self.sensors = 0


def most_given(given: Given) -> tuple[int, bytes | None]:
    """The lowest standing that any has, and who told of most that have it."""
    low = min(standing for standing, _ in given)
    some = [(count, by) for (standing, by), count in given.items() if standing == low]
    return low, max(some, key=lambda pair: pair[0])[1]


def newest_of_most(strangers: Mapping[bytes, Stranger], count: int) -> list[bytes]:
    """So many of those who are known least, each the newest of who told of most.

    `strangers` has the oldest first.
    """
    groups: dict[tuple[int, bytes | None], list[bytes]] = defaultdict(list)
    if count > 0:
        for author, one in strangers.items():
            groups[one.standing, one.teller].append(author)
    heap = [(low, -len(some), n, some) for n, ((low, _), some) in enumerate(groups.items())]
    heapq.heapify(heap)
    out: list[bytes] = []
    while heap and len(out) < count:
        low, _, n, some = heapq.heappop(heap)
        out.append(some.pop())
        if some:
            heapq.heappush(heap, (low, -len(some), n, some))
    return out


def dearest(strangers: Mapping[bytes, Stranger], surplus: int) -> list[bytes]:
    """Those who are known least and cost most, until so many bytes are given back."""
    out: list[bytes] = []
    if surplus <= 0:
        return out
    for author, one in sorted(
        strangers.items(), key=lambda pair: (pair[1].standing, -pair[1].cost)
    ):
        if surplus <= 0:
            break
        surplus -= one.cost
        out.append(author)
    return out
