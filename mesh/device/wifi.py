"""Being on a network: a board joins one of its Wi-Fi networks; on unix the machine is on one."""

import asyncio

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Networks = list[dict[str, str]]

CONNECT_MS = 15_000  # what one network gets before the next one is tried
LOOK_MS = 250
AGAIN_S = 2  # until another round, after none of them could be joined
RSSI = 3  # where a scan has the strength, in dBm


async def connect(networks: "Networks", rounds: int = 0) -> bool:
    """Join one of these networks, the strongest first; whether we were away until now. Tries for
    ever, or so many rounds: then joined() tells what came of it.
    """
    try:
        import network  # noqa: PLC0415 - not on unix
    except ImportError:
        return False
    wlan = network.WLAN(network.STA_IF)
    wlan.active(True)
    try:
        wlan.config(pm=wlan.PM_NONE)  # asleep, some boards miss multicast
    except (AttributeError, OSError, ValueError):
        pass
    if not networks or wlan.isconnected():
        return False
    while True:
        for chosen in _strongest(wlan, networks):
            if await _join(wlan, chosen):
                return True
        rounds -= 1
        if not rounds:
            return True
        await asyncio.sleep(AGAIN_S)


async def _join(wlan: "Any", chosen: "dict[str, str]") -> bool:  # noqa: ANN401 - network.WLAN
    try:
        password = chosen.get("password")
        wlan.connect(chosen["ssid"], *([password] if password else []))
        for _ in range(CONNECT_MS // LOOK_MS):
            await asyncio.sleep_ms(LOOK_MS)
            if wlan.isconnected():
                return True
        wlan.disconnect()
    except OSError:  # the radio is busy or in a bad state: the next round finds it otherwise
        pass
    return False


def _strongest(wlan: "Any", networks: "Networks") -> "Networks":  # noqa: ANN401 - network.WLAN
    """The networks, those that are heard first and the strongest before the others. Those that
    are not heard come too: they may hide their names.
    """
    if not networks[1:]:
        return networks
    heard: dict[str, int] = {}
    try:
        for found in wlan.scan():
            name = str(found[0], "utf-8")
            heard[name] = max(found[RSSI], heard.get(name, -999))
    except (OSError, UnicodeError):
        pass
    ranked = [(-heard.get(n["ssid"], -999), i) for i, n in enumerate(networks)]
    return [networks[i] for _, i in sorted(ranked)]


def joined() -> bool:
    """Whether there is a network now."""
    try:
        import network  # noqa: PLC0415 - not on unix

        return bool(network.WLAN(network.STA_IF).isconnected())
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
