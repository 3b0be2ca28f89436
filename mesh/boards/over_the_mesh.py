"""Operations on boards over the mesh, added to those of every desktop's table."""

from collections.abc import Mapping

from mesh.boards import firmware_offer, rollout, settings_offer, wifi_sending
from mesh.hub.operations.table import Operation

OPERATIONS: Mapping[str, Operation] = {
    "update": firmware_offer.update,
    "update.many": rollout.update,
    **settings_offer.OPERATIONS,
    "board.wifi": wifi_sending.send,
}
