"""A node that keeps whole feeds, with an archive, and is a witness of them."""

from mesh.core.full.many_contacts import ManyContacts
from mesh.core.full.witnessed import Witnessed
from mesh.core.full.witnessing import Witnessing
from mesh.core.node import Node

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mesh.core.feed.feeds import Feeds
    from mesh.core.kit import Kit


class KeepingNode(Node):
    """A node whose feeds may have an archive."""

    collects, knows = Witnessed, ManyContacts

    def _follow(self, kit: "Kit", feeds: "Feeds") -> None:
        super()._follow(kit, feeds)
        if self._interest.any:
            Witnessing(self, self._interest.vouched)
