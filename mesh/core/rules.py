"""If this reading, then that actuator: a peer's own rules, each acting on change only."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mesh.core.settings import Rule


class Rules:
    """The rules of a Profile and which of them hold."""

    def __init__(self, rules: "list[Rule]") -> None:
        self._rules = rules
        self._holds: list[bool | None] = [None] * len(rules)

    def judge(self, peer: bytes | None, sensor: str, value: object) -> "list[tuple[str, object]]":
        """What to set, as [(actuator, value)], after a reading of `peer` (None: this peer itself).

        A rule that holds goes on until the value is back by `hysteresis`. Its first judgement is a
        change. A value that it cannot compare changes nothing.
        """
        acts = []
        for i, rule in enumerate(self._rules):
            if rule.peer != peer or rule.sensor != sensor:
                continue
            holds = _holds(rule, value, self._holds[i])
            if holds is None or holds == self._holds[i]:
                continue
            self._holds[i] = holds
            if holds:
                acts.append((rule.actuator, rule.value))
            elif rule.other is not None:
                acts.append((rule.actuator, rule.other))
        return acts


def _holds(rule: "Rule", value: object, held: bool | None) -> bool | None:
    """Whether a rule holds that held before; None if value is nothing to compare."""
    if isinstance(value, str) or isinstance(rule.number, str):
        return bool(value == rule.number) if rule.operator == "equals" else None
    over: float = float(value) - rule.number  # type: ignore[arg-type]
    slack = rule.hysteresis if held else 0
    if rule.operator == "equals":
        return bool(abs(over) <= slack)
    return bool((over if rule.operator == "above" else -over) > -slack)
