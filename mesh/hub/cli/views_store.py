"""How what is kept looks: logs, histories, exports, checks, sizes."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from mesh.core import ids
from mesh.hub.cli import units
from mesh.hub.cli.layout import Row, clean, pairs, short, table
from mesh.hub.local_time import local, shown

DAY_S = 86_400  # between an author's time and arrival is worth a word
BODY = 400  # characters of a body that are shown


def log(row: Row) -> RenderableType:
    """One entry on one line."""
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
    return line.append(clean(_body(row["kind"], row["body"])), "default")


def _body(kind: str, body: Any) -> str:  # noqa: ANN401 - whatever an entry holds
    if kind == "reading" and isinstance(body, list):
        records = [_record(one) for one in body if isinstance(one, Mapping)]
        if len(records) == len(body):
            return "  ".join(records)
    text = json.dumps(body, ensure_ascii=False)
    return text if len(text) <= BODY else text[:BODY] + " ..."


def _record(fields: Mapping[str, Any]) -> str:
    """A record of SenML as plain data: its labels are texts there."""
    value = next((fields[label] for label in ("2", "3", "4") if label in fields), None)
    return f"{fields.get('0', '')} {units.quantity(value, fields.get('1'))}"


def moment(unix_s: float) -> str:
    """A date and time, local, with its offset where the clock is put back and it comes twice."""
    when = local(unix_s * 1000)
    return shown(when, "%Y-%m-%d %H:%M:%S") if when else "a wrong clock"


def history(row: Row) -> RenderableType:
    """What a sensor measured: a plot, where a picture went, or a table; and what is doubtful."""
    if row.get("doubt"):
        return Group(_history(row), Text(row["doubt"], "yellow"))
    return _history(row)


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
    """What was written."""
    if row["new"] == row["all"]:
        return Text(f"{row['all']} readings written to {short(row['file'])}")
    new = f"{row['new']} readings added to" if row["new"] else "nothing new for"
    return Text(f"{new} {short(row['file'])}, which has {row['all']}")


def store(row: Row) -> RenderableType:
    """What is kept, of whom."""
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
    """A copy that was made, or room that was given back."""
    if row["done"] == "backup":
        return Text(f"{short(row['file'])} is a copy, {units.size(row['bytes'])}")
    return Text(f"{units.size(row['before'])} before, {units.size(row['bytes'])} now")


def verify(row: Row) -> RenderableType | None:
    """One finding of a check."""
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
    return Text("feed     ", "green").append(clean(what), "default")


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
