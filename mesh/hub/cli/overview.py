"""The groups of the commands, and what `mesh` alone shows: those of every day, on one screen."""

from collections.abc import Callable, Collection, Mapping

GROUPS: Mapping[str, tuple[str, ...]] = {
    "Daily": (
        *("up", "peers", "show", "read", "watch", "set", "get", "name", "forget", "id"),
        *("doctor", "demo", "docs"),
    ),
    "Record": ("log", "history", "export", "verify", "store"),
    "Boards": ("flash", "update", "settings", "board", "hardware"),
    "Build": ("firmware", "simulate"),
}
OTHER = "Other"
ENDS = (". ", ": ", "; ")  # of a first clause


def group_of(command: str) -> str:
    """The group of a command, or of the first word of one that has two."""
    first = command.split(maxsplit=1)[0]
    return next((group for group, names in GROUPS.items() if first in names), OTHER)


def clause(text: str) -> str:
    """The first clause of a help text, without its full stop: it fits into one line of a list."""
    line = " ".join(text.split("\n\n", maxsplit=1)[0].split())
    for end in ENDS:
        line = line.partition(end)[0]
    return line.removesuffix(".")


def text(names: Collection[str], help_of: Callable[[str], str]) -> str:
    """What `mesh` alone shows of the commands, by first words. help_of: the help text of one."""
    there = {group: [name for name in some if name in names] for group, some in GROUPS.items()}
    daily, *others = there
    lines = ["Usage: mesh COMMAND ...      `mesh COMMAND --help` has options and an example", ""]
    for number, name in enumerate(there[daily]):
        lines.append(f"{'' if number else daily:<8}{name:<8}{clause(help_of(name))}")
    lines.append("")
    lines += [f"{group:<8}{'  '.join(there[group])}" for group in others]
    lines += ["", "`mesh --help` has a line for each of them, and the exit codes."]
    return "\n".join(lines)
