"""Answers what others propose, by the rows of a peer's setting `consent`, once it is time."""

from mesh.core.relations.agreements import OPEN
from mesh.core.relations.consent import decide, offer
from mesh.core.relations.mark import OBJECT, YES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Container

    from mesh.core.policy.consent_rows import Row
    from mesh.core.relations.agreements import Agreements

    Answer = tuple[int, str, dict[int, object] | None]


class Consents:
    """See above; it remembers nothing. `actuators`: those of this peer; `alone`: whether nobody
    is there who could answer instead, as at a board.
    """

    def __init__(
        self, rows: "list[Row]", me: bytes, actuators: "Container[str]", alone: bool
    ) -> None:
        self._rows = rows
        self._me = me
        self._actuators = actuators
        self._alone = alone

    def decide(self, agreements: "Agreements", ref: bytes, waited_s: int) -> "Answer | int | None":
        """What to say to an agreement that has waited for so long: None, nothing by itself; a
        number, to be asked again in so many seconds; or (word, reason, body of what to offer
        besides, or None).
        """
        pact, author = agreements.pacts[ref], agreements.authors[ref]
        members = agreements.members(ref)
        if members is None or author not in members:
            return None
        said = decide(self._rows, self._me, author, members, pact, self._actuators, self._alone)
        if said.word is None or (said.word == YES and agreements.accepted_rivals(ref, self._me)):
            return None
        left_s: int = said.after_s - waited_s
        if left_s > 0:
            return left_s
        if said.after_s:
            yes = agreements.said(ref, YES)
            for one in agreements.said(ref, OBJECT):
                if one in members and one not in yes:
                    return None  # until that is withdrawn, by a yes
        counter = said.counter
        if counter is None or self._has_offered(agreements, author):
            return said.word, said.reason, None
        return said.word, said.reason, offer(author, ref, counter)

    def _has_offered(self, agreements: "Agreements", peer: bytes) -> bool:
        """Whether a counter-offer to a peer is open: one is enough, as each takes room."""
        for ref, pact in agreements.pacts.items():
            mine = agreements.authors[ref] == self._me and pact.parties == [peer]
            if mine and pact.toward is not None and agreements.state(ref) == OPEN:
                return True
        return False
