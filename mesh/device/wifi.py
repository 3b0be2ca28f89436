"""Being on a network: a board joins one of its Wi-Fi networks; on unix the machine is on one."""

import asyncio

CONNECT_MS = 15_000  # what one network gets before the next one is tried
LOOK_MS = 250


async def connect(networks: "list[dict[str, str]]") -> None:
    """Return once this board has an address; tries its networks in turn until then."""
    try:
        import network  # noqa: PLC0415 - not on unix
    except ImportError:
        return
    wlan = network.WLAN(network.STA_IF)
    wlan.active(True)
    try:
        wlan.config(pm=wlan.PM_NONE)  # asleep, some boards miss multicast
    except (AttributeError, OSError, ValueError):
        pass
    while networks and not wlan.isconnected():
        for chosen in networks:
            wlan.connect(chosen["ssid"], chosen.get("password", ""))
            for _ in range(CONNECT_MS // LOOK_MS):
                await asyncio.sleep_ms(LOOK_MS)
                if wlan.isconnected():
                    return
            wlan.disconnect()


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
