"""What of the agreements runs here: in force, accepted by this peer itself, and not over.

What has an end ends by this peer's own clock; what is over is forgotten when there is no room.
"""

from mesh.core.relations.agreements import IN_FORCE, MISFIT, OPEN, REFUSED
from mesh.core.relations.clocks import between
from mesh.core.relations.mark import LEAVE, NO
from mesh.core.relations.pact import FOUNDING, PROMISE, WITH
from mesh.core.relations.taking import Heeding

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from mesh.core.relations.agreements import Agreements
    from mesh.core.relations.pact import Pact

TIDY_MS = 2000  # from one look for what is over to the next
SHARE = 8  # of a span: so much of it each start takes that cannot tell how long it was away


class Running(Heeding):
    """See above; `due_ms`: when the next one ends, or None."""

    def __init__(self, agreements: "Agreements", me: bytes, peers: "list[bytes]") -> None:
        super().__init__(agreements, me, peers)
        # when what has an end ends: [ms of this start, Unix ms or None, whether of a former start]
        self._ends: dict[bytes, list[Any]] = {}
        self._tidy_ms = 0
        self._now_ms = 0
        self.due_ms: int | None = 0

    def running(self, now_ms: int) -> "list[tuple[bytes, Pact]]":
        """What is in force, accepted by this peer itself and not ended by its own clock, as
        [(ref, pact)] in order.
        """
        held = self.agreements.pacts
        return [(ref, held[ref]) for ref in sorted(held) if self._runs(now_ms, ref)]

    def _runs(self, now_ms: int, ref: bytes) -> bool:
        if self.agreements.pacts[ref].judged == FOUNDING or not self.accepted(ref):
            return False
        return self.agreements.state(ref) == IN_FORCE and not self.is_over(now_ms, ref)

    def is_over(self, now_ms: int, ref: bytes) -> bool:
        """Whether an agreement with an end has ended, by this peer's clock."""
        end = self._ends.get(ref)
        return end is not None and now_ms >= end[0]

    def _due(self, at_ms: int) -> None:
        self.due_ms = at_ms if self.due_ms is None else min(self.due_ms, at_ms)

    def _set_ends(self, now_ms: int, stamp: "list[Any]") -> None:
        """Set when what runs from now on ends, and look at what was begun in a former start."""
        held = self.agreements.pacts
        for ref in held:
            end_s = held[ref].end_s
            if end_s is not None and ref not in self._ends and self._runs(now_ms, ref):
                self._ends[ref] = self._end(now_ms, ref, end_s, stamp)
        for ref in [ref for ref in self._ends if ref not in held]:
            del self._ends[ref]
        for end in self._ends.values():
            if end[2] and end[1] is not None and stamp[3] is not None:
                end[0] = min(end[0], now_ms + max(0, end[1] - stamp[3]))
                end[2] = False
            if end[0] > now_ms:
                self._due(end[0])

    def _end(self, now_ms: int, ref: bytes, end_s: int, stamp: "list[Any]") -> "list[Any]":
        """When an agreement ends that begins now; of one that was accepted in a former start, and
        of which nothing was remembered: that long after our yes, or at once if that is not known.
        """
        left_ms = 1000 * end_s
        said = self.said.get(ref)
        if said is not None and said[1] != stamp[1]:
            passed_ms = between(said, stamp)
            left_ms = 0 if passed_ms is None else max(0, left_ms - passed_ms)
        self._changed(self.me)  # to be remembered at once
        unix_ms = stamp[3]
        return [now_ms + left_ms, None if unix_ms is None else unix_ms + left_ms, False]

    def make_room(self) -> bool:
        """As in Heeding; seldom, as all is looked through."""
        if self._now_ms < self._tidy_ms:
            return False
        self._tidy_ms = self._now_ms + TIDY_MS
        facts, going = self.agreements, True
        while going:
            needed = set()
            for pact in facts.pacts.values():
                needed |= {pact.within, pact.after}
            idle = [ref for ref in sorted(facts.pacts) if ref not in needed and self._is_idle(ref)]
            for ref in idle:
                self.drop(ref)
            going = bool(idle)
        return True

    def _is_idle(self, ref: bytes) -> bool:
        """Whether an agreement means nothing to this peer any more."""
        facts, pact = self.agreements, self.agreements.pacts[ref]
        state = facts.state(ref)
        if state in (REFUSED, MISFIT) or self.is_over(self._now_ms, ref):
            return True
        if pact.judged in (PROMISE, WITH):
            return bool(facts.said(ref, LEAVE)) or (state != OPEN and not self.accepted(ref))
        root = facts.root(ref)
        return root is not None and not (self.is_member(ref) or self._is_asked(root))

    def _is_asked(self, root: bytes) -> bool:
        """Whether this peer is asked into a circle, and did not say no."""
        facts, me = self.agreements, self.me
        for ref, pact in facts.pacts.items():
            is_open = me in pact.add and facts.root(ref) == root and facts.state(ref) == OPEN
            if is_open and me not in facts.said(ref, NO):
                return True
        return False

    def begin(self, now_ms: int) -> None:
        """Count what was restored from now on."""
        for end in self._ends.values():
            end[0] += now_ms

    def kept(self) -> "list[Any]":
        """As in Heeding."""
        now_ms = self._now_ms
        ends = [
            [ref, max(0, self._ends[ref][0] - now_ms), self._ends[ref][1]]
            for ref in sorted(self._ends)
        ]
        return super().kept() + [ends]

    def restore(self, kept: "list[Any]") -> None:
        """As in Heeding."""
        super().restore(kept[:-1])
        for ref, left_ms, unix_ms in kept[-1]:
            span_ms = 1000 * (self.agreements.pacts[ref].end_s or 0)
            self._ends[ref] = [max(0, left_ms - span_ms // SHARE), unix_ms, True]
        self._changed(self.me)  # so that it is stored with what this start took of it
