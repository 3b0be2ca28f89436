"""Event log on the serial port: a line for each event, for people or as JSON."""

import json

from mesh.core import codes, events
from mesh.core.address import address_text
from mesh.core.codec.cbor import Decimal
from mesh.core.peer_id import short, to_text
from mesh.core.summing import Summing
from mesh.device.ticks import Ticks

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

# event: its name, and the names of its fields in order
WORDS: "dict[object, str]" = {
    events.PeerFound: "found peer name address how",
    events.PeerLost: "lost peer reason",
    events.Reading: "reading peer seq sensor unit value clock",
    events.Refused: "refused source peer code detail",
    events.Actuated: "actuated name value by",
    events.Forked: "forked peer seq",
    events.Restored: "restored peer seq reason",
}
SUMMED = ("refused", "found", "lost", "forked")  # strangers can cause these
MOST, EVERY_MS = 8, 10_000  # most lines of each kind in EVERY_MS


class Console:
    """Prints events of the core and of the runtime."""

    def __init__(self, as_json: bool, now: "Callable[[], int] | None" = None) -> None:
        self.as_json = as_json
        self._now = now or Ticks()
        self._sums: dict[str, Summing] = {}

    def event(self, event: "Any") -> None:  # noqa: ANN401 - one of mesh.core.events
        """Print an event, if it has a format here. Of those that strangers can cause a few are
        printed; the sum of the others follows before the next line.
        """
        words = WORDS.get(type(event), "").split()
        if not words or (words[0] in SUMMED and not self._takes(words[0], event[0])):
            return
        self.tell(words[0], **dict(zip(words[1:], event)))

    def _takes(self, what: str, source: "Any") -> bool:  # noqa: ANN401 - an address or an id
        self._sum_up()
        summing = self._sums.setdefault(what, Summing(MOST, EVERY_MS))
        return summing.takes(self._now(), source[0] if isinstance(source, tuple) else source)

    def _sum_up(self) -> None:
        for what in SUMMED:
            left = self._sums[what].left_out(self._now()) if what in self._sums else None
            if left is not None:
                self._print("summed", {"of": what, "more": left[0], "sources": left[1]})

    def tell(self, what: str, **fields: object) -> None:
        """Print anything, by its name and its fields."""
        self._sum_up()
        self._print(what, fields)

    def _print(self, what: str, fields: "dict[str, Any]") -> None:
        plain = {name: self._plain(name, fields[name]) for name in fields}
        if self.as_json:
            plain["event"] = what
            print(json.dumps(plain))  # noqa: T201 - the console is its job
        else:
            told = [f"{name} {plain[name]}" for name in sorted(plain) if plain[name] != ""]
            print(what + ": " + ", ".join(told))  # noqa: T201

    def _plain(self, name: str, value: "Any") -> object:  # noqa: ANN401 - a field of an event
        if isinstance(value, bytes):
            return to_text(value) if self.as_json else short(value)
        if isinstance(value, tuple):
            return address_text(value)
        if isinstance(value, Decimal):
            return float(value)
        return codes.text(value) if name == "code" else value
