"""What was to be seen in a demo, and whether it was."""

from collections.abc import Mapping

from mesh.lab.demo.view import View

MARKS = {True: "[green]✓[/]", False: "[red]✗[/]"}


class Checks:
    """Steps by name, each ticked off by what was observed, on a screen at once."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._found: dict[str, tuple[bool, str]] = {}

    def note(self, name: str, seen: bool, how: str) -> None:
        """Record whether a step was seen; `how` it showed."""
        how = how if seen else f"expected: {how}"
        self._found[name] = (seen, how)
        self._view.happened("check", f"{MARKS[seen]} {name}: {how}", ok=seen)

    def all_seen(self) -> bool:
        """Whether each was, and there was one at all."""
        return bool(self._found) and all(seen for seen, _ in self._found.values())

    def summary(self, counts: Mapping[str, object]) -> None:
        """Show all of them, and counts, at the end."""
        self._view.summary(self._found, counts)
