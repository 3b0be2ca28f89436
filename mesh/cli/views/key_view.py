"""Views of keys: to what peers committed, who goes on for whom, and what was done."""

from collections.abc import Callable, Mapping
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from mesh.cli.views.layout import Row, clean, pairs
from mesh.cli.views.store_view import moment
from mesh.core.peer_id import SHORT

STATES = {"goes on": "green", "open": "yellow", "disputed": "bold red"}
DIGITS = 16  # of a hash that people are shown


def keys(row: Row) -> RenderableType:
    """What is held of one peer's keys."""
    lines: list[tuple[str, str | Text]] = [
        ("peer", clean(f"{row['peer']} ({row['id'][:SHORT]})")),
        ("next key", _next(row)),
        ("guardians", clean(_guardians(row))),
    ]
    if row["contradicted"]:
        what = f"entry {row['contradicted']} says otherwise: somebody else may have its key"
        lines.append(("beware", Text(what, "bold red")))
    if row["former"]:
        lines.append(("before", clean(", ".join(row["former"]))))
    if row["now"]:
        lines.append(("goes on", Text(clean(goes_on(row)), "green")))
    lines += [("claim", _claim(one)) for one in row["claims"]]
    lines += [("asked", _claim(one)) for one in row["asked"]]
    if row["asked"]:
        lines.append(("", "`mesh key recover PEER` is our yes, `mesh key refuse PEER` our no"))
    return pairs(lines)


def _next(row: Row) -> Text:
    if not row["next"]:
        return Text("none: `mesh key next` makes it" if row["own"] else "none", "yellow")
    said = f"{row['next'][:DIGITS]}, since entry {row['committed']}"
    if not row["own"]:
        return Text(said)
    return Text(clean(f"{said}; {'it is in ' + row['file'] if row['file'] else 'kept elsewhere'}"))


def _guardians(row: Row) -> str:
    named = ", ".join(row["guardians"])
    return f"{row['need']} of {len(row['guardians'])}: {named}" if named else "none"


def goes_on(row: Row) -> str:
    """In words, under which key a peer goes on, and where its former feed ends."""
    since = f" since {moment(row['since'])}" if row["since"] else ""
    return (
        f"as {row['now']} ({row['now_id'][:SHORT]}){since}; its feed ends with entry {row['end']}"
    )


def _claim(one: Row) -> Text:
    by = (
        "by its next key"
        if one["by"] == "next key"
        else f"{len(one['yes'])} of {one['need']} said yes"
    )
    text = Text(
        clean(f"{one['id'][:SHORT]} goes on for {one['for']} from entry {one['end']}: {by}, ")
    )
    text.append(one["state"], STATES[one["state"]])
    if one["fits"] is False:
        text.append(", and it means another history than is held here", "bold red")
    return text


def done(row: Row) -> RenderableType:
    """What was done, and what to do next."""
    return Group(*[Text(clean(line)) for line in DONE[row["did"]](row)])


def _committed(row: Row) -> list[str]:
    named = (
        f"; {row['need']} of {', '.join(row['guardians'])} guard it" if row["guardians"] else ""
    )
    return [
        f"committed to the next key, in entry {row['seq']}{named}",
        f"its secret is in {row['file']}: keep it away from this computer (--file), or in a copy;",
        "who steals this home has both keys. When it is needed: `mesh key succeed`",
    ]


def _succeeded(row: Row) -> list[str]:
    after = (
        f"the key after it is in {row['next']}, and committed to already"
        if row["next"]
        else "make the key after it: `mesh key next --file FILE`"
    )
    return [
        f"this peer goes on as {row['id'][:SHORT]}; the feed of {row['former'][:SHORT]} ends with "
        f"entry {row['end']}",
        after,
        "`mesh up` tells it to others; who follows the former id follows this one",
    ]


def _lost(row: Row) -> list[str]:
    if row["by_next"]:
        then = "it has the key that was committed to: `mesh up` tells it to others"
    else:
        then = (
            "`mesh up` tells it to others; its guardians say yes: mesh key recover "
            + (row["former"][:SHORT])
        )
    return [
        f"this peer, {row['id'][:SHORT]}, says to go on for {row['former'][:SHORT]} from entry "
        f"{row['end']}",
        then,
    ]


DONE: Mapping[str, Callable[[Row], list[str]]] = {
    "committed": _committed,
    "said again": lambda row: [f"said again, unchanged, in entry {row['seq']}"],
    "succeeded": _succeeded,
    "stolen": _succeeded,
    "lost": _lost,
    "yes": lambda row: [
        f"we said that {row['claim']['id'][:SHORT]} goes on for {row['claim']['for']}; "
        f"{row['claim']['need']} have to say so"
    ],
    "no": lambda row: [f"we said that {row['claim']['id'][:SHORT]} is not {row['claim']['for']}"],
}
VIEWS: Mapping[str, Callable[[Any], RenderableType]] = {"keys": keys, "key_done": done}
