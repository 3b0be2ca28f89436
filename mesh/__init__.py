"""A mesh of objects with sensors: boards and desktops as equal peers. For programs: mesh.Peer,
mesh.Store and their errors (docs/python.md), each loaded when it is used first. A board has an
empty file in place of this one.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mesh.core.errors import MeshError as Error
    from mesh.hub.api.program_peer import Peer
    from mesh.hub.api.program_store import KeptSensor, Store
    from mesh.hub.api.records import Contact, Event, Reading, Summary
    from mesh.hub.api.subscription import Subscription
    from mesh.hub.failure import NoAnswer, NotFound, Partly, Refused, Unreachable

__all__ = [
    "Contact",
    "Error",
    "Event",
    "KeptSensor",
    "NoAnswer",
    "NotFound",
    "Partly",
    "Peer",
    "Reading",
    "Refused",
    "Store",
    "Subscription",
    "Summary",
    "Unreachable",
]

# name: (module, what it is called there)
_PLACES = {
    "Contact": ("mesh.hub.api.records", "Contact"),
    "Error": ("mesh.core.errors", "MeshError"),
    "Event": ("mesh.hub.api.records", "Event"),
    "KeptSensor": ("mesh.hub.api.program_store", "KeptSensor"),
    "NoAnswer": ("mesh.hub.failure", "NoAnswer"),
    "NotFound": ("mesh.hub.failure", "NotFound"),
    "Partly": ("mesh.hub.failure", "Partly"),
    "Peer": ("mesh.hub.api.program_peer", "Peer"),
    "Reading": ("mesh.hub.api.records", "Reading"),
    "Refused": ("mesh.hub.failure", "Refused"),
    "Store": ("mesh.hub.api.program_store", "Store"),
    "Subscription": ("mesh.hub.api.subscription", "Subscription"),
    "Summary": ("mesh.hub.api.records", "Summary"),
    "Unreachable": ("mesh.hub.failure", "Unreachable"),
}


def __getattr__(name: str) -> object:
    """Load one of these names (PEP 562)."""
    if name not in _PLACES:
        raise AttributeError(f"module 'mesh' has no attribute '{name}'")
    from importlib import import_module  # noqa: PLC0415 - `mesh --version` needs none of it

    module, there = _PLACES[name]
    return getattr(import_module(module), there)


def __dir__() -> list[str]:
    return sorted(set(globals()) | set(__all__))
