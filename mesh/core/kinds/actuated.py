"""`actuated`: an actuator was set, as [name, value, id of who asked, or null for a rule]."""

from mesh.core.errors import RemoteError
from mesh.core.kit import nothing


def check(body: object) -> object:
    """Validate a body: [name, value, id or null]. RemoteError otherwise."""
    if isinstance(body, list) and len(body) == 3 and isinstance(body[0], str):
        by = body[2]
        if by is None or (isinstance(by, bytes) and len(by) == 32):
            return body
    raise RemoteError("no actuated entry")


wants = accept = nothing  # peers do nothing with it: it is for people and stores
