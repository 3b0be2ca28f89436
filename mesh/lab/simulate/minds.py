"""What honest peers of a simulation say of agreements: they propose, answer, leave, and keep to
their word (docs/protocol.md section 13).
"""

import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from mesh.core.errors import LocalError
from mesh.core.kit import Kit
from mesh.core.relations import mark, pact
from mesh.core.relations.agreements import IN_FORCE, OPEN, Agreements
from mesh.core.relations.facts import Caps
from mesh.core.relations.mark import LEAVE, NO, OBJECT, SAY, YES
from mesh.core.relations.pact import PROMISE, RULE, SIDE, WITH
from mesh.core.relations.weighing import state_of
from mesh.lab.simulate.host import LAMP, SENSOR, Host
from mesh.lab.simulate.pretend_relating import Relating
from mesh.lab.simulate.timeline import Timeline

TURN_MS = (1000, 3000)  # from one word of a peer to the next
GOAL = "the seedlings live"
CIRCLES = 2  # that honest peers found, in all
OFFERS = 6  # that a peer makes, in all
FEW = 2  # members below which nobody leaves
Body = dict[int, object]


def write(host: Host, now_ms: int, kind: str, body: object) -> bool:
    """Have a peer write a statement, and sign it soon."""
    part = host.relating
    try:
        seq, _ = host.node.write(now_ms, kind, body)
    except LocalError:  # its feed is full, or has ended
        return False
    if part is not None:
        part.written = seq
    host.node.acting.publish(now_ms)
    return True


def changed(  # noqa: PLR0913, PLR0917 - all that a change says
    kit: Kit,
    agreements: Agreements,
    at: bytes,
    add: list[bytes],
    drop: list[int],
    need: int,
    voids: Sequence[bytes] = (),
) -> Body:
    """The body of a change of a circle's members or rule."""
    members = agreements.members(at) or []
    after = [one for seat, one in enumerate(members) if seat not in drop] + add
    state = state_of(kit, agreements.root(at) or at, after, need)
    few = list(voids)[: pact.MOST_VOIDS]
    return pact.make(within=at, after=at, add=add, drop=drop, need=need, state=state, voids=few)


class Mind:
    """Who decides for an honest peer. `peers`: who may be asked into circles."""

    def __init__(
        self, host: Host, timeline: Timeline, draw: random.Random, peers: list[bytes]
    ) -> None:
        self._host, self._timeline, self._draw, self._peers = host, timeline, draw, peers
        self._every_s = 0

    def plan(self, until_ms: int, write_ms: int) -> None:
        """Say something now and then."""
        self._every_s = max(1, write_ms // 1000)
        at_ms = self._timeline.now + self._draw.randrange(*TURN_MS)
        if at_ms < until_ms:
            self._timeline.at(at_ms, self._turn, until_ms, write_ms)

    def _turn(self, until_ms: int, write_ms: int) -> None:
        self._host.do(self._think)
        self.plan(until_ms, write_ms)

    def _think(self, now_ms: int) -> None:
        part = self._host.relating
        if part is None:
            return
        if part.lost:
            part.recall(now_ms)
        if part.may_speak:
            self._speak(now_ms, part)

    def _speak(self, now_ms: int, part: Relating) -> None:
        places = list(self._places(part))
        if not places and self._host.number == 1 and len(part.agreements.foundings()) < CIRCLES:
            write(self._host, now_ms, pact.NAME, pact.make(need=1, text=GOAL))
            return
        ways: list[tuple[Callable[[Relating, list[bytes]], tuple[str, Body] | None], int]] = [
            (self._answer, 50), (self._change, 14), (self._propose, 12), (self._leave, 4),
            (self._promise, 6), (self._offer, 12), (self._talk, 6),
        ]  # fmt: skip
        way = self._draw.choices([way for way, _ in ways], [weight for _, weight in ways])[0]
        said = way(part, places)
        if said is not None and (said[0] == mark.NAME or part.has_room(said[1])):
            write(self._host, now_ms, *said)

    def _places(self, part: Relating) -> Iterator[bytes]:
        """The versions of circles in which it has a voice at the moment."""
        agreements, me = part.agreements, self._host.public
        for founding in agreements.foundings():
            at, _ = agreements.now(founding)
            if me in (agreements.members(at) or []) and me not in agreements.left(at):
                yield at

    def _often(self, percent: int) -> bool:
        return self._draw.randrange(100) < percent

    def _answer(self, part: Relating, places: list[bytes]) -> tuple[str, Body] | None:
        """Say yes or no to what waits for a word of this peer."""
        agreements, me = part.agreements, self._host.public
        waits = [ref for ref in agreements.pacts if self._waits(agreements, ref, places)]
        if not waits:
            return None
        ref = self._draw.choice(sorted(waits))
        if self._often(12):
            reason = "too early in the year" if self._often(50) else ""
            return mark.NAME, mark.make(ref, NO, reason)
        if agreements.accepted_rivals(ref, me):
            return None
        return mark.NAME, mark.make(ref, YES)

    def _waits(self, agreements: Agreements, ref: bytes, places: list[bytes]) -> bool:
        me, one = self._host.public, agreements.pacts[ref]
        if me in agreements.said(ref, YES) + agreements.said(ref, NO):
            return False
        if one.judged == WITH:
            return me in one.parties
        asked = me in one.add and agreements.holds(one.within or b"")
        return asked or one.within in places

    def _change(self, part: Relating, places: list[bytes]) -> tuple[str, Body] | None:
        """Propose other members, or another rule; or to let those go who left."""
        agreements, draw = part.agreements, self._draw
        if not places or self._is_full(part):
            return None
        at = draw.choice(sorted(places))
        members, left = agreements.members(at) or [], agreements.left(at)
        outside = [peer for peer in self._peers if peer not in members]
        add: list[bytes] = []
        drop: list[int] = []
        if left and self._often(70):
            drop = [seat for seat, one in enumerate(members) if one in left]
            need = (len(members) - len(drop)) // 2 + 1
        else:
            if outside and self._often(80):
                add = draw.sample(outside, min(len(outside), draw.randint(1, 3)))
            elif len(members) > FEW and self._often(40):
                drop = [draw.randrange(len(members))]
            many = len(members) + len(add) - len(drop)
            need = draw.randint(many // 2 + 1, many) if self._often(30) else many // 2 + 1
        rivals = agreements.now(agreements.root(at) or at)[1] if self._often(50) else []
        kit = self._host.node.peer.kit
        return pact.NAME, changed(kit, agreements, at, add, drop, need, rivals)

    def _is_full(self, part: Relating) -> bool:
        """Whether as many proposals of this peer are open as boards take of one."""
        agreements, me = part.agreements, self._host.public
        mine = [ref for ref, by in agreements.authors.items() if by == me]
        mine = [ref for ref in mine if agreements.pacts[ref].judged in (RULE, SIDE)]
        return sum(1 for ref in mine if agreements.state(ref) == OPEN) >= Caps.of_one

    def _propose(self, part: Relating, places: list[bytes]) -> tuple[str, Body] | None:
        """Propose an agreement in a circle, perhaps a trial, or instead of another one."""
        agreements, draw = part.agreements, self._draw
        if not places or self._is_full(part):
            return None
        at = draw.choice(sorted(places))
        root = agreements.root(at)
        there = [
            ref
            for ref, one in agreements.pacts.items()
            if one.judged == SIDE and agreements.root(ref) == root
            if agreements.state(ref) == IN_FORCE
        ]
        after = draw.choice(sorted(there)) if there and self._often(60) else None
        span = [0, draw.randint(5, 30)] if self._often(40) else None
        terms = [["act", LAMP, 0, 1, 60]] if self._often(40) else []
        text = "the lamp is on at night"
        return pact.NAME, pact.make(within=at, after=after, text=text, terms=terms, span=span)

    def _leave(self, part: Relating, places: list[bytes]) -> tuple[str, Body] | None:
        """Leave a circle, or an agreement."""
        agreements, me = part.agreements, self._host.public
        running = [ref for ref, _ in part.running(self._host.now())]
        if running and self._often(50):
            return mark.NAME, mark.make(self._draw.choice(sorted(running)), LEAVE)
        free = [at for at in places if len(agreements.members(at) or []) > FEW]
        free = [at for at in free if not agreements.ties(at, me)]
        return (mark.NAME, mark.make(self._draw.choice(sorted(free)), LEAVE)) if free else None

    def _promise(self, part: Relating, _: list[bytes]) -> tuple[str, Body] | None:
        """Promise readings, instead of what it promised before."""
        agreements, me = part.agreements, self._host.public
        mine = [
            ref
            for ref, one in agreements.pacts.items()
            if one.judged == PROMISE and agreements.authors[ref] == me
            if agreements.state(ref) == IN_FORCE
        ]
        if len(mine) > 1:  # it wrote them with others lost
            return None
        slack = self._draw.choice((10, 50))
        terms: list[list[Any]] = [["every", SENSOR, self._every_s, slack]]
        return pact.NAME, pact.make(after=mine[0] if mine else None, terms=terms)

    def _offer(self, part: Relating, _: list[bytes]) -> tuple[str, Body] | None:
        """Offer an agreement to one peer, perhaps instead of one that it has with it."""
        agreements, me, draw = part.agreements, self._host.public, self._draw
        mine = [ref for ref, by in agreements.authors.items() if by == me]
        if len([ref for ref in mine if agreements.pacts[ref].judged == WITH]) >= OFFERS:
            return None
        there = [
            ref
            for ref, one in agreements.pacts.items()
            if one.judged == WITH and agreements.state(ref) == IN_FORCE
            if me in (agreements.members(ref) or ())
        ]
        known = [peer for ref in sorted(there) for peer in agreements.members(ref) or ()]
        others = [peer for peer in known if peer != me] if self._often(60) else []
        other = draw.choice(others or [peer for peer in self._peers if peer != me])
        after = [ref for ref in there if other in (agreements.members(ref) or ())]
        terms: list[list[Any]] = [["act", LAMP, 0, draw.randint(1, 3), 60]]
        instead = draw.choice(sorted(after)) if after and self._often(70) else None
        body = pact.make(after=instead, terms=terms, parties=[other])
        return None if agreements.bars(pact.check(body), me) else (pact.NAME, body)

    def _talk(self, part: Relating, places: list[bytes]) -> tuple[str, Body] | None:
        """Object to something, or say something of it."""
        agreements = part.agreements
        there = [ref for ref, one in agreements.pacts.items() if one.within in places]
        if not there:
            return None
        word = OBJECT if self._often(60) else SAY
        return mark.NAME, mark.make(self._draw.choice(sorted(there)), word, "it is loud at night")
