"""Reset reason: from the processor, and from what was recorded before the last end."""

from mesh.core.errors import LocalError
from mesh.device import identity

FILE = "faults"  # number of faults, 4 bytes; start number of the last one, 4; its reason
LONGEST = 96  # characters of a reason
# names in `machine` of what reset_cause() gives, and ours; each port has some of them
CAUSES = (
    ("PWRON_RESET", "power on"),
    ("HARD_RESET", "reset"),
    ("WDT_RESET", "watchdog or reset"),  # an rp2 uses its watchdog for any reset
    ("DEEPSLEEP_RESET", "woke up"),
    ("SOFT_RESET", "soft reset"),
)


def _read() -> "tuple[int, int, str]":
    try:
        body = identity.read(FILE) or bytes(8)
        number = int.from_bytes
        return number(body[:4], "big"), number(body[4:8], "big"), str(body[8:], "utf-8")
    except (LocalError, UnicodeError):
        return 0, 0, ""


def note(boots: int, reason: str) -> None:
    """Record that start number `boots` ends by a fault."""
    count = _read()[0] + 1
    text = "".join([c if " " <= c <= "~" else "?" for c in reason[:LONGEST]])
    try:
        body = count.to_bytes(4, "big") + boots.to_bytes(4, "big") + text.encode()
        identity.write(FILE, body)
    except OSError:  # disk full: optional
        pass


def last(boots: int) -> "list[object]":
    """For /peer: [faults so far, why start number `boots` happened]."""
    count, when, reason = _read()
    return [count, reason if when == boots - 1 and reason else cause()]


def cause() -> str:
    """The cause of the last reset, according to the processor."""
    try:
        import machine  # noqa: PLC0415 - boards only

        code = machine.reset_cause()
    except (ImportError, AttributeError):
        return "started"
    for name, text in CAUSES:
        if getattr(machine, name, None) == code:
            return text
    return "unknown"
