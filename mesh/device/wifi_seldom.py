"""What a board's Wi-Fi seldom needs: the order of several networks, and a restart of the radio.
Only loaded then.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Mishaps = tuple[type[Exception], ...]  # what a driver raises

RSSI = 3  # index of the signal strength, in dBm, in a scan
UNHEARD = -999


def ranked(
    wlan: "Any",  # noqa: ANN401 - network.WLAN
    networks: "list[dict[str, str]]",
    mishaps: "Mishaps",
) -> "list[dict[str, str]]":
    """Sort the networks: those found by a scan first, the strongest of them before others. Others
    may be hidden.
    """
    heard: dict[bytes, int] = {}  # names may be any bytes
    try:
        for found in wlan.scan():
            name = bytes(found[0])
            heard[name] = max(found[RSSI], heard.get(name, UNHEARD))
    except mishaps + (MemoryError,):
        pass
    order = [(-heard.get(n["ssid"].encode(), UNHEARD), i) for i, n in enumerate(networks)]
    return [networks[i] for _, i in sorted(order)]


def restart(mishaps: "Mishaps") -> None:
    """Switch the radio off; wifi.connect() switches it on."""
    try:
        import network  # noqa: PLC0415 - not on unix

        wlan = network.WLAN(network.STA_IF)
        wlan.disconnect()
        wlan.active(False)
    except (ImportError,) + mishaps:
        pass
