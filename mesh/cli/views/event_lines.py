"""Event lines: readings, and events of a running peer, a line each."""

import json
import time
from collections.abc import Callable, Mapping
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from mesh.cli.views import entry_view
from mesh.cli.views.layout import STYLES, Row, clean, how, pairs, short
from mesh.core import codes
from mesh.hub.show import units
from mesh.hub.show.local_time import local, shown

MOST_NAMES = 8


def watch(row: Row) -> RenderableType:
    """A reading, or why there is none."""
    line = Text(_time(None))
    name = clean(row["peer"] + (f"/{row['sensor']}" if row["sensor"] else ""))
    if "error" in row:
        return line.append(f"  {name:<32}  ").append(clean(row["error"]), "red")
    what = _said(row) if "kind" in row else units.quantity(row["value"], row["unit"])
    line.append(f"  {name:<32}  ").append(clean(what), "bold")
    if row["age_s"] is not None and row["age_s"] > 5:  # noqa: PLR2004 - what is new needs no age
        line.append(f"  {units.ago(row['age_s'])} ago", "dim")
    return line if row["verified"] else line.append("  NOT VERIFIED", "bold red")


def _said(row: Row) -> str:
    """What was said of an agreement, a promise or a key."""
    return str(row["words"] or entry_view.text(row["kind"], row["body"]))


def up(row: Row) -> RenderableType:
    """What a running peer is, and then its events."""
    if row["event"] == "up":
        return _started(row)
    line = Text(_time(row["at"])).append(f"  {row['event']:<8}  ", STYLES.get(row["event"], ""))
    return line.append(clean(EVENTS[row["event"]](row)))


def _started(row: Row) -> RenderableType:
    here = [layer["name"] for layer in row["layers"] if layer["active"]]
    facts: list[tuple[str, str | Text]] = [
        ("id", row["id"]),
        ("reachable at", ", ".join(row["addresses"])),
        ("over TCP at", f"port {row['tcp']}" if row.get("tcp") else "no port: it is taken"),
        ("finds by", ", ".join(here)),
        ("home", short(row["home"])),
        ("follows", _followed(row)),
    ]
    if row.get("taken"):
        facts.append(("note", f"another program has port {row['taken']}: this is another one"))
    for layer in row["layers"]:
        if layer["reason"]:
            use = "note" if layer["active"] else "not used"
            facts.append((use, f"{layer['name']}: {layer['reason']}"))
    name = clean(row["name"] or "this peer")
    return Group(
        Text(f"{name} ({row['short']}) is up; Ctrl-C stops it", "bold"), pairs(facts), Text()
    )


def _followed(row: Row) -> str:
    """Whose readings are shown, or how to have some."""
    names = row.get("follows", [])
    if not names:
        return 'nobody: whom `mesh flash` and `mesh name` name, or follow = "*" in its settings'
    if "*" in names:
        return "all whom it meets; their readings are shown below"
    more = len(names) - MOST_NAMES
    shown = ", ".join(map(clean, names[:MOST_NAMES])) + (f" and {more} more" if more > 0 else "")
    return f"{shown}; their readings are shown below"


def _reading_event(row: Row) -> str:
    return f"{row['label']}/{row['sensor']}  {units.quantity(row['value'], row['unit'])}"


def _refused_event(row: Row) -> str:
    who = row.get("label") or row.get("source") or "our own rule"
    return f"{who}: {row['detail']} ({codes.text(row['code'])})"


def _forked_event(row: Row) -> str:
    if not row.get("own"):
        return f"{row['label']} signed two different entries {row['seq']}: nothing more is taken"
    return f"entry {row['seq']}: {OWN_FORK}"


OWN_FORK = (
    "two different entries were signed with our key: somebody else has it, or an old copy of this"
    " home was run. Nobody takes what we write from there on. What was kept is safe. Stop this"
    " peer and run `mesh id renew`: then it has a new identity, of which others have to be told"
)


def _summed_event(row: Row) -> str:
    sources = f" from {row['sources']} addresses" if row["sources"] else ""
    return f"{row['more']} more {row['of']}{sources} in {row['seconds']} s"


def _restored_event(row: Row) -> str:
    if row["seq"]:
        return f"{row['reason']}. It goes on with entry {row['seq']}, and nobody doubts it"
    return f"nothing is published any more: {row['reason']}"


def _alive_event(row: Row) -> str:
    if not row["peers"] and not row["asleep"]:
        return "nobody else is there; `mesh doctor` tells whether others can be heard"
    asleep = f", {row['asleep']} asleep" if row["asleep"] else ""
    who = f"{row['peers']} {'peer' if row['peers'] == 1 else 'peers'} up{asleep}"
    return f"{who}; {row['verified']} messages verified in {units.duration(row['up_s'])}"


EVENTS: dict[str, Callable[[Row], str]] = {
    "alive": _alive_event,
    "summed": _summed_event,
    "restarted": lambda row: f"this peer restarts: {row['reason']}",
    "found": lambda row: f"{row['label']} at {row['address']}, {how(row)}",
    "lost": lambda row: f"{row['label']}: {row['reason']}",
    "reading": _reading_event,
    "refused": _refused_event,
    "actuated": lambda row: (
        f"{row['name']} = {json.dumps(row['value'])}, asked by {row.get('label', 'our own rule')}"
    ),
    "failing": lambda row: f"{row['sensor']}: {row['reason'] or 'works again'}",
    "forked": _forked_event,
    "restored": _restored_event,
}


def _time(unix_s: float | None) -> str:
    when = local((time.time() if unix_s is None else unix_s) * 1000)
    return shown(when, "%H:%M:%S") if when else "?"


VIEWS: Mapping[str, Callable[[Any], RenderableType]] = {"watch": watch, "up": up}
