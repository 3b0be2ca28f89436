"""The kind of network behind an interface, and what to expect of multicast there."""

from pathlib import Path

import psutil

REAL, INNER, POINT, MUTE = "network", "inside", "point to point", "without multicast"
NETWORKS = Path("/sys/class/net")
DEEP = 4  # most interfaces stacked on each other


def kind(interface: str) -> str:
    """The kind of an interface: REAL; INNER, of containers or virtual machines; POINT or MUTE, by
    its flags.

    REAL if the system does not say.
    """
    state = psutil.net_if_stats().get(interface)
    flags = set(getattr(state, "flags", "").split(","))
    if "loopback" in flags:
        return REAL
    if "pointopoint" in flags:
        return POINT
    if flags != {""} and "multicast" not in flags:
        return MUTE
    return REAL if _leads_out(interface, DEEP) else INNER


def _leads_out(interface: str, deep: int) -> bool:
    """Whether an interface is hardware, or based on one that is."""
    place = NETWORKS / interface
    if not place.exists() or (place / "device").exists():
        return True
    below = [path.name.removeprefix("lower_") for path in place.glob("lower_*")]
    return deep > 0 and any(_leads_out(one, deep - 1) for one in below)
