"""View of `mesh flash`: a line for each step, progress bars for long ones."""

from collections.abc import Callable, Mapping
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from mesh.cli.views.layout import Row, clean
from mesh.core import peer_id as ids
from mesh.hub.show import units

WIDTH = 28  # of a bar


def flash(row: Row) -> RenderableType | None:
    """A step; None if it need not be shown."""
    view = STEPS.get(row["event"])
    return view(row) if view else None


def _line(word: str, told: str, style: str = "green") -> Text:
    return Text(f"{word:<9}", style).append(clean(told), "default")


def _found(row: Row) -> RenderableType:
    micropython = f", MicroPython {row['micropython']}" if "micropython" in row else ""
    return _line("found", f"{row['board']} at {row['where']}{micropython}")


def _image(row: Row) -> RenderableType:
    return _line("written", f"{row['file']}; the board is at {row['port']}")


def _firmware(row: Row) -> RenderableType:
    copied = row["copied"]
    how = f"{copied} of {row['files']} files copied" if copied else "all files were there"
    return _line("firmware", f"{row['version']}: {how}, each checked on the board")


def _settings(row: Row) -> RenderableType:
    return _line("settings", "written" if row["changed"] else "as they were")


def _code(row: Row) -> RenderableType:
    told = (
        f"{row['code']} opens its access point, mesh-..., once it has lost its Wi-Fi: write it "
        "down, as nothing shows it again (`mesh board wifi`)"
    )
    return _line("code", told)


def _next_key(row: Row) -> RenderableType:
    return _line("next key", f"{row['file']}: keep a copy, so that another board can replace it")


def _replaces(row: Row) -> RenderableType:
    what = f"takes the place of {row['name']}, {row['former'][: ids.SHORT]}, after its entry"
    return _line("replaces", f"{what} {row['end']}")


def _identity(row: Row) -> RenderableType:
    born = "made its key: it is" if row["new"] else "kept its key: it is"
    return _line("identity", f"{born} {row['id'][: ids.SHORT]}, here called {row['name']}")


def _joined(row: Row) -> RenderableType:
    return _line("joined", f"at {row['address']}")


def _waiting(row: Row) -> RenderableType:
    what = f"for an answer of {row['name']} at {row['address']}, {row['waited_s']} s so far"
    return _line("waiting", what)


def _warning(row: Row) -> RenderableType:
    return _line("note", row["detail"], "yellow")


def _reading(row: Row) -> RenderableType:
    if not row["rows"]:
        return _line("reading", "none yet", "yellow")
    lines = []
    for one in row["rows"]:
        verified = "signature verified" if one["verified"] else "NOT VERIFIED"
        value = units.quantity(one["value"], one["unit"])
        style = "green" if one["verified"] else "bold red"
        lines.append(
            _line("reading", f"{one['peer']}/{one['sensor']}  {value}  {verified}", style)
        )
    return Group(*lines)


def _silent(row: Row) -> RenderableType:
    told = f"no reading within {row['seconds']:g} s, and no reason: {', '.join(row['sensors'])}"
    return _line("note", told, "yellow")


def _failing(row: Row) -> RenderableType:
    return Group(*(_line("FAILING", f"{n}: {why}", "red") for n, why in row["things"].items()))


def _done(row: Row) -> RenderableType:
    return _line("done", f"`mesh watch {row['name']}` goes on from here")


def bar(row: Row) -> Text:
    """The progress of a long step."""
    done, of = row["done"], max(1, row["of"])
    full = WIDTH * done // of
    line = (
        Text(f"{row.get('verb', 'copying'):<9}", "cyan")
        .append("━" * full, "green")
        .append("━" * (WIDTH - full), "dim")
    )
    return line.append(f" {100 * done // of:>3}%  {clean(row['what'])}", "default")


STEPS: Mapping[str, Callable[[Any], RenderableType]] = {
    "found": _found,
    "image": _image,
    "firmware": _firmware,
    "code": _code,
    "next_key": _next_key,
    "replaces": _replaces,
    "settings": _settings,
    "identity": _identity,
    "joined": _joined,
    "waiting": _waiting,
    "warning": _warning,
    "reading": _reading,
    "silent": _silent,
    "failing": _failing,
    "done": _done,
}
VIEWS: Mapping[str, Callable[[Any], Any]] = {"flash": flash}
