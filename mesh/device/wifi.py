"""Wi-Fi connection of a board: joins one of its networks. On unix the machine is connected.

The behaviour of drivers is that of MicroPython 1.29: ports/esp32/network_wlan.c and
network_common.c, extmod/network_cyw43.c. Their errors never leave this file.
"""

import asyncio

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Networks = list[dict[str, str]]

CONNECT_MS = 15_000  # time for a network before the next one is tried
LOOK_MS = 250
AGAIN_S = 2  # pause before another round, after none could be joined
NO_ADDRESS = "0.0.0.0"
# silence, while peers are known, after which the radio is restarted; it doubles each time, as they
# may just be switched off
SILENT_MS, LONGEST_MS = 300_000, 3_600_000
MISHAPS = (
    OSError,
    RuntimeError,
    ValueError,
)  # raised by drivers; the second is an esp32's unknown error


async def connect(
    networks: "Networks", rounds: int = 0, tell: "Callable[..., None]" = lambda *_, **__: None
) -> bool:
    """Join one of these networks, the strongest first. Whether we were offline before.

    It tries for ever, or `rounds` rounds: then joined() gives the result. tell("wifi", ssid=,
    reason=) is called for each that cannot be joined, once for each reason.
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
        for chosen in _ranked(wlan, networks):
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
        wlan.config(pm=wlan.PM_NONE)  # in power-save mode some boards miss multicast
    except MISHAPS + (AttributeError,):
        pass


async def _join(wlan: "Any", chosen: "dict[str, str]") -> str:  # noqa: ANN401 - network.WLAN
    """Why it was not joined in time, or ""."""
    password = chosen.get("password")
    reason = ""
    try:
        wlan.connect(chosen["ssid"], *([password] if password else []))
    except MISHAPS as error:
        reason = str(error)  # also raised while the driver joins by itself, which may succeed
    for _ in range(CONNECT_MS // LOOK_MS):
        await asyncio.sleep_ms(LOOK_MS)
        if _is_joined(wlan):
            return ""
    try:
        from mesh.device.wifi_reasons import reason_of  # noqa: PLC0415 - heap where it is used

        reason = reason_of(wlan.status()) or reason
        wlan.disconnect()
    except MISHAPS:  # the radio is busy or in a bad state: the next round may work
        pass
    return reason or "no answer, or no address from it"


def _is_joined(wlan: "Any") -> bool:  # noqa: ANN401 - network.WLAN
    return bool(wlan.isconnected()) and wlan.ifconfig()[0] != NO_ADDRESS


def _ranked(wlan: "Any", networks: "Networks") -> "Networks":  # noqa: ANN401 - network.WLAN
    if not networks[1:]:
        return networks
    from mesh.device.wifi_seldom import ranked  # noqa: PLC0415 - heap where it is used

    return ranked(wlan, networks, MISHAPS)


class Silence:
    """Detects that nothing was received for so long that the radio should be restarted."""

    def __init__(self) -> None:
        self._since_ms = self._heard_ms = 0
        self._pause_ms = SILENT_MS

    def lasts(self, now_ms: int, heard_ms: int, expected: bool) -> bool:
        """Whether to restart now. The last datagram came at `heard_ms`; `expected`: whether any
        peer should send.
        """
        if heard_ms != self._heard_ms or not expected:
            self._heard_ms = heard_ms
            self._since_ms = now_ms
            self._pause_ms = SILENT_MS
        if now_ms - self._since_ms < self._pause_ms:
            return False
        self._since_ms = now_ms
        self._pause_ms = min(2 * self._pause_ms, LONGEST_MS)
        return True


def joined() -> bool:
    """Whether we are on a network."""
    try:
        import network  # noqa: PLC0415 - not on unix

        return _is_joined(network.WLAN(network.STA_IF))
    except ImportError:
        return True


def address() -> str:
    """Our IPv4 address, of the Wi-Fi, or of the machine's first interface except loopback."""
    try:
        import network  # noqa: PLC0415 - not on unix

        return network.WLAN(network.STA_IF).ifconfig()[0]
    except ImportError:
        from mesh.device.on_unix import machine_address  # noqa: PLC0415 - only there

        return machine_address()


def bits() -> int:
    """The prefix length of our network; 0 if unknown."""
    try:
        import network  # noqa: PLC0415 - not on unix

        mask = network.WLAN(network.STA_IF).ifconfig()[1]
        return sum([bin(int(part or 0)).count("1") for part in mask.split(".")])
    except (ImportError, AttributeError):
        return 0
