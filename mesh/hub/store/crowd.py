"""Eviction of strangers from a store: how well each is known, and which are dropped first."""

import heapq
from collections import defaultdict
from collections.abc import Mapping

from mesh.core.policy.settings import Profile

# standing: told of by one peer, by several; met; chosen by a person
ONE, SEVERAL, MET, CHOSEN = range(4)

Given = Mapping[tuple[int, bytes | None], int]


def chosen(profile: Profile) -> set[bytes]:
    """The peers that a person chose: all that the settings name."""
    found = {who for who in profile.follow if isinstance(who, bytes) and who != b"*"}
    found |= {who for rule in profile.keep for who in rule.who or ()}
    found |= {who for who, _ in profile.peers if who is not None}
    found |= {rule.peer for rule in profile.rules if rule.peer is not None}
    found |= set(profile.names.values()) | set(profile.updates) | set(profile.settings_from)
    found |= set(profile.relations)
    if profile.introduced_by is not None:
        found.add(profile.introduced_by)
    return found


class Stranger:
    """A stranger in the store. `cost`: estimated bytes on disk; `teller`: the peer that told of
    it, if that was met.
    """

    __slots__ = ("cost", "sensors", "standing", "teller")

    def __init__(self, standing: int, teller: bytes | None) -> None:
        self.standing = standing
        self.teller = teller
        self.cost = self.sensors = 0


def most_given(given: Given) -> tuple[int, bytes | None]:
    """The lowest standing of any stranger, and the teller that has most with it."""
    low = min(standing for standing, _ in given)
    some = [(count, by) for (standing, by), count in given.items() if standing == low]
    return low, max(some, key=lambda pair: pair[0])[1]


def newest_of_most(strangers: Mapping[bytes, Stranger], count: int) -> list[bytes]:
    """Choose `count` of the least known strangers: each time the newest one of the teller that has
    most.

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
    """Choose of the least known strangers those that cost most, until `surplus` bytes are
    freed.
    """
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
