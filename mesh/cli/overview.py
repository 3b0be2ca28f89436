"""The overview of commands that `mesh` alone shows: groups, the daily ones on one screen."""

from collections.abc import Mapping

GROUPS: Mapping[str, tuple[str, ...]] = {
    "Daily": (
        *("up", "peers", "show", "read", "watch", "set", "get", "name", "forget", "id"),
        *("doctor", "demo", "docs"),
    ),
    "Record": ("log", "history", "export", "import", "verify", "store"),
    "Equals": ("promise", "promises", "circle", "agreement", "trial", "ask", "key"),
    "Boards": ("flash", "update", "settings", "board", "hardware"),
    "Build": ("firmware", "simulate", "conform"),
}
OTHER = "Other"
ENDS = (". ", ": ", "; ")  # ends of a first clause


def group_of(command: str) -> str:
    """The group of a command, by its first word."""
    first = command.split(maxsplit=1)[0]
    return next((group for group, names in GROUPS.items() if first in names), OTHER)


def clause(text: str) -> str:
    """The first clause of a help text, without its full stop, as a line of a list."""
    line = " ".join(text.split("\n\n", maxsplit=1)[0].split())
    for end in ENDS:
        line = line.partition(end)[0]
    return line.removesuffix(".")


def text(told: Mapping[str, str]) -> str:
    """The list of commands that `mesh` alone shows. `told`: the line of each first word."""
    there = {group: [name for name in some if name in told] for group, some in GROUPS.items()}
    daily, *others = there
    lines = ["Usage: mesh COMMAND ...      `mesh COMMAND --help` has options and an example", ""]
    for number, name in enumerate(there[daily]):
        lines.append(f"{'' if number else daily:<8}{name:<8}{told[name]}")
    lines.append("")
    lines += [f"{group:<8}{'  '.join(there[group])}" for group in others]
    lines += ["", "`mesh --help` has a line for each of them, and the exit codes."]
    return "\n".join(lines)
