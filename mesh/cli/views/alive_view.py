"""Health of a board in `mesh show`: starts, faults, sleep."""

from typing import Any

from rich.text import Text

from mesh.cli.views.layout import Row, clean, styled
from mesh.hub.show import units

PAIR = 2


def state(row: Row) -> Text:
    """Up, lost and so on, with the rest of a sleep, and a fork."""
    if row.get("forked"):
        return Text(f"{row['state']}, forked", styled("forked").style)
    wakes_s = row.get("wakes_s")
    if row["state"] == "self":
        return Text("this peer itself")
    if not isinstance(wakes_s, int | float):
        return styled(row["state"])
    what = f"asleep for {units.duration(wakes_s)}" if wakes_s > 0 else "asleep, should be awake"
    return Text(what, styled("asleep").style)


def clock(what: str, about: dict[str, Any]) -> str | Text:
    """A peer's clock, and whether its voters agree."""
    voters = about.get("clock_doubt")
    if not isinstance(voters, int):
        return what
    told = "one tells" if voters == 1 else f"{voters} tell"
    return Text(
        f"{what}; cannot tell what is right: of those whose word counts with it, {told} another "
        "time, and no more than half agree; look at their clocks",
        "yellow",
    )


def fork(row: Row) -> list[tuple[str, str | Text]]:
    """That a peer signed two different entries, as we or the peer itself know."""
    seq = row.get("forked") or row["about"].get("forked")
    if not seq:
        return []
    kept = row.get("kept")
    until = "nothing of its feed counts from there on, with anybody"
    if isinstance(kept, dict):
        who = " and ".join(str(clean(label)) for label in kept["seen_by"])
        until = (
            f"its feed is kept up to {clean(kept['seq'])}, as {who} saw it; nothing counts after"
        )
    what = (
        f"its key signed two different entries {clean(seq)}: {until}. It lied, or two have its"
        " key. If it is yours, make it another peer: a board by `mesh board renew`, a desktop by"
        " `mesh id renew`"
    )
    return [("forked", Text(what, "bold red"))]


def facts(about: dict[str, Any]) -> list[tuple[str, str | Text]]:
    """Firmware, resets, safe mode, and entries that cannot be stored."""
    found: list[tuple[str, str | Text]] = []
    if "features" in about:
        told = about["features"]
        names = ", ".join(map(str, told)) if isinstance(told, list) else told
        found.append(("protocol", clean(f"version {about.get('version')}: {names or 'minimum'}")))
    if "firmware" in about:
        found.append(("firmware", clean(about["firmware"])))
    faults = about.get("faults")
    if isinstance(faults, int) and faults:
        found.append(("faults", f"{faults} of its own, which it survived; its log has them"))
    resets = about.get("resets")
    if isinstance(resets, list) and len(resets) == PAIR:
        faults = f", {clean(resets[0])} faults so far" if resets[0] else ""
        found.append(("last start", f"{clean(resets[1])}{faults}"))
    if "safe" in about:
        found.append(("safe mode", Text(clean(about["safe"]), "yellow")))
    unpublished = about.get("unpublished")
    if isinstance(unpublished, list) and len(unpublished) == PAIR:
        what = f"{clean(unpublished[0])} entries are not published: {clean(unpublished[1])}"
        found.append(("no room", Text(what, "yellow")))
    if "refusing" in about:
        found.append(("disk", Text(clean(about["refusing"]), "yellow")))
    return found
