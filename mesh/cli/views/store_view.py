"""Views of the store: logs, histories, exports, checks, sizes."""

from collections.abc import Callable, Mapping
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from mesh.cli.views import entry_view
from mesh.cli.views.layout import Row, clean, pairs, short, table
from mesh.core import peer_id as ids
from mesh.hub.show import units
from mesh.hub.show.local_time import local, shown

DAY_S = 86_400  # difference of an author's time and arrival that is mentioned


def log(row: Row) -> Text:
    """An entry on one line."""
    if row["time"] is not None:
        when = moment(row["time"])
        off_s = row["time"] - (row["arrived"] or row["time"])
        if abs(off_s) > DAY_S:
            when += f" ({units.ago(abs(off_s))} {'before' if off_s < 0 else 'after'} arrival)"
    else:
        when = f"start {row['boots']} + {units.duration(row['up_s'])}"
    line = Text(f"{row['seq']:>6}  {when:<19}  ", "dim").append(
        f"{clean(row['kind']):<9}  ", "bold"
    )
    said = row.get("words") or entry_view.text(row["kind"], row["body"])
    line.append(clean(said), "default")
    if row.get("after_end"):
        line.append("  (after its end: another key went on)", "bold red")
    return line


def moment(unix_s: float) -> str:
    """Local date and time, with the offset from UTC if it occurs twice."""
    when = local(unix_s * 1000)
    return shown(when, "%Y-%m-%d %H:%M:%S") if when else "a wrong clock"


def history(row: Row) -> RenderableType:
    """A sensor's history: a table, or where its plot was saved; and doubtful times."""
    parts = [_history(row)]
    if row.get("former"):
        before = ", ".join(one[: ids.SHORT] for one in row["former"])
        parts.append(Text(f"with what it measured as {before}", "dim"))
    if row.get("doubt"):
        parts.append(Text(row["doubt"], "yellow"))
    return Group(*parts) if len(parts) > 1 else parts[0]


def _history(row: Row) -> RenderableType:
    said = Text(f"drawn into {row['file']}") if "file" in row else None
    if "plot" in row:
        plot = Text(row["plot"], no_wrap=True, overflow="crop")
        return plot if said is None else Group(plot, said)
    if said is not None:
        return said
    if row.get("others"):
        return table(
            ("time", "value"),
            [
                (moment(one["time"]), clean(units.quantity(one["value"], row["unit"])))
                for one in row["others"]
            ],
            "value",
        )
    if not row["points"]:
        kept = f"it is kept from {moment(row['first'])} to {moment(row['last'])}"
        return Text(f"nothing of that time; {kept}")
    return table(
        ("time", "least", "mean", "most", "readings"),
        [
            (moment(one["time"]), *_numbers(one, row["unit"]), str(one["n"]))
            for one in row["points"]
        ],
        "least mean most readings",
    )


def _numbers(point: Mapping[str, Any], unit: str | None) -> list[str]:
    return [clean(units.quantity(point[name], unit)) for name in ("least", "mean", "most")]


def export(row: Row) -> RenderableType:
    """What was exported."""
    if row["new"] == row["all"]:
        return Text(f"{row['all']} readings written to {short(row['file'])}")
    new = f"{row['new']} readings added to" if row["new"] else "nothing new for"
    return Text(f"{new} {short(row['file'])}, which has {row['all']}")


def store(row: Row) -> RenderableType:
    """What is stored, by author."""
    beside = f"; {units.size(row['beside'])} beside it while it is in use" if row["beside"] else ""
    facts: list[tuple[str, str | Text]] = [
        ("file", f"{short(row['file'])}, {units.size(row['bytes'] - row['beside'])}{beside}"),
        ("readings", f"{row['reading']}, and {row['summary']} summaries of ten minutes"),
    ]
    some = row["strangers"]
    most = f"of {units.size(some['most_bytes'])} and {some['most_peers']} that they may have"
    facts.append(("strangers", f"{units.size(some['bytes'])} for {some['peers']} of them, {most}"))
    if row["refusing"]:
        facts.append(("disk", Text(row["refusing"], "yellow")))
    if row["evidence"]:
        facts.append(("lies", Text(f"proven of {row['evidence']} peers", "bold red")))
    rows = [
        (
            clean(one["peer"]) + (" (forked)" if one["forked"] else ""),
            one["known"],
            str(one["entries"]),
            units.size(one["bytes"]),
            "-" if one["bytes_per_day"] is None else units.size(one["bytes_per_day"]),
            f"{one['first']}-{one['last']}" if one["entries"] else "-",
            str(max(0, one["parts"] - 1)),
            _stays(one),
        )
        for one in row["peers"]
    ]
    if not rows:
        return Group(pairs(facts), Text(), Text("of nobody yet; `mesh up` keeps what it hears"))
    heads = ("peer", "known", "entries", "size", "per day", "seqs", "gaps", "entries stay")
    return Group(pairs(facts), Text(), table(heads, rows, "entries size per gaps"))


def _stays(row: Mapping[str, Any]) -> str:
    rules = []
    if row["keep_days"] is not None:
        rules.append(f"{units.number(row['keep_days'])} days")
    if row["keep_bytes"] is not None:
        rules.append(units.size(row["keep_bytes"]))
    return ", ".join(rules) or "for good"


def store_done(row: Row) -> RenderableType:
    """The result of a backup or vacuum."""
    if row["done"] == "backup":
        return Text(f"{short(row['file'])} is a copy, {units.size(row['bytes'])}")
    return Text(f"{units.size(row['before'])} before, {units.size(row['bytes'])} now")


def verify(row: Row) -> RenderableType | None:
    """A finding of a check."""
    view = FINDINGS.get(row["event"])
    return view(row) if view else None


def _fault(row: Row) -> RenderableType:
    if row["peer"] is None:
        return Text("wrong    ", "bold red").append(clean(row["detail"]), "default")
    where = f"{row['peer']} {row['first']} to {row['last']}: {row['detail']}"
    return Text("wrong    ", "bold red").append(clean(where), "default")


def _checked(row: Row) -> RenderableType:
    gone = f"; of {row['gone']} more readings the entries are not kept" if row["gone"] else ""
    what = f"{row['entries']} entries of {row['authors']} peers, {row['readings']} readings{gone}"
    return Text("checked  ", "green").append(what, "default")


def _feed(row: Row) -> RenderableType:
    gaps = f", {row['gaps']} gaps" if row["gaps"] else ""
    what = f"{row['peer']}  up to {row['last']}, link {row['link'][: ids.SHORT]}{gaps}"
    line = Text("feed     ", "green").append(clean(what), "default")
    if (fork := row["forked"]) is not None:
        kept = ", and kept behind it as witnesses saw it" if row["last"] >= fork else ""
        line.append(f", forked at {fork}{kept}", "bold red")
    return line


FINDINGS: dict[str, Callable[[Row], RenderableType]] = {
    "fault": _fault,
    "checked": _checked,
    "feed": _feed,
    "same": lambda row: Text(f"same     {clean(row['peer'])} holds the same", "green"),
    "behind": lambda row: Text(f"behind   {clean(row['detail'])}", "yellow"),
    "silent": lambda row: Text(f"silent   {clean(row['detail'])}", "yellow"),
    "apart": lambda row: Text(f"apart    {clean(row['detail'])}", "bold red"),
    "repaired": lambda row: Text(
        f"repaired {row['faults']} parts were taken out; `mesh up` asks other peers for them"
    ),
}

VIEWS: dict[str, Callable[[Any], Any]] = {
    "log": log,
    "history": history,
    "export": export,
    "store": store,
    "store_done": store_done,
    "verify": verify,
}
