"""What agreements change here: rules, how often sensors are read, and who may set actuators.

Only those that this peer itself accepted, as long as they run, and only within the bounds that
its holder wrote down in the setting `consent`.
"""

from mesh.core import codes
from mesh.core.errors import RemoteError
from mesh.core.kit import nothing
from mesh.core.policy.consent_rows import ACT, EVERY, NEVER, WHEN, allowing, named, number
from mesh.core.policy.rules import Rule, Rules
from mesh.core.relations.lent import Lent
from mesh.core.relations.pact import FOUNDING, PROMISE, WITH

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from mesh.core.policy.consent_rows import Row
    from mesh.core.relations.agreements import Agreements
    from mesh.core.relations.pact import Pact

    Running = list[tuple[bytes, Pact]]

MOST_TOLD = 1024  # bytes of the field at /peer


class Effects:
    """See above; a part of a node. `rows`: of the setting. `pace(now_ms, {sensor: ms})` sets how
    often sensors are read; those that are not in it, as their own settings say.
    """

    def __init__(
        self,
        node: "Any",  # noqa: ANN401 - a Node
        agreements: "Agreements",
        rows: "list[Row]",
        pace: "Callable[[int, dict[str, int]], object]" = nothing,
    ) -> None:
        self._node = node
        self._peer = node.peer
        self._agreements = agreements
        self._rows = rows
        self._pace = pace
        self._paces: dict[str, int] = {}
        self._grants: list[tuple[bytes, list[Any], list[bytes]]] = []  # ref, term, who may
        self._rules: list[Rule] = []
        self._applied: list[tuple[bytes, list[Any]]] = []
        self._judging = Rules([])
        self.lent = Lent(node)
        node.peer.provide(did=self._did)
        if node.acting.rules is not None:
            node.acting.rules.also(self._judge)

    def changed(self, now_ms: int, running: "Running") -> None:
        """Apply what runs now, and nothing else."""
        grants, rules, applied = [], [], []
        paces: dict[str, int] = {}
        for ref, pact in running:
            terms = [] if pact.judged in (FOUNDING, PROMISE) else pact.terms
            for term in terms:
                who = self._may_set(ref, pact, term) if term[0] == ACT else []
                if not (who or self._applies(ref, pact, term)):
                    continue
                applied.append((ref, term))
                if who:
                    grants.append((ref, term, who))
                elif term[0] == WHEN:
                    rules.append(self._rule(term))
                else:
                    paces[term[1]] = min(1000 * term[2], paces.get(term[1], 1000 * term[2]))
        self._grants = grants
        if paces != self._paces:
            self._paces = paces
            self._pace(now_ms, paces)
        self.lent.keep_loans(now_ms, [ref for ref, _, _ in grants])
        self._judge_by(now_ms, rules)
        self._applied = applied
        self._tell()

    def _allowed(self, pact: "Pact", term: "list[Any]", peers: "list[bytes]") -> bool:
        row = allowing(self._rows, peers, term, pact.end_s)
        return row is not None and row.answer != NEVER

    def _may_set(self, ref: bytes, pact: "Pact", term: "list[Any]") -> "list[bytes]":
        """Who may set an actuator by a term: each of the others whom our own rows allow it. In a
        circle that is who belongs to it now.
        """
        facts = self._agreements
        at = ref if pact.judged == WITH else facts.root(ref)
        if at is None or term[1] not in self._peer.actuators:
            return []
        at = facts.now(at)[0] if pact.judged != WITH else at
        left = facts.left(at) + [self._peer.id]
        return [
            peer
            for peer in facts.members(at) or []
            if peer not in left and self._allowed(pact, term, [peer])
        ]

    def _applies(self, ref: bytes, pact: "Pact", term: "list[Any]") -> bool:
        """Whether a rule or a pace is about what this peer has, and within the bounds."""
        has = False
        if term[0] == WHEN:
            has = term[5] in self._peer.actuators and self._node.acting.rules is not None
        elif term[0] == EVERY:
            has = term[1] in self._peer.sensors
        author = self._agreements.authors[ref]
        return has and self._allowed(pact, term, [] if author == self._peer.id else [author])

    def _rule(self, term: "list[Any]") -> Rule:
        _, peer, sensor, side, bound, actuator, value, other = term[:8]
        own = peer is None or peer == self._peer.id
        return Rule(None if own else peer, sensor, side, bound, 0, actuator, value, other)

    def _judge_by(self, now_ms: int, rules: "list[Rule]") -> None:
        """Judge by these rules from now on, at once what is measured here already."""
        new = [rule for rule in rules if rule not in self._rules]
        gone = [rule.actuator for rule in self._rules if rule not in rules]
        self._rules = rules
        self._judging.replace(rules)
        for name in gone:
            self._judging.wishes.pop(name, None)
            self._judging.forget(name)
        for name in sorted({r.sensor for r in rules if r in new or r.actuator in gone}):
            sensor = self._peer.sensors.get(name)
            if sensor is not None and sensor.value is not None and sensor.error is None:
                self._judge(None, name, sensor.value)
        stays = list(self._judging.wishes) + [r.actuator for r in rules if r.actuator not in gone]
        for name in self.lent.keep_rules(now_ms, stays):
            self._node.acting.rules.forget(name)  # the own rules decide anew

    def _judge(self, peer: "bytes | None", sensor: str, value: object) -> None:
        """Judge a reading by the rules of agreements. What they want is done at the next tick."""
        self._judging.wishes.update(self._judging.judge(peer, sensor, value))

    def granted(self, actuator: str, who: "bytes | None") -> bool:
        """Whether an agreement lets `who` set an actuator, within some bounds."""
        return True in [term[1] == actuator and who in peers for _, term, peers in self._grants]

    def lend(self, now_ms: int, actuator: str, value: object, who: bytes) -> None:
        """Set an actuator for a peer, by the agreement that gives it the longest time. RemoteError
        if the value is out of bounds, or cannot be set.
        """
        told, best = [], None
        found = number(value)
        for ref, term, peers in self._grants:
            if term[1] == actuator and who in peers:
                told.append(f"{term[2]} to {term[3]}")
                good = found is not None and term[2] <= found <= term[3]
                if good and (best is None or term[4] > best[1]):
                    best = ref, term[4]
        if best is None:
            what = f"by agreement it can be set from {' or '.join(told)}"
            raise RemoteError(what, codes.FORBIDDEN, "`mesh ask` for more")
        if self._peer.actuators[actuator][1] is None:
            what = "its present value is unknown, so it could not be put back"
            raise RemoteError(what, codes.UNAVAILABLE)
        try:
            self.lent.lend(now_ms, actuator, value, who, (now_ms + 1000 * best[1], best[0]))
        finally:  # as there
            self._tell()

    def _did(self, now_ms: int, actuator: str, value: object, by: "bytes | None") -> None:
        self._node.acting.did(now_ms, actuator, value, by)
        if not self.lent.did(actuator, value, by):
            # its holder, or an own rule, wants something else after the same reading
            self._judging.wishes.pop(actuator, None)
            self._tell()

    def wake_at(self) -> "int | None":
        """When to call tick next, in ms, or None."""
        return 0 if self._judging.wishes else self.lent.due_ms()

    def tick(self, now_ms: int) -> None:
        """Do what rules want, and put back what is over."""
        wishes = self._judging.wishes
        for name in sorted(wishes):
            self._peer.kit.guard("agreement", self.lent.rule, now_ms, name, wishes.pop(name))
        due_ms = self.lent.due_ms()
        if due_ms is not None and now_ms >= due_ms:
            self.lent.tick(now_ms)
            self._tell()

    def _tell(self) -> None:
        """Tell at /peer what runs here, but of what is not shared with all: [[ref, term, None or
        [who set it, value, until which second of the uptime]]].
        """
        found: list[object] = []
        size = 0
        for ref, term in self._applied:
            loan = self.lent.loans.get(term[1])
            lent = None
            if term[0] == ACT and loan is not None and loan.ref == ref:
                lent = [loan.by, loan.value, loan.until_ms // 1000]
            one = [ref, term, lent]
            size += len(self._peer.kit.encode(one))
            if size <= MOST_TOLD and self._is_open(term):
                found.append(one)
        if found:
            self._peer.more["agreed"] = found
        else:
            self._peer.more.pop("agreed", None)

    def _is_open(self, term: "list[Any]") -> bool:
        is_open = self._peer.access.is_open
        if term[0] == EVERY:
            return bool(is_open("/sensors/" + term[1]))
        return bool(is_open("/actuators/" + str(named(term))))
