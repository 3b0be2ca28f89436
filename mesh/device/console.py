"""One line for each thing that happens, on the serial port: for people, or as JSON."""

import json

from mesh.core import events
from mesh.core.cbor import Decimal
from mesh.core.coap import code_text
from mesh.core.ids import short, to_text
from mesh.core.peer import address_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# event: its name and those of its fields, in order
WORDS: "dict[object, str]" = {
    events.PeerFound: "found peer name address how",
    events.PeerLost: "lost peer reason",
    events.Reading: "reading peer seq sensor unit value clock",
    events.Refused: "refused source peer code detail",
    events.Actuated: "actuated name value by",
    events.Forked: "forked peer seq",
}


class Console:
    """Prints events of the core, and what else a runtime has to tell."""

    def __init__(self, as_json: bool) -> None:
        self.as_json = as_json

    def event(self, event: "Any") -> None:  # noqa: ANN401 - one of mesh.core.events
        """Tell an event; one that has no words here is no news."""
        words = WORDS.get(type(event), "").split()
        if words:
            self.tell(words[0], **dict(zip(words[1:], event)))

    def tell(self, what: str, **fields: object) -> None:
        """Tell anything: its name and its fields."""
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
        return code_text(value) if name == "code" else value
