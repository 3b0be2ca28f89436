"""Hardware watchdog: restarts a board whose loop hangs."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

MOST_MS = 8388  # limit of an rp2 (RP2040 datasheet, 4.7: 24 bits of microseconds, counted twice)
STOP = 1 << 30  # ENABLE in an rp2's watchdog CTRL, written to the alias that clears bits
CTRL = {"RP2040": 0x40058000, "RP2350": 0x400D8000}
CLEAR = 0x3000
A_DAY_MS = 86_400_000


def start(seconds: float) -> "Any":  # noqa: ANN401 - machine.WDT
    """Start it. Gives the object to be fed within so many seconds, or None if there is none."""
    if not seconds:
        return None
    try:
        from machine import WDT  # noqa: PLC0415 - boards only
    except ImportError:
        return None
    wanted_ms = int(seconds * 1000)
    try:
        return WDT(timeout=wanted_ms)
    except ValueError:  # longer than it supports
        return WDT(timeout=min(wanted_ms, MOST_MS))


def stop() -> None:
    """Stop it if the processor can, as work by the cable takes minutes."""
    import sys  # noqa: PLC0415 - at the end only

    import machine  # noqa: PLC0415

    for chip, base in CTRL.items():
        if chip in sys.implementation._machine:  # type: ignore[attr-defined]
            machine.mem32[base + CLEAR] = STOP
            return
    try:
        machine.WDT(timeout=A_DAY_MS)
    except (ValueError, OSError):
        pass
