"""Views of promises, circles and agreements."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from mesh.cli.views.layout import Row, clean, pairs, table
from mesh.hub.show import units
from mesh.hub.show.words import quoted

SHORT = 8  # characters of a ref
MOST_NAMES = 8  # of a list
NOTHING = "nobody whose feed is kept here promised anything; `mesh promise --help` tells how"
STYLES = {
    **{"overdue": "bold red", "missed": "yellow", "unknown": "dim", "kept": "green"},
    "ended": "dim",
}
DID = {
    "promised": "promised: whoever keeps our feed sees it, and whether it is kept",
    "founded": "founded: ask others in by `mesh circle invite`",
    "invited": "asked in, with our yes; it is a member once enough members and itself said yes",
    "released": "proposed to let those go who left, with our yes",
    "joined": "we said yes to being a member",
    "left": "left: nothing that was agreed there binds us from now on",
    "proposed": "proposed, with our yes; the others say `mesh agreement yes` or `no`",
    "yes": "we said yes",
    "no": "we said no",
    "say": "said",
    "object": "objected",
    "let": "left: it does not bind us from now on, whatever the others say",
    "ended": "ended: it binds us no more from now on; what was promised before stays said",
}


def promises(rows: Sequence[Row]) -> RenderableType:
    """Each promise, and how it is kept."""
    if not rows:
        return Text(NOTHING)
    heads = ("peer", "promise", "state", "kept", "missed", "unknown", "mind")
    return table(heads, [_cells(row) for row in rows], "kept missed unknown")


def _cells(row: Row) -> list[str | Text]:
    counts = [str(row[name]) if name in row else "-" for name in ("kept", "missed", "unknown")]
    state = Text(row["state"], STYLES.get(row["state"], ""))
    return [clean(row["peer"]), clean(row["promise"] + _text(row)), state, *counts, _mind(row)]


def _text(row: Row) -> str:
    return f", {quoted(row['text'])}" if row["text"] else ""


def short_promises(rows: Sequence[Row]) -> RenderableType:
    """What one peer promises, within all that is shown of it."""
    lines = []
    for row in rows:
        counts = f", kept {row['kept']} times, missed {row['missed']}" if "kept" in row else ""
        late = f" by {units.ago(row['overdue_s'])}" if row.get("overdue_s") is not None else ""
        state = Text(row["state"] + late, STYLES.get(row["state"], ""))
        said = (
            f"  {clean(row['promise'] + _text(row))}{counts if row['state'] != 'unknown' else ''}"
        )
        lines.append(state.append(said, "default"))
    return pairs(("  " + row["ref"][:SHORT], line) for row, line in zip(rows, lines, strict=True))


def short_agreements(rows: Sequence[Row]) -> RenderableType:
    """What one peer agreed on, or is asked about, within all that is shown of it."""
    made = []
    for row in rows:
        line = Text(row["state"], AGREED.get(row["state"], ""))
        left = "" if row["left_s"] is None else f", {units.duration(row['left_s'])} left"
        word = f", {row['said']}" if row["said"] else ""
        where = f" ({_whose(row)})"
        line.append(clean(f"{word}{left}  {_subject(row)}{where}"), "default")
        made.append(("  " + row["ref"][:SHORT], line))
    return pairs(made)


def _mind(row: Row) -> str:
    """What is to be known of it, and the ref by which it is ended."""
    said = []
    if row.get("overdue_s") is not None:
        said.append(f"by {units.ago(row['overdue_s'])}, by the clock here")
    if proof := row.get("proof"):
        said.append(f"{units.duration(proof['s'])} from entry {proof['from']} to {proof['to']}")
    return ", ".join([*said, row["ref"][:SHORT]])


def stated(row: Row) -> RenderableType:
    """What was said, and the ref by which others mean it."""
    return Group(Text(DID[row["did"]]), Text(row["ref"][:SHORT], "dim"))


def circles(rows: Sequence[Row]) -> RenderableType:
    """Each circle, its members, and what waits there."""
    if not rows:
        return Text("we are in no circle, and asked into none, as far as is kept here")
    heads = ("circle", "ref", "we", "yes of", "open", "for")
    return table(heads, [_circle(row) for row in rows], "open")


def _circle(row: Row) -> list[str | Text]:
    said = [f"{one} (left)" if one in row["left"] else one for one in row["members"]]
    goal = Text(clean(row["goal"]))
    if row["disputed"]:
        goal.append(" disputed", "bold red")
    of = f"{row['need']} of {len(row['members'])}"
    return [goal, row["ref"][:SHORT], row["we"], of, str(row["open"]), clean(", ".join(said))]


def agreements(rows: Sequence[Row]) -> RenderableType:
    """Each agreement, how it is, and who said what."""
    if not rows:
        return Text("nothing is agreed or proposed, as far as is kept here")
    heads = ("ref", "state", "yes", "no", "in or with", "for")
    made = [
        [
            row["ref"][:SHORT],
            Text(row["state"], AGREED.get(row["state"], "")),
            f"{row['counted']} (needs {row['need']} of {row['of']})",
            str(len(row["no"])),
            clean(_whose(row)),
            clean(_subject(row)),
        ]
        for row in rows
    ]
    return table(heads, made, "no")


def trials(rows: Sequence[Row]) -> RenderableType:
    """Each trial, how it stands here, and the time that is left by this computer's clock."""
    if not rows:
        return Text("no trial runs or is proposed; `mesh trial --help` tells how to propose one")
    heads = ("ref", "state", "time left", "yes", "in or with", "for")
    made = [
        [
            row["ref"][:SHORT],
            Text(row["stands"], AGREED.get(row["stands"], "dim")),
            _left(row),
            f"{row['counted']} (needs {row['need']} of {row['of']})",
            clean(_whose(row)),
            clean(_subject(row)),
        ]
        for row in rows
    ]
    return table(heads, made)


def _left(row: Row) -> str:
    if row["left_s"] is None:
        return f"{units.duration(row['ends_s'])}, once in force" if row["state"] == "open" else "-"
    return units.duration(row["left_s"])


def _whose(row: Row) -> str:
    """The circle of an agreement, or the single peers that it is with."""
    if not row["with"]:
        return str(row["circle"] or "-")
    more = len(row["with"]) - MOST_NAMES
    names = ", ".join(row["with"][:MOST_NAMES]) + (f" and {more} more" if more > 0 else "")
    return f"{row['by']} with {names}"


def _subject(row: Row) -> str:
    text = quoted(row["text"]) if row["text"] else ""
    return ", ".join(one for one in (text, row["what"], *row["terms"]) if one)


def agreement(row: Row) -> RenderableType:
    """One agreement, with all that was said of it."""
    lines: list[tuple[str, str | Text]] = [
        ("what", clean(_subject(row))),
        ("state", Text(row["state"], AGREED.get(row["state"], ""))),
        ("with" if row["with"] else "circle", clean(_whose(row))),
        ("proposed", clean(row["by"])),
        ("needs", f"{row['need']} of {row['of']}"),
        ("yes", clean(", ".join(row["yes"]) or "-")),
        ("no", clean(", ".join(row["no"]) or "-")),
    ]
    if row["ends_s"]:
        left = row.get("left_s")
        by_ours = "" if left is None else f"; {units.duration(left)} left by the clock here"
        ends = f"after {units.duration(row['ends_s'])}, by each one's clock{by_ours}"
        lines += [("ends", ends), ("here", row.get("stands", "-"))]
    if row["liars"]:
        lines.append(("who lied", Text(clean(", ".join(row["liars"])), "bold red")))
        rivals = ", ".join(one[:SHORT] for one in row["rivals"])
        lines.append(("rivals", f"{rivals}; we stay with what we said yes to"))
    lines += [(clean(one["peer"]), clean(f"{one['word']}: {one['text']}")) for one in row["words"]]
    return pairs([*lines, ("ref", row["ref"])])


AGREED = {
    "in force": "green",
    "runs here": "green",
    "open": "yellow",
    "disputed": "bold red",
    "refused": "red",
}
VIEWS: Mapping[str, Callable[[Any], RenderableType]] = {
    "promises": promises,
    "stated": stated,
    "circles": circles,
    "agreements": agreements,
    "agreement": agreement,
    "trials": trials,
}
