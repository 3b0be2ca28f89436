"""How much time lies between two clocks of one peer's entries."""

from mesh.core.clock import NONE

TYPE_CHECKING = False
if TYPE_CHECKING:
    Stamp = list[int | None]


def between(earlier: "Stamp", later: "Stamp") -> "int | None":
    """The ms between two clocks of an author: since its start, or if it started anew by its Unix
    time, if that has a source both times. None if that is not known.
    """
    which = 2 if earlier[1] == later[1] else 3
    if which == 3 and NONE in (earlier[0], later[0]):
        return None
    before, after = earlier[which], later[which]
    if before is None or after is None or after < before:
        return None
    return after - before
