"""Byzantine peers that lie about agreements."""

from collections.abc import Sequence
from typing import Any

from mesh.core.errors import LocalError
from mesh.core.relations import mark, pact
from mesh.core.relations.mark import LEAVE, NO, YES
from mesh.lab.simulate import minds
from mesh.lab.simulate.clones import Clone
from mesh.lab.simulate.host import Ground, Host
from mesh.lab.simulate.keys import dice
from mesh.lab.simulate.lying_host import LyingHost
from mesh.lab.simulate.pretend_relating import Relating
from mesh.lab.simulate.scenario import Scenario

TONGUE = 61_000  # first number of those that lie about agreements
FLOOD = 6  # proposals at once, more than boards take of one
COME_MS = 4000  # time within which they start: honest peers are to know them


def plan(
    ground: Ground, hosts: Sequence[Host], kind: str, index: int, scenario: Scenario
) -> LyingHost:
    """Add a liar of a kind to the mesh."""
    draw = dice(scenario.seed, "tongue", index)
    liar = TONGUES[kind](ground, TONGUE + index, hosts, draw)
    ground.timeline.at(draw.randrange(COME_MS), liar.boot)
    liar.plan(scenario.troubled_ms)
    return liar


class TwoTongued(LyingHost):
    """Says yes and no to one thing, yes to rivals, and proposes rivals of its own."""

    def push(self, now_ms: int) -> None:
        """Say something, to gain trust or to lie."""
        part = self.relating
        if part is None or not part.agreements.pacts:
            return
        if self.draw.random() < 0.2:  # noqa: PLR2004
            self.rival(now_ms, part)
        else:
            self.word(now_ms, part)

    def word(self, now_ms: int, part: Relating) -> None:
        """Say a word of anything, mostly yes; join when asked."""
        agreements, draw = part.agreements, self.draw
        asked = [ref for ref, one in agreements.pacts.items() if self.public in one.add]
        new = [ref for ref in asked if self.public not in agreements.said(ref, YES)]
        ref = draw.choice(sorted(new or agreements.pacts))
        word = YES if new else draw.choice((YES, YES, YES, NO, LEAVE))
        minds.write(self, now_ms, mark.NAME, mark.make(ref, word))

    def rival(self, now_ms: int, part: Relating) -> None:
        """Propose something in a place that others want."""
        agreements, draw = part.agreements, self.draw
        at = agreements.now(draw.choice(sorted(agreements.foundings() or agreements.pacts)))[0]
        members = agreements.members(at) or []
        after = [ref for ref, one in agreements.pacts.items() if one.after and one.within]
        if after and draw.random() < 0.5:  # noqa: PLR2004
            one = agreements.pacts[draw.choice(sorted(after))]
            instead = one.after if one.after != one.within else None
            body = pact.make(within=one.within, after=instead, text="no lamp")
        else:
            drop = [draw.randrange(len(members))] if len(members) > 1 else []
            many = len(members) - len(drop)
            need = draw.randint(many // 2 + 1, many) if many else 1
            kit = self.node.peer.kit
            body = minds.changed(kit, agreements, at, [], drop, need)
        minds.write(self, now_ms, pact.NAME, body)


class ForkedTongue(Clone, TwoTongued):
    """Two peers with one key, each of which says what it likes."""

    def _key(self) -> object:
        return "forked tongue"


class Flooder(TwoTongued):
    """Proposes more than anybody takes, and founds circle after circle."""

    def push(self, now_ms: int) -> None:
        """Propose, again and again."""
        super().push(now_ms)
        part, draw = self.relating, self.draw
        if part is None:
            return
        refs = sorted(part.agreements.pacts)
        for _ in range(FLOOD):
            bodies: list[dict[int, object]] = [
                pact.make(need=1, text=f"circle {draw.randrange(1 << 30)}"),
                pact.make(terms=[["answer", draw.randint(1, 1 << 20)]]),
                pact.make(parties=[draw.choice(self.hosts).public], text="an offer"),
            ]
            if refs:
                bodies.append(pact.make(within=draw.choice(refs), text="an aim"))
            minds.write(self, now_ms, pact.NAME, draw.choice(bodies))
            minds.write(self, now_ms, mark.NAME, mark.make(draw.randbytes(32), YES))


class Babbler(TwoTongued):
    """Writes what is no pact and no mark, and changes that do not fit."""

    def push(self, now_ms: int) -> None:
        """Write nonsense, past the check of what may be written."""
        super().push(now_ms)
        body = self._pact() if self.draw.random() < 0.6 else self._mark()  # noqa: PLR2004
        kind = pact.NAME if isinstance(body, dict) and 5 in body else mark.NAME  # noqa: PLR2004
        try:
            self.node.peer.feeds.own.append([0, 1, 1, None], kind, body)
        except LocalError:
            return  # its feed is full
        self.node.acting.publish(now_ms)

    def _pact(self) -> Any:  # noqa: ANN401
        draw, part = self.draw, self.relating
        refs = sorted(part.agreements.pacts) if part is not None else []
        at = draw.choice([*refs, draw.randbytes(32)])
        members = (part.agreements.members(at) or [self.public]) if part is not None else []
        body: dict[int, object] = {1: at, 2: at, 5: draw.choice((0, 1, 2, 5, 32, 33, -1, "all"))}
        body[9] = draw.choice((draw.randbytes(32), b"", None))
        body[3] = draw.choice(([], [draw.choice(members)], [draw.randbytes(32)] * 2, 7))
        body[4] = draw.choice(([31], [0, 0], [2, 1], None, "0"))
        kept = draw.sample(sorted(body), draw.randint(1, len(body)))
        return {key: body[key] for key in [*kept, 5]}

    def _mark(self) -> Any:  # noqa: ANN401
        draw = self.draw
        word = draw.choice((YES, NO, 256, -1, None, "yes", 200))
        ref = draw.choice((draw.randbytes(32), b"", draw.randbytes(31), 7))
        return draw.choice(({1: ref, 2: word}, {1: ref}, [ref, word], "yes", None, {2: word}))


TONGUES: dict[str, type[LyingHost]] = {
    "two-tongued": TwoTongued,
    "forked tongue": ForkedTongue,
    "proposer": Flooder,
    "babbler": Babbler,
}
