"""Views of files of runs: what was exported or imported."""

from collections.abc import Callable, Mapping
from typing import Any

from rich.text import Text

from mesh.cli.views.layout import Row, clean, short
from mesh.core import peer_id as ids
from mesh.hub.show import units


def export_runs(row: Row) -> Text:
    """What was exported."""
    what = f"{row['entries']} entries of {row['authors']} peers written to {short(row['file'])}"
    proofs = f", and proofs against {row['proofs']}" if row["proofs"] else ""
    return Text(f"{what}, {units.size(row['bytes'])}{proofs}")


def import_runs(row: Row) -> Text | None:
    """What was imported of one author, or of all."""
    view = IMPORTED.get(row["event"])
    return view(row) if view else None


def _said(row: Row) -> str:
    said = [f"{row.get('new', 0)} entries new", f"{row.get('known', 0)} known already"]
    words = {
        "proofs": "proofs of a fork",
        "refused": "refused",
        "unwanted": "not kept here",
        "own": "runs of our own, which are not taken from a file",
    }
    said += [f"{row[key]} {text}" for key, text in words.items() if row.get(key)]
    return ", ".join(said)


def _author(row: Row) -> Text:
    who = row["id"][: ids.SHORT] if row["id"] else "unknown"
    why = f": {'; '.join(row['why'])}" if row["why"] else ""
    return Text(f"{who:<9}{clean(_said(row) + why)}", "yellow" if row["refused"] else "")


def _broken(row: Row) -> Text:
    return Text(f"broken   {clean(row['file'])}: {clean(row['detail'])}", "bold red")


IMPORTED: Mapping[str, Callable[[Row], Text]] = {
    "author": _author,
    "broken": _broken,
    "imported": lambda row: Text(f"in all   {_said(row)}, of {row['authors']} peers"),
}

VIEWS: dict[str, Callable[[Any], Any]] = {"export_runs": export_runs, "import": import_runs}
