"""One line for each thing that happens, on the serial port: for people, or as JSON."""

import json

from mesh.core import events
from mesh.core.cbor import Decimal
from mesh.core.coap import code_text
from mesh.core.ids import short, to_text
from mesh.core.peer import address_text

# event: its name and those of its fields, in order
WORDS = {
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

    def event(self, event: object) -> None:
        """Tell an event of mesh.core.events; one that has no words here is no news."""
        words = WORDS.get(type(event), "").split()
        if words:
            self.tell(words[0], **dict(zip(words[1:], event)))

    def tell(self, what: str, **fields: object) -> None:
        """Tell anything: its name and its fields."""
        if self.as_json:
            plain = {name: self._plain(name, fields[name]) for name in fields}
            plain["event"] = what
            print(json.dumps(plain))  # noqa: T201 - the console is its job
        else:
            told = [f"{n} {self._plain(n, fields[n])}" for n in sorted(fields) if fields[n] != ""]
            print(what + ": " + ", ".join(told))  # noqa: T201

    def _plain(self, name: str, value: object) -> object:
        if isinstance(value, bytes):
            return to_text(value) if self.as_json else short(value)
        if name == "code":
            return code_text(value)
        if isinstance(value, tuple):
            return address_text(value)
        return float(value) if isinstance(value, Decimal) else value
