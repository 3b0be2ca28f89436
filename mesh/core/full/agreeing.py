"""What the chosen witnesses of a forked feed agree on: which of its histories, and how far."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    # the seq and link that were seen, and who saw it
    Point = tuple[int, bytes, list[bytes]]


WITNESSES = 2  # that agree: one alone may lie, or have been fooled, and few peers chose three
SPAN = 32  # bits of the seqs of one
OF_SPAN = 8  # points of a span: of the highest perhaps nobody has the entries any more
MOST = 64


def agreed(
    statements: "Iterable[tuple[bytes, int, bytes]]", fork: int, witnesses: int = WITNESSES
) -> "list[Point]":
    """The points of the history that counts, the highest first. None if none counts.

    statements: (witness, seq, link), those of one witness in the order in which it made them. A
    statement about the entry at the fork or a later one is for one history. Whoever share one are
    for the same: that of which there are at least so many witnesses, and more than half of all
    who say anything. Of it that counts which so many of them say alike.
    """
    said = _first_said(statements, fork)
    best: list[bytes] = []
    for group in _groups(said):
        if len(group) >= witnesses and 2 * len(group) > len(said):
            best = group
    found: dict[tuple[int, bytes], list[bytes]] = {}
    for who in best:
        for seq, link in said[who].items():
            found.setdefault((seq, link), []).append(who)
    points = [(seq, link, sorted(who)) for (seq, link), who in found.items()]
    return _tops(sorted([point for point in points if len(point[2]) >= witnesses], reverse=True))


def _tops(points: "list[Point]") -> "list[Point]":
    """The highest points of each span in which an author went on, as no other is of use."""
    tops: list[Point] = []
    count = 0
    for point in points:
        is_same = bool(tops) and tops[-1][0] >> SPAN == point[0] >> SPAN
        count = count + 1 if is_same else 1
        if count <= OF_SPAN and len(tops) < MOST:
            tops.append(point)
    return tops


def _first_said(
    statements: "Iterable[tuple[bytes, int, bytes]]", fork: int
) -> "dict[bytes, dict[int, bytes]]":
    """{witness: {seq: link}} from the fork on. What a witness said first counts: whatever it says
    later of the same seq, or of an earlier one, changes nothing.
    """
    said: dict[bytes, dict[int, bytes]] = {}
    highest: dict[bytes, int] = {}
    for who, seq, link in statements:
        if seq > highest.get(who, fork - 1):
            highest[who] = seq
            said.setdefault(who, {})[seq] = link
    return said


def _groups(said: "dict[bytes, dict[int, bytes]]") -> "list[list[bytes]]":
    """The witnesses in groups: two that said the same of one seq are in the same."""
    groups: list[tuple[list[bytes], set[tuple[int, bytes]]]] = []
    for who in sorted(said):
        members, points = [who], set(said[who].items())
        others = []
        for group in groups:
            if points & group[1]:
                members, points = members + group[0], points | group[1]
            else:
                others.append(group)
        groups = others + [(members, points)]
    return [group[0] for group in groups]
