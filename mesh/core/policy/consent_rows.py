"""The setting `consent`: to what a peer agrees without asking its holder, and the bounds of what
an agreement may change here.
"""

from collections import namedtuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Protocol

    class Known(Protocol):
        """The fields of a Profile that are used here."""

        sensors: dict[str, Any]
        actuators: dict[str, Any]


ACT, EVERY, WHEN, TEXT, MEMBERS = "act", "every", "when", "text", "members"
# answers, the weakest first; without one its holder is left to answer
ANSWERS = ("never", "", "after", "yes")
NEVER, HOLDER, AFTER, AT_ONCE = 0, 1, 2, 3
NEEDED = {ACT: ("low", "high", "seconds"), EVERY: ("low",)}

# who: ids, or None for all; on: an own sensor or actuator, or None for all; low and high: of the
# value (act), of the seconds between readings (every), of the number compared with (when), None
# for no bound; seconds: longest at a time (act), else longest of the whole agreement, None for no
# bound; answer: one of those above; after_s: how long to wait for objections before AFTER
Row = namedtuple("Row", ("who", "term", "on", "low", "high", "seconds", "answer", "after_s"))


def read(
    profile: "Known",
    rows: "list[dict[str, Any]]",
    ids_of: "Callable[[Any, Any, str], list[bytes]]",
    chip_of: "Callable[[Any, str], str]",
) -> list[Row]:
    """Check the rows in settings. The sensors and actuators have to be in `profile` already.

    ids_of(profile, names, path): the ids of peers; chip_of(profile, reading): the sensor that
    gives a reading. LocalError begins with the path of what is wrong.
    """
    # a board unloads that module once it has read its settings
    from mesh.core.policy.checking import fail, word  # noqa: PLC0415

    made = []
    for i, row in enumerate(rows):
        path = f"consent[{i}]"
        who, term, on = row.get("who"), row.get("term"), row.get("on")
        answer, after_s = ANSWERS.index(row.get("answer", "")), row.get("after_s", 0)
        low, high, seconds = row.get("low"), row.get("high"), row.get("seconds")
        if who is None or term is None:
            fail(path, row, "a row: who (peers or *), term, and what that needs")
        if on is not None:
            if term in (TEXT, MEMBERS):
                fail(path + ".on", on, "for text and members: leave it out")
            named = chip_of(profile, on) if term == EVERY else on
            word(named, path + ".on", profile.sensors if term == EVERY else profile.actuators)
        if low is not None and high is not None and low > high:
            fail(path + ".low", low, f"at most high, which is {high}")
        missing = [key for key in NEEDED.get(term, ()) if row.get(key) is None]
        if missing and answer != NEVER:
            fail(path, row, f"a row of '{term}': it gives {' and '.join(missing)}, too")
        if (answer == AFTER) != bool(after_s):
            fail(path, row, 'whole: "answer": "after" and after_s go together')
        whom = None if who == "*" else ids_of(profile, who, path + ".who")
        made.append(Row(whom, term, on, low, high, seconds, answer, after_s))
    return made


def allowing(
    rows: list[Row], peers: "list[bytes]", term: "list[Any]", end_s: "int | None"
) -> Row | None:
    """The first row about a term of an agreement that trusts all of these peers and has the term
    within its bounds; None without one. A row that says never has none.

    term: as in mesh.core.relations.terms, or [TEXT], or [MEMBERS]; end_s: after how many seconds
    the agreement ends, None for never.
    """
    for row in rows:
        if row.term == term[0] and trusts(row, peers) and row.on in (None, named(term)):
            if row.answer == NEVER:
                return row
            if _covers(row, term, end_s) and (term[0] != WHEN or _may_set(rows, peers, term)):
                return row
    return None


def named(term: "list[Any]") -> "str | None":
    """The own sensor or actuator that a term is about; None if it is about none."""
    at = {ACT: 1, EVERY: 1, WHEN: 5}.get(term[0])
    return None if at is None else term[at]


def trusts(row: Row, peers: "list[bytes]") -> bool:
    """Whether a row is about all of these peers."""
    return row.who is None or False not in [peer in row.who for peer in peers]


def number(value: object) -> "float | int | None":
    """A value as bounds see it: true is 1. None for what is no number."""
    if isinstance(value, (bool, int)):
        return int(value)
    if value is None or isinstance(value, (str, bytes, list, dict)):
        return None
    return float(value)  # type: ignore[arg-type] # a float or a Decimal


def _covers(row: Row, term: "list[Any]", end_s: "int | None") -> bool:
    kind = term[0]
    longest = term[4] if kind == ACT else end_s
    if row.seconds is not None and (longest is None or longest > row.seconds):
        return False
    if kind == ACT:
        return _within(row, term[2]) and _within(row, term[3])
    if kind == EVERY:
        return _within(row, term[2])
    return kind != WHEN or _within(row, term[4])


def _within(row: Row, value: float) -> bool:
    # what is no number (NaN) is within no bounds
    is_one: bool = value == value  # noqa: PLR0124
    return is_one and not (
        (row.low is not None and value < row.low) or (row.high is not None and value > row.high)
    )


def _may_set(rows: list[Row], peers: "list[bytes]", term: "list[Any]") -> bool:
    """Whether a rule may set its actuator to its values: true and false, or numbers that a row
    `act` allows. No row bounds a text.
    """
    for value in term[6:8]:
        if value is None or isinstance(value, bool):
            continue
        if isinstance(value, str):
            return False
        row = allowing(rows, peers, [ACT, term[5], value, value, 0], None)
        if row is None or row.answer == NEVER:
            return False
    return True
