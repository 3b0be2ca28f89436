"""The content of a resource of this peer, without a request."""

from mesh.core.coap.message import GET
from mesh.core.resources.resource import Asked

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from mesh.core.resources.peer import Peer


def content(peer: "Peer", now_ms: int, path: str, who: "bytes | None" = None) -> "Any":  # noqa: ANN401
    """The content at a path such as "peer", as `who` would see it. Access is not checked."""
    of = next(one for one in peer.resources if one.path == path)
    return of.read(peer, now_ms, Asked(of, GET, [path], [], None, who, None, None))
