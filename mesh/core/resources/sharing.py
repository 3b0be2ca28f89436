"""The paths that the setting `share` may name, from the table of resources."""

from mesh.core.resources.resource import listed
from mesh.core.resources.resource_table import RESOURCES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from mesh.core.resources.resource import Resource


def shareable(resources: "Iterable[Resource]" = RESOURCES) -> list[str]:
    """List those of all resources but single sensors and actuators, which the settings name."""
    return ["/" + of.path for of in listed(resources) if of.path[-1] != "*"]
