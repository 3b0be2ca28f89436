"""Views of the known peers: a table of columns, or their problems."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from mesh.cli.views import alive_view
from mesh.cli.views.layout import Row, clean, how, table
from mesh.cli.views.store_view import moment
from mesh.core.peer_id import SHORT
from mesh.hub.show import units

NOBODY = "nobody was found; `mesh doctor` tells whether multicast is heard here"
USUAL = ("name", "id", "address", "found", "heard", "state", "ok/bad")
RIGHT = "ok/bad starts faults memory"


def peers(rows: Sequence[Row]) -> RenderableType:
    """All known peers."""
    return columns(rows, USUAL)


def chosen(row: Row) -> RenderableType:
    """All known peers, in the given columns."""
    return columns(row["peers"], row["columns"])


def columns(rows: Sequence[Row], heads: Sequence[str]) -> RenderableType:
    """A table of these columns, or a text if there are no peers."""
    if not rows:
        return Text(NOBODY)
    return table(heads, [[COLUMNS[head](row) for head in heads] for row in rows], RIGHT)


def problems(row: Row) -> RenderableType:
    """The peers with problems, a line for each problem."""
    troubled = [one for one in row["peers"] if one["problems"]]
    if not troubled:
        count = len(row["peers"])
        return Text(f"no problems among {count} peers" if count else NOBODY)
    cells = [
        (clean(named(one)) if first else "", alive_view.state(one) if first else "", clean(what))
        for one in troubled
        for first, what in _first_ones(one["problems"])
    ]
    made = table(("name", "state", "problem"), ())
    made.columns[-1].no_wrap = False
    for name, state, what in cells:  # problems wrap, so that nothing is cut off
        made.add_row(name, state, Text(what, overflow="fold"))
    return made


def _first_ones(items: Sequence[str]) -> list[tuple[bool, str]]:
    return [(number == 0, item) for number, item in enumerate(items)]


def named(row: Row) -> str:
    """Our name for a peer, and its own name if that differs."""
    ours, own = row["petname"], row["name"]
    return f"{ours} (calls itself {own})" if ours and own and ours != own else ours or own or "-"


def succession(row: Row) -> list[tuple[str, str | Text]]:
    """Under which key a peer goes on, and for whom it goes on, in words."""
    said: list[tuple[str, str | Text]] = []
    if row.get("now"):
        said.append(
            (
                "beware",
                Text(f"it goes on as {row['now'][:SHORT]}: this key is an old one", "bold red"),
            )
        )
    if row.get("former"):
        since = f", since {moment(row['since'])}" if row.get("since") else ""
        before = ", ".join(one[:SHORT] for one in row["former"])
        said.append(("goes on for", f"{before}{since}"))
    return said


def _memory(row: Row) -> str:
    if not row["memory"] or not all(isinstance(n, int | float) for n in row["memory"]):
        return "-"
    return f"{units.size(row['memory'][1])} free"


def _plain(name: str) -> Callable[[Row], str]:
    return lambda row: "-" if row[name] is None else clean(row[name])


COLUMNS: Mapping[str, Callable[[Row], str | Text]] = {
    "name": lambda row: clean(named(row)) + (" (old key)" if row.get("now") else ""),
    "id": lambda row: str(row["short"]),
    "kind": lambda row: clean(row["kind"] or "-"),
    "address": lambda row: (row["addresses"] or ["-"])[0],
    "found": how,
    "heard": lambda row: units.ago(row["heard_s"]),
    "state": alive_view.state,
    "ok/bad": lambda row: f"{row['verified']}/{row['refused']}",
    "starts": _plain("starts"),
    "faults": _plain("faults"),
    "failing": lambda row: clean(", ".join(row["failing"]) or "-"),
    "firmware": _plain("firmware"),
    "memory": _memory,
    "problems": lambda row: clean("; ".join(row["problems"]) or "-"),
}

VIEWS: Mapping[str, Callable[[Any], RenderableType]] = {
    "peers": peers,
    "peers_chosen": chosen,
    "peers_problems": problems,
}
