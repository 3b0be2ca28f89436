"""A short-lived peer for one command, and the names of peers that it met."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from mesh.hub.aside import to_the_end
from mesh.hub.home import naming
from mesh.hub.home.home import Home
from mesh.hub.profiles import amended

if TYPE_CHECKING:
    from mesh.core.policy.section_table import Sensor
    from mesh.hub.desktop_peer import HubPeer
    from mesh.hub.operations.table import Operation


class Choices(NamedTuple):
    """Options of a command: which peer to use, and how."""

    home: Path | None = None
    interfaces: list[str] | None = None
    port: int | None = None
    name: str | None = None
    operations: "Mapping[str, Operation]" = {}  # operations besides those of the table


def made(home: Home, choices: Choices, sensed: "Mapping[str, Sensor] | None") -> "HubPeer":
    """The peer of an open home, not started. With `sensed` a short-lived one."""
    from mesh.hub.desktop_peer import HubPeer  # noqa: PLC0415 - slow, and often another process has it

    profile = home.profile()
    if choices.name is not None:
        profile = amended(profile, name=choices.name)
    if sensed is not None:
        # a short-lived peer keeps no feeds
        profile = amended(profile, keep=[], follow=[], actuators={})
    interfaces, port = choices.interfaces, choices.port
    return HubPeer(home, profile, None, interfaces, port, sensed, stays=sensed is None)


async def remember(peer: "HubPeer") -> None:
    """Save the names of peers that it met."""
    cache, met = peer.home.path / naming.CACHE, names(peer)
    await to_the_end(lambda: naming.remember(cache, met))


def names(peer: "HubPeer") -> list[naming.Known]:
    """The names of peers that it met."""
    from mesh.hub.operations import roster  # noqa: PLC0415 - who has a peer has it loaded

    met = [contact for contact in peer.node.contacts.listed() if contact.address is not None]
    return [roster.name_of(peer, contact.peer) for contact in met]
