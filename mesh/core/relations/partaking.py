"""A peer's part in agreements: what of them runs here by its own word, and what it says of them.

A part of a node, made where the settings name peers in `relations`. It takes what these and this
peer itself say, and tells `effects` and `consents`, if it was given them (see serve()).
"""

from mesh.core.errors import LocalError, RemoteError
from mesh.core.relations import mark as marks
from mesh.core.relations import pact as pacts
from mesh.core.relations.agreements import IN_FORCE, OPEN
from mesh.core.relations.mark import LEAVE, NO, YES
from mesh.core.relations.pact import FOUNDING, PROMISE, RULE, WITH
from mesh.core.relations.running import Running
from mesh.core.relations.taking import MARKERS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from mesh.core.relations.agreements import Agreements

QUOTA, QUOTA_MS = 8, 60_000  # answers by `consents` in so many ms, as each fills the own feed
AGAIN_MS = 1000  # until it is looked again whether the own feed takes an answer


class Relating(Running):
    """See above. `node`: the Node that it is a part of; is_seam(own): whether what is held of the
    own feed begins where it went on after a loss.

    effects.changed(now_ms, running) is called after each change, with what running() gives.
    consents.decide(agreements, ref, waited_s) is called after each change for each agreement that
    waits for this peer's word, and says: None, nothing; a number, to be asked again in so many s;
    or (word, reason or "", body of an agreement to be offered besides, or None).
    """

    def __init__(
        self,
        node: "Any",  # noqa: ANN401 - a Node
        agreements: "Agreements",
        peers: "list[bytes]",
        is_seam: "Callable[[Any], bool]",
    ) -> None:
        super().__init__(agreements, node.peer.id, peers)
        self._node = node
        self._is_seam = is_seam
        self._effects: Any = None
        self._consents: Any = None
        self._own_at = 0  # up to where the own feed was looked at
        self._feeds_at = -1  # the version of the feeds that was looked at
        self._done = -1  # the version of this that was reviewed
        self._words: dict[bytes, int] = {}  # our own, written and not yet in the own feed
        self._since: dict[bytes, int] = {}  # since when something waits for our word, ms
        self._quota, self._quota_ms = QUOTA, 0

    def serve(self, effects: "Any" = None, consents: "Any" = None) -> None:  # noqa: ANN401 - see above
        """Set what applies agreements, and what answers them."""
        self._effects = effects or self._effects
        self._consents = consents or self._consents
        self.look(0)

    def look(self, due_ms: int) -> None:
        """Have tick() do its work by that time."""
        self._done = -1
        self.due_ms = min(self.due_ms or due_ms, due_ms)

    def start(self, now_ms: int, _: bool) -> None:
        """Begin."""
        self.begin(now_ms)
        for peer in self.peers:  # so that its feed is asked for while it is away, too
            self._node.contacts.pin(now_ms, peer)
        own = self._node.peer.feeds.own
        if own.first_seq > 1 and (not self.seen[self.me][0] or self._is_seam(own)):
            self._lost(own)
        self._own_at = own.first_seq - 1

    def _lost(self, own: "Any") -> None:  # noqa: ANN401 - a Feed
        """Note that something may have been said before what is held of the own feed that is not
        remembered.
        """
        row = self.seen[self.me]
        row[1:] = [row[1] if row[2] else row[0], own.first_seq - 1]
        self._own_at = own.first_seq - 1
        self.version += 1

    @property
    def recalling(self) -> bool:
        """Whether this peer does not know its own past: until then it says nothing."""
        return self.seen[self.me][2] > 0

    def tick(self, now_ms: int) -> None:
        """Take what is new in the own feed, and do what is due."""
        self._now_ms = now_ms
        feeds = self._node.peer.feeds
        if self._feeds_at != feeds.version:
            self._feeds_at = feeds.version
            self._look_at_feeds(feeds)
        is_due = self.due_ms is not None and now_ms >= self.due_ms
        if is_due or self._done != self.version:
            self._done = self.version
            self._review(now_ms)

    def _look_at_feeds(self, feeds: "Any") -> None:  # noqa: ANN401 - Feeds
        """Take what this peer itself wrote, once it is kept; and who forked."""
        for peer in self.peers:
            feed = feeds.foreign.get(peer)
            if feed is not None and feed.fork:
                self.forked(peer)
        own, row = feeds.own, self.seen[self.me]
        if own.quiet:
            self._feeds_at = -1
            return
        if own.first_seq - 1 > self._own_at:  # it went on elsewhere: others hold more of it
            self._lost(own)
        last, seq = own.next_seq - 1 - own.unkept, self._own_at
        for entry in own.behind(seq):
            seq += 1
            if seq > last:
                self._feeds_at = -1  # the rest is not kept yet
                break
            self._own_at = row[0] = max(row[0], seq)
            if MARKERS[0] in entry or MARKERS[1] in entry:
                self._own(own, seq, self._node.peer.kit.decode(entry))

    def _own(self, own: "Any", seq: int, value: "Any") -> None:  # noqa: ANN401 - of a Feed
        try:
            self.entry(self.me, value, own.link_at(seq))
            if value[2] == marks.NAME:
                self._words.pop(value[3][1], None)
        except RemoteError:  # of a former version of this program
            pass

    def _review(self, now_ms: int) -> None:
        self.due_ms = None
        self._set_ends(now_ms, self._node.clock.stamp(now_ms))
        if self._effects is not None:
            self._effects.changed(now_ms, self.running(now_ms))
        if self._consents is not None and not self.recalling:
            self._answer(now_ms, [r for r in sorted(self.agreements.pacts) if self.waits(r)])

    def _answer(self, now_ms: int, waiting: "list[bytes]") -> None:
        own = self._node.peer.feeds.own
        if not own.quiet:
            for ref in waiting:
                self._decide(now_ms, ref)
        elif waiting and not own.trouble:  # as after a start; nothing tells when that is over
            self._due(now_ms + AGAIN_MS)

    def waits(self, ref: bytes) -> bool:
        """Whether an agreement waits for this peer's word: it is asked, and said neither yes nor
        no.
        """
        facts = self.agreements
        pact, me = facts.pacts[ref], self.me
        if pact.judged in (FOUNDING, PROMISE) or facts.authors[ref] == me or ref in self._words:
            return False
        if me in facts.said(ref, YES) or me in facts.said(ref, NO) or me in facts.said(ref, LEAVE):
            return False
        if facts.state(ref) not in (OPEN, IN_FORCE):
            return False
        if pact.judged == WITH or me in pact.add:
            return me in pact.add or me in pact.parties
        at = pact.within
        return me in (facts.members(at) or []) and me not in facts.left(at)

    def _decide(self, now_ms: int, ref: bytes) -> None:
        if now_ms >= self._quota_ms + QUOTA_MS:
            self._quota, self._quota_ms = QUOTA, now_ms
        if not self._quota:
            self._due(self._quota_ms + QUOTA_MS)
            return
        since = self._since.setdefault(ref, now_ms)
        answer = self._consents.decide(self.agreements, ref, (now_ms - since) // 1000)
        if isinstance(answer, int):
            self._due(now_ms + 1000 * max(1, answer))
        elif answer is not None:
            self._since.pop(ref)
            self._quota -= 1
            try:
                self.say(now_ms, ref, answer[0], answer[1])
                if answer[2] is not None:
                    self.offer(now_ms, answer[2])
            except LocalError:  # it may be asked again after the next change
                pass

    def say(self, now_ms: int, ref: bytes, word: int, reason: "str | None" = None) -> None:
        """Write a word about an agreement that is held. LocalError, and nothing is written, if it
        would be a lie, or if it is not known what was said before.
        """
        if ref not in self.agreements.pacts:
            raise LocalError("no such agreement is held here")
        if word in (YES, NO):
            self._check_voice(ref, word)
        if word == LEAVE and self.agreements.pacts[ref].judged in (FOUNDING, RULE):
            self._check_ties(ref)
        self._write(now_ms, marks.NAME, marks.make(ref, word, reason or ""))
        if word in (YES, NO):
            self._words[ref] = word

    def _check_ties(self, ref: bytes) -> None:
        """LocalError if an honest peer may not leave a version of a circle."""
        if [tie for tie in self.agreements.ties(ref, self.me) if tie != ref]:
            raise LocalError("what was accepted there has to hold, or to be refused, first")

    def _check_voice(self, ref: bytes, word: int) -> None:
        """LocalError if an honest peer may not say yes, or no."""
        facts, me = self.agreements, self.me
        said = [one for one in (YES, NO, LEAVE) if me in facts.said(ref, one)]
        if said or ref in self._words:
            raise LocalError("a word was said of it already, and a word stays")
        if word == YES and facts.accepted_rivals(ref, me):
            raise LocalError("a rival of it was accepted, and was not refused")
        if word == YES and me in facts.pacts[ref].add and not facts.may_join():
            raise LocalError("this peer is in as many circles as it has room for")

    def offer(self, now_ms: int, body: "dict[int, object]") -> bytes:
        """Write an agreement, or a promise. Gives its ref. LocalError if it has no room,
        RemoteError if it is malformed.
        """
        if self.recalling:
            raise LocalError(
                "the own past is not known yet", "peers in relations are asked for it"
            )
        if not self.agreements.has_room(self.me, pacts.check(body)):
            raise LocalError("there are too many open agreements of this peer")
        seq = self._write(now_ms, pacts.NAME, body)
        ref: bytes = self._node.peer.feeds.own.link_at(seq)
        return ref

    def _write(self, now_ms: int, kind: str, body: object) -> int:
        if self.recalling:
            raise LocalError(
                "the own past is not known yet", "peers in relations are asked for it"
            )
        if self._node.peer.feeds.own.quiet:
            raise LocalError("nothing is written yet after a start", "try again in some seconds")
        return int(self._node.acting.append(now_ms, kind, body)[0])
