"""Being on a network: a board joins one of its Wi-Fi networks; on unix the machine is on one.

What drivers do was read in MicroPython 1.29: ports/esp32/network_wlan.c and network_common.c,
extmod/network_cyw43.c. A driver's mishap never leaves this file.
"""

import asyncio

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Networks = list[dict[str, str]]

CONNECT_MS = 15_000  # what one network gets before the next one is tried
LOOK_MS = 250
AGAIN_S = 2  # until another round, after none of them could be joined
RSSI = 3  # where a scan has the strength, in dBm
NO_ADDRESS = "0.0.0.0"
# without any datagram, while peers are known: then the radio is started anew, and each time after
# twice as long, as they may just be switched off
SILENT_MS, LONGEST_MS = 300_000, 3_600_000
MISHAPS = (
    OSError,
    RuntimeError,
    ValueError,
)  # of a driver; an esp32's unknown error is the second


async def connect(
    networks: "Networks", rounds: int = 0, tell: "Callable[..., None]" = lambda *_, **__: None
) -> bool:
    """Join one of these networks, the strongest first; whether we were away until now. Tries for
    ever, or so many rounds: then joined() tells what came of it. tell("wifi", ssid=, reason=) is
    called for each that cannot be joined, once for each reason.
    """
    try:
        import network  # noqa: PLC0415 - not on unix
    except ImportError:
        return False
    wlan = network.WLAN(network.STA_IF)
    told: dict[str, str] = {}
    while True:
        _switch_on(wlan)
        if not networks or _is_joined(wlan):
            return bool(told)
        for chosen in _strongest(wlan, networks):
            ssid = chosen["ssid"]
            reason = await _join(wlan, chosen)
            if not reason:
                return True
            if told.get(ssid) != reason:
                told[ssid] = reason
                tell("wifi", ssid=ssid, reason=reason)
        rounds -= 1
        if not rounds:
            return True
        await asyncio.sleep(AGAIN_S)


def _switch_on(wlan: "Any") -> None:  # noqa: ANN401 - network.WLAN
    try:
        wlan.active(True)
        wlan.config(pm=wlan.PM_NONE)  # asleep, some boards miss multicast
    except MISHAPS + (AttributeError,):
        pass


async def _join(wlan: "Any", chosen: "dict[str, str]") -> str:  # noqa: ANN401 - network.WLAN
    """Why it was not joined in time, or nothing."""
    password = chosen.get("password")
    reason = ""
    try:
        wlan.connect(chosen["ssid"], *([password] if password else []))
    except MISHAPS as error:
        reason = str(error)  # also while the driver joins by itself: it may get there
    for _ in range(CONNECT_MS // LOOK_MS):
        await asyncio.sleep_ms(LOOK_MS)
        if _is_joined(wlan):
            return ""
    try:
        from mesh.device.wifi_reasons import reason_of  # noqa: PLC0415 - heap where it is used

        reason = reason_of(wlan.status()) or reason
        wlan.disconnect()
    except MISHAPS:  # the radio is busy or in a bad state: the next round finds it otherwise
        pass
    return reason or "no answer, or no address from it"


def _is_joined(wlan: "Any") -> bool:  # noqa: ANN401 - network.WLAN
    return bool(wlan.isconnected()) and wlan.ifconfig()[0] != NO_ADDRESS


def _strongest(wlan: "Any", networks: "Networks") -> "Networks":  # noqa: ANN401 - network.WLAN
    """The networks, those that are heard first and the strongest before the others. Those that
    are not heard come too: they may hide their names.
    """
    if not networks[1:]:
        return networks
    heard: dict[bytes, int] = {}  # names of others are any bytes
    try:
        for found in wlan.scan():
            name = bytes(found[0])
            heard[name] = max(found[RSSI], heard.get(name, -999))
    except MISHAPS + (MemoryError,):
        pass
    ranked = [(-heard.get(n["ssid"].encode(), -999), i) for i, n in enumerate(networks)]
    return [networks[i] for _, i in sorted(ranked)]


class Silence:
    """Tells when nothing was heard for so long that the radio should be started anew."""

    def __init__(self) -> None:
        self._since_ms = self._heard_ms = 0
        self._pause_ms = SILENT_MS

    def lasts(self, now_ms: int, heard_ms: int, expected: bool) -> bool:
        """Whether to do so now: the last datagram came at `heard_ms`; somebody is `expected`."""
        if heard_ms != self._heard_ms or not expected:
            self._heard_ms = heard_ms
            self._since_ms = now_ms
            self._pause_ms = SILENT_MS
        if now_ms - self._since_ms < self._pause_ms:
            return False
        self._since_ms = now_ms
        self._pause_ms = min(2 * self._pause_ms, LONGEST_MS)
        return True


def restart() -> None:
    """Switch the radio off; connect() switches it on."""
    try:
        import network  # noqa: PLC0415 - not on unix

        wlan = network.WLAN(network.STA_IF)
        wlan.disconnect()
        wlan.active(False)
    except (ImportError,) + MISHAPS:
        pass


def joined() -> bool:
    """Whether there is a network now."""
    try:
        import network  # noqa: PLC0415 - not on unix

        return _is_joined(network.WLAN(network.STA_IF))
    except ImportError:
        return True


def address() -> str:
    """Our IPv4 address: of the Wi-Fi, or of the machine's first interface but loopback."""
    try:
        import network  # noqa: PLC0415 - not on unix

        return network.WLAN(network.STA_IF).ifconfig()[0]
    except ImportError:
        return _machine_address()


def _machine_address() -> str:
    last = ""
    try:
        with open("/proc/net/fib_trie") as file:
            for line in file:
                words = line.split()
                if words[0] == "|--":
                    last = words[1]
                elif words[:3] == ["/32", "host", "LOCAL"] and last[:4] != "127.":
                    return last
    except OSError:
        pass
    return "127.0.0.1"


def bits() -> int:
    """How many bits of our address are those of its network; 0 where that is not known."""
    try:
        import network  # noqa: PLC0415 - not on unix

        mask = network.WLAN(network.STA_IF).ifconfig()[1]
        return sum([bin(int(part or 0)).count("1") for part in mask.split(".")])
    except (ImportError, AttributeError):
        return 0
