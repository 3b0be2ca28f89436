"""Views of promises, circles and agreements."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from mesh.cli.views.layout import Row, clean, pairs, table
from mesh.hub.show import units

SHORT = 8  # characters of a ref
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
    text = f" ({row['text']})" if row["text"] else ""
    return [clean(row["peer"]), clean(row["promise"] + text), state, *counts, _mind(row)]


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
    heads = ("ref", "state", "yes", "no", "circle", "for")
    made = [
        [
            row["ref"][:SHORT],
            Text(row["state"], AGREED.get(row["state"], "")),
            f"{len(row['yes'])} (needs {row['need']} of {row['of']})",
            str(len(row["no"])),
            clean(row["circle"] or "-"),
            clean(_subject(row)),
        ]
        for row in rows
    ]
    return table(heads, made, "no")


def _subject(row: Row) -> str:
    return ", ".join(one for one in (row["text"], row["what"], *row["terms"]) if one)


def agreement(row: Row) -> RenderableType:
    """One agreement, with all that was said of it."""
    lines: list[tuple[str, str | Text]] = [
        ("what", clean(_subject(row))),
        ("state", Text(row["state"], AGREED.get(row["state"], ""))),
        ("circle", clean(row["circle"] or "-")),
        ("proposed", clean(row["by"])),
        ("needs", f"{row['need']} of {row['of']}"),
        ("yes", clean(", ".join(row["yes"]) or "-")),
        ("no", clean(", ".join(row["no"]) or "-")),
    ]
    if row["ends_s"]:
        lines.append(("ends", f"after {units.duration(row['ends_s'])}, by each one's clock"))
    if row["liars"]:
        lines.append(("who lied", Text(clean(", ".join(row["liars"])), "bold red")))
        rivals = ", ".join(one[:SHORT] for one in row["rivals"])
        lines.append(("rivals", f"{rivals}; we stay with what we said yes to"))
    lines += [(clean(one["peer"]), clean(f"{one['word']}: {one['text']}")) for one in row["words"]]
    return pairs([*lines, ("ref", row["ref"])])


AGREED = {"in force": "green", "open": "yellow", "disputed": "bold red", "refused": "red"}
VIEWS: Mapping[str, Callable[[Any], RenderableType]] = {
    "promises": promises,
    "stated": stated,
    "circles": circles,
    "agreements": agreements,
    "agreement": agreement,
}
