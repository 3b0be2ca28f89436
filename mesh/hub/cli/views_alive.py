"""How a board stays alive, as `mesh show` tells it: its starts, what went wrong, its sleep."""

from typing import Any

from rich.text import Text

from mesh.hub.cli import units
from mesh.hub.cli.layout import Row, clean, styled

PAIR = 2


def state(row: Row) -> Text:
    """Up, lost and so on; of who sleeps also for how long; and whether its feed forked."""
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
    """What a peer says of its clock, and whether those whom it asks agree."""
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
    """That a peer signed two different entries, as we know, or as it was told itself."""
    seq = row.get("forked") or row["about"].get("forked")
    if not seq:
        return []
    what = (
        f"its key signed two different entries {clean(seq)}: nothing of its feed counts from there"
        " on, with anybody. It lied, or two have its key. If it is yours, make it another peer: a"
        " board by `mesh board renew`, a desktop by `mesh id renew`"
    )
    return [("forked", Text(what, "bold red"))]


def facts(about: dict[str, Any]) -> list[tuple[str, str | Text]]:
    """What there is to say of firmware, resets, safe mode and entries that cannot be kept."""
    found: list[tuple[str, str | Text]] = []
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
