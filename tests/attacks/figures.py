"""What an attack did, as a row of a Markdown table: docs/security.md holds one whole run."""

import os
import time
from dataclasses import dataclass

HEADING = ("attack", "victim", "messages", "memory", "disk", "told", "honest", "ends")


@dataclass
class Row:
    """Figures of one attack. A value that was not looked at stays None.

    sent: messages of the attacker. memory_kib, disk_kib: what the victim has more afterwards.
    told_kib: what it wrote to its console. honest: (answered, asked) of an honest peer while
    the attack lasted. share: its rate under attack, as a part of the rate without (0 to 1).
    ends: how often the victim's process ended or started anew.
    """

    attack: str
    victim: str
    sent: int
    memory_kib: float | None = None
    disk_kib: float | None = None
    told_kib: float | None = None
    honest: tuple[int, int] | None = None
    share: float | None = None
    ends: int | None = None

    def cells(self):
        """The row's texts, in the order of HEADING."""
        honest = "" if self.honest is None else f"{self.honest[0]} of {self.honest[1]}"
        if self.share is not None:
            honest = f"{honest} ({self.share:.0%})".strip()
        ends = "" if self.ends is None else str(self.ends)
        sizes = [_size(kib) for kib in (self.memory_kib, self.disk_kib, self.told_kib)]
        return [self.attack, self.victim, f"{self.sent:,}", *sizes, honest, ends]


def table(rows):
    """Lines of a Markdown table."""
    yield "| " + " | ".join(HEADING) + " |"
    yield "|" + "---|" * len(HEADING)
    for row in rows:
        yield "| " + " | ".join(row.cells()) + " |"


def when():
    """The day, and how busy this machine was in the last 15 minutes."""
    day, load = time.strftime("%d %B %Y"), os.getloadavg()[2]
    return f"{day}, {os.cpu_count()} processors with {load:.1f} programs that want one"


def _size(kib):
    if kib is None:
        return ""
    return f"{kib / 1024:,.1f} MiB" if abs(kib) >= 1024 else f"{kib:,.0f} KiB"
