"""Local rules: when a reading passes a bound, set an actuator. Only changes trigger an action."""

from collections import namedtuple

from mesh.core.kit import nothing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


# peer: id, None for this peer itself; operator: "above" | "below" | "equals"; other: value or None
Rule = namedtuple(
    "Rule", ("peer", "sensor", "operator", "number", "hysteresis", "actuator", "value", "other")
)


def read(
    profile: "Any",  # noqa: ANN401 - with its sensors and actuators
    rules: "list[dict[str, Any]]",
    ids_of: "Callable[[Any, Any, str], list[bytes]]",
    chip_of: "Callable[[Any, str], str]",
) -> list[Rule]:
    """Check the rules in settings. The sensors and actuators have to be in `profile` already.

    ids_of(profile, names, path): ids of peers; chip_of(profile, reading): the sensor that gives a
    reading. LocalError begins with the path of what is wrong.
    """
    # a board unloads that module once it has read its settings
    from mesh.core.policy.checking import fail, word  # noqa: PLC0415

    made = []
    for i, rule in enumerate(rules):
        path = f"rules[{i}]"
        peer, _, sensor = rule.get("when", "").partition("/")
        operators = [o for o in ("above", "below", "equals") if o in rule]
        if not sensor or len(operators) != 1 or "to" not in rule:
            fail(path, rule, "a rule: when (PEER/SENSOR), above or below or equals, set, to")
        who: bytes | None = None
        if peer == "self":
            word(chip_of(profile, sensor), path + ".when", profile.sensors)
        else:
            (who,) = ids_of(profile, [peer], path + ".when")
        word(rule.get("set"), path + ".set", profile.actuators)
        number, slack = rule[operators[0]], rule.get("hysteresis", 0)
        wish = rule["set"], rule["to"], rule.get("else")
        made.append(Rule(who, sensor, operators[0], number, slack, *wish))
    return made


class Rules:
    """The local rules of a Profile, and which of them hold at present."""

    def __init__(self, rules: "list[Rule]") -> None:
        self._rules = rules
        self._holds: list[bool | None] = [None] * len(rules)
        self.wishes: dict[str, object] = {}  # actuators that are to be set, by whoever judges
        self._also: Callable[..., object] = nothing

    def also(self, judge: "Callable[[bytes | None, str, object], object]") -> None:
        """Have judge(peer, sensor, value) called too, with each reading."""
        self._also = judge

    def replace(self, rules: "list[Rule]") -> None:
        """Judge by other rules from now on. Of those that stay it is known whether they hold."""
        held = self._rules
        self._holds = [self._holds[held.index(r)] if r in held else None for r in rules]
        self._rules = rules

    def forget(self, actuator: str) -> None:
        """Judge rules that set an actuator as if their next reading were the first."""
        for i, rule in enumerate(self._rules):
            if rule.actuator == actuator:
                self._holds[i] = None

    def wake_at(self) -> "int | None":
        """When the node has to tick, in ms: at once if something is to be set."""
        return 0 if self.wishes else None

    def judge(self, peer: bytes | None, sensor: str, value: object) -> "list[tuple[str, object]]":
        """Which actuators to set, as [(actuator, value)], after a reading of `peer` (None: this
        peer).

        A rule that holds ends only when the value is back by `hysteresis`. The first reading
        counts as a change. Values that cannot be compared are ignored.
        """
        self._also(peer, sensor, value)
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
    """Whether a rule holds; `held`: whether it did before. None if value cannot be compared."""
    if isinstance(value, str) or isinstance(rule.number, str):
        return bool(value == rule.number) if rule.operator == "equals" else None
    over: float = float(value) - rule.number  # type: ignore[arg-type]
    slack = rule.hysteresis if held else 0
    if rule.operator == "equals":
        return bool(abs(over) <= slack)
    return bool((over if rule.operator == "above" else -over) > -slack)
