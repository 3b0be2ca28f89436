"""Signaling messages of CoAP over TCP (RFC 8323 section 5)."""

from collections.abc import Mapping
from typing import NamedTuple

from mesh.core.coap.message import Message
from mesh.core.errors import RemoteError

CSM = 0xE1
PING = 0xE2
PONG = 0xE3
RELEASE = 0xE4
ABORT = 0xE5

MAX_MESSAGE_SIZE = 2  # option of a CSM
BLOCK_WISE = 4
CUSTODY = 2  # option of Ping and Pong
ALTERNATIVE_ADDRESS = 2  # option of a Release
HOLD_OFF = 4
BAD_CSM_OPTION = 2  # option of an Abort

BASE_SIZE = 1152  # default Max-Message-Size in bytes (s.5.3.1)
LEAST_SIZE = 16  # bytes: a smaller Max-Message-Size has no room for any answer
SIGNALS = 7  # class of signalling codes
REASON = 120  # characters of a diagnostic payload that are shown


class Form(NamedTuple):
    """The format of an option: least and most bytes of its value, and whether it may be
    repeated.
    """

    shortest: int
    longest: int
    repeatable: bool = False


# each code has its own option numbers (s.11.2)
OPTIONS: Mapping[int, Mapping[int, Form]] = {
    CSM: {MAX_MESSAGE_SIZE: Form(0, 4), BLOCK_WISE: Form(0, 0)},
    PING: {CUSTODY: Form(0, 0)},
    PONG: {CUSTODY: Form(0, 0)},
    RELEASE: {ALTERNATIVE_ADDRESS: Form(1, 255, True), HOLD_OFF: Form(0, 3)},
    ABORT: {BAD_CSM_OPTION: Form(0, 2)},
}


class Unusable(RemoteError):
    """A signal that ends the connection. `option`: the CSM option to blame, or None."""

    def __init__(self, detail: str, option: int | None = None) -> None:
        super().__init__(detail)
        self.option = option


def is_signal(code: int) -> bool:
    """Whether a code is of a signalling message, known or not (s.5.1)."""
    return code >> 5 == SIGNALS


def options_of(message: Message) -> dict[int, list[bytes]]:
    """The values of known options. Unusable for an unknown critical one.

    As in all of CoAP, an option of invalid length, or repeated, counts as unknown.
    """
    known = OPTIONS.get(message.code, {})
    found: dict[int, list[bytes]] = {}
    for number, value in message.options:
        form = known.get(number)
        repeated = number in found and not (form and form.repeatable)
        if form and form.shortest <= len(value) <= form.longest and not repeated:
            found.setdefault(number, []).append(value)
        elif number & 1:
            of_csm = number if message.code == CSM else None
            raise Unusable(f"signalling option {number} is critical and not known here", of_csm)
    return found


class Capabilities:
    """What the other end accepts, by all its CSM so far (s.5.3)."""

    size = BASE_SIZE
    block_wise = False

    @property
    def bert(self) -> bool:
        """Whether it accepts BERT, blocks of several KiB (s.6)."""
        return self.block_wise and self.size > BASE_SIZE

    def told(self, message: Message) -> None:
        """Handle a CSM. Options that it does not have keep their value. Unusable if it is
        invalid.
        """
        options = options_of(message)
        if MAX_MESSAGE_SIZE in options:
            size = int.from_bytes(options[MAX_MESSAGE_SIZE][0], "big")
            if size < LEAST_SIZE:
                detail = f"no answer fits into {size} bytes"
                raise Unusable(detail, MAX_MESSAGE_SIZE)
            self.size = size
        if BLOCK_WISE in options:
            self.block_wise = True


def reason(message: Message) -> str:
    """Why the other end closes a connection, in its own words without control characters."""
    words = message.payload[: 4 * REASON].decode(errors="replace")[:REASON]
    text = "".join(char if char.isprintable() else " " for char in words).strip()
    what = "released" if message.code == RELEASE else "broken off"
    hold_off = options_of(message).get(HOLD_OFF) if message.code == RELEASE else None
    later = f", not to be made anew for {int.from_bytes(hold_off[0], 'big')} s" if hold_off else ""
    return f"the connection was {what} there{later}" + (f": {text}" if text else "")
