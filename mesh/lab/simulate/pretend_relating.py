"""What a simulated peer knows of agreements, and remembers: a stand-in for that part of a node."""

from collections.abc import Iterator
from typing import Any, Protocol

from mesh.core import codes
from mesh.core.coap import message as coap
from mesh.core.discovery.contact import UP
from mesh.core.errors import LocalError, RemoteError
from mesh.core.events import Answer, Forked, Restored
from mesh.core.feed.chain import Run, read_entry, read_run
from mesh.core.kit import Kit
from mesh.core.node import Node
from mesh.core.relations import mark, pact
from mesh.core.relations.agreements import IN_FORCE, Agreements
from mesh.core.relations.facts import Caps
from mesh.core.relations.mark import LEAVE, YES
from mesh.core.relations.pact import PROMISE, SIDE, WITH, Pact
from mesh.core.relations.promised import Every
from mesh.core.relations.terms import EVERY
from mesh.core.security.signed_client import request_for
from mesh.hub import fast_cbor
from mesh.lab.simulate.known_facts import FORK, STATED, Fact, Notes, told

RECALL_MS = 12_000  # for which one who lost its memory asks others what it said
CBOR = 60


class Host(Protocol):
    """What is used of mesh.lab.simulate.host.Host."""

    public: bytes
    kind: str
    author: Any
    archive: Any
    questions: Any

    @property
    def node(self) -> Node:
        """The running node."""
        ...


class Relating:
    """Facts about agreements as they come to one peer, in one life of it; and what follows.

    `lost`: it knows that it lost its memory, and may not speak before it has asked others.
    `fresh`: facts that came since they were looked at. `kept`: promises of others, by ref.
    """

    def __init__(self, host: Host, kit: Kit, notes: Notes, lost: bool) -> None:
        self._host, self._kit, self.notes = host, kit, notes
        self.caps = Caps() if host.kind == "board" else None
        self.agreements = Agreements(kit, host.public, self.caps)
        self.fresh: list[Fact] = []
        self.kept: dict[bytes, tuple[bytes, Every]] = {}
        self.lost = lost
        self.refused = 0
        self._since_ms: int | None = None
        self._asked: dict[int, bytes] = {}
        self._done: set[bytes] = set()
        # all that is on the disk may be signed yet, so it is waited for
        self.written = host.node.peer.feeds.own.next_seq - 1
        for fact in notes.facts.values():
            self._tell(fact)
        if host.archive is not None:
            self._read(host.archive)

    def _read(self, archive: Any) -> None:  # noqa: ANN401 - a stand-in for a store
        """Take what a desktop's store has, as its projections do."""
        for author, (seq, _, kind, body), link in archive.entries():
            if kind in STATED:
                self._statement(author, seq, link, kind, body)
        for author in sorted(archive.proofs()):
            self.take(Fact(FORK, author, 0, b"", None))

    def _tell(self, fact: Fact) -> bool:
        if fact.what == pact.NAME:
            return self.agreements.pact(fact.ref, fact.author, fact.value)
        if fact.what == mark.NAME:
            return self.agreements.mark(fact.author, fact.value)
        return self.agreements.forked(fact.author)

    def take(self, fact: Fact) -> None:
        """Take a fact, unless it is known or exceeds a cap."""
        if fact.key in self.notes.facts:
            return
        if not self._tell(fact):
            self.refused += 1
            return
        self.notes.facts[fact.key] = fact
        self.fresh.append(fact)
        if fact.what == pact.NAME and fact.author != self._host.public:
            self._promised(fact)

    def _promised(self, fact: Fact) -> None:
        for term in fact.value.terms if fact.value.judged == PROMISE else ():
            if term[0] == EVERY:
                self.kept[fact.ref] = fact.author, Every(term[2], term[3], fact.seq)

    def heard(self, author: bytes, values: list[Any]) -> None:
        """Take what was accepted of another's feed."""
        for seq, clock, kind, body in values:
            for by, every in self.kept.values():
                if by == author:
                    every.take(seq, clock, *told(kind, body))
        # a run that closes a gap and goes on has more than what is new at the end of the feed
        run = self._run()
        more = run.values if run is not None and run.author == author else []
        for seq, _, kind, body in [*more, *values]:
            if kind in STATED and (ref := self._ref(author, seq)):
                self._statement(author, seq, ref, kind, body)

    def _statement(self, author: bytes, seq: int, ref: bytes, kind: str, body: object) -> None:
        try:
            value: Any = pact.check(body) if kind == pact.NAME else mark.check(body)
        except RemoteError:
            return
        self.take(Fact(kind, author, seq, ref if kind == pact.NAME else value.ref, value))

    def _run(self) -> Run | None:
        """The run that came last."""
        keeper: Any = self._host.archive or self._host.node.peer.feeds
        run: Run | None = keeper.last
        return run

    def _ref(self, author: bytes, seq: int) -> bytes | None:
        if self._host.archive is not None:
            found: bytes | None = self._host.archive.link(author, seq)
            return found
        run = self._run()
        if run is None or run.author != author or not run.first <= seq <= run.seq:
            return None
        link: bytes = run.links[seq - run.first]
        return link

    def event(self, event: object) -> None:
        """Take an event of the node."""
        if isinstance(event, Forked):
            self.take(Fact(FORK, event.peer, event.seq, b"", None))
        elif isinstance(event, Restored):
            self._forgot()
        elif isinstance(event, Answer) and event.number in self._asked:
            self._told(self._asked.pop(event.number), event)

    def settle(self) -> None:
        """Take the own statements that were signed since."""
        notes, own = self.notes, self._host.node.peer.feeds.own
        signed: int = self._host.author.signed
        if signed <= notes.read:
            return
        for entry in own.behind(max(notes.read, own.first_seq - 1)):
            seq, _, kind, body = read_entry(self._kit, entry)
            if seq > signed:
                break
            notes.read = seq
            if kind in STATED:
                self._statement(own.author, seq, own.link_at(seq), kind, body)

    # lost memory

    def _forgot(self) -> None:
        self.lost = True
        self._since_ms = None
        self._done = set()

    def recall(self, now_ms: int) -> None:
        """Ask all whom one knows for the own feed; once they have answered one may speak."""
        if self._since_ms is None:
            self._since_ms = now_ms
        for contact in self._host.node.contacts.proven():
            known = contact.peer in self._done or contact.peer in self._asked.values()
            if contact.state == UP and not known:
                self._ask(now_ms, contact.peer, 1)
        waited = now_ms - self._since_ms >= RECALL_MS
        if waited and self._done and not self._asked and not self._unknown():
            self.lost = False

    def _unknown(self) -> bool:
        """Whether it said yes to what is not known here any more: what it accepts now could be a
        rival of that.
        """
        known, me = self.agreements.pacts, self._host.public
        said = [fact for fact in self.notes.facts.values() if fact.what == mark.NAME]
        said = [fact for fact in said if fact.author == me and fact.value.word == YES]
        return any(fact.ref not in known for fact in said)

    def _ask(self, now_ms: int, peer: bytes, first: int) -> None:
        message = request_for(coap.FETCH, ["feeds"])
        body = fast_cbor.encode({self._host.public: first})
        try:
            number = self._host.questions.ask(now_ms, peer, message, CBOR, body)
        except LocalError:
            return  # all exchanges are in use: at the next turn
        self._asked[number] = peer

    def _told(self, peer: bytes, answer: Answer) -> None:
        if not answer.signed or answer.code != codes.CONTENT:
            return  # it is asked again
        last = 0
        try:
            items: Any = self._kit.decode(answer.payload)
            for run in self._own_runs(items):
                last = max(last, run.seq)
                for value, link in zip(run.values, run.links, strict=True):
                    if value[2] in STATED:
                        self._statement(run.author, value[0], link, value[2], value[3])
        except RemoteError:
            last = 0
        if last:
            self._ask(self._since_ms or 0, peer, last + 1)
        else:
            self._done.add(peer)

    def _own_runs(self, items: object) -> Iterator[Run]:
        for item in items if isinstance(items, list) else ():
            if isinstance(item, list) and item and item[0] == self._host.public:
                yield read_run(self._kit, item, self._host.node.limits)

    # what is in force here

    @property
    def may_speak(self) -> bool:
        """Whether all own words so far are known, so that another one contradicts none."""
        own = self._host.node.peer.feeds.own
        return not (self.lost or own.quiet) and self.notes.read >= self.written

    def has_room(self, body: object) -> bool:
        """Whether a pact that it writes is within its own caps, so that it will know of it."""
        return self.agreements.has_room(self._host.public, pact.check(body))

    def running(self, now_ms: int) -> list[tuple[bytes, Pact]]:
        """What this peer acts by: what is in force, and what it accepted itself, and did not
        leave, and of trials those that have not ended by its clock.
        """
        found = []
        for ref, one in self.agreements.pacts.items():
            if one.judged in (PROMISE, SIDE, WITH) and self.agreements.state(ref) == IN_FORCE:
                since = self.notes.since.setdefault(ref, now_ms)
                over = one.end_s is not None and now_ms >= since + 1000 * one.end_s
                if not over and self.accepted(ref) and not self.has_left(ref):
                    found.append((ref, one))
        return found

    def accepted(self, ref: bytes) -> bool:
        """Whether this peer said yes to a pact itself, or wrote it."""
        me = self._host.public
        return self.agreements.authors[ref] == me or me in self.agreements.said(ref, YES)

    def has_left(self, ref: bytes) -> bool:
        """Whether it left a pact, or the circle by whose rule it is."""
        me, within = self._host.public, self.agreements.pacts[ref].within
        left = self.agreements.said(ref, LEAVE)
        return me in left or (within is not None and me in self.agreements.left(within))
