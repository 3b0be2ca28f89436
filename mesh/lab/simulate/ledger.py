"""Ground truth of a simulation: who really wrote and signed what."""

from mesh.core.feed.chain import HEAD
from mesh.core.feed.feed import Feed, read_entry
from mesh.core.kit import Kit
from mesh.hub import fast_cbor
from mesh.lab.simulate.pretend_disk import Disk
from mesh.lab.simulate.timeline import Broken

Value = tuple[int, list[int | None], str, object]  # an entry, as read_entry() gives it
# domain separation of heads: in what a head's signature covers, and nowhere else
MARK = HEAD[1:]


class Author:
    """What one key wrote. `entries`: by seq, all that ever existed; one each if honest."""

    def __init__(self, label: str, honest: bool) -> None:
        self.label = label
        self.honest = honest
        self.entries: dict[int, dict[bytes, Value]] = {}
        self.links: dict[int, set[bytes]] = {}  # signed links, by seq
        self.lost = 0  # seq up to which its own disk was lost
        self.written = 0  # the last seq recorded
        self.signed = 0  # the last seq with a head
        self.held = 0  # the last seq that an honest peer accepted
        # what it wrote before its disk was put back
        self._before: dict[int, tuple[dict[bytes, Value], set[bytes]]] = {}

    def wiped(self) -> None:
        """Record that it lost its own feed, which then need not be complete."""
        self.lost = self.signed

    def put_back(self) -> None:
        """Record that its disk was put back. It learns what it signed since from peers that have
        it. What no honest peer has accepted counts as unsigned, unless one still accepts it, as a
        datagram may be on its way.
        """
        for seq in [seq for seq in self.entries if self.held < seq <= self.signed]:
            self._before[seq] = self.entries[seq], self.links.get(seq, set())
        for known in (self.entries, self.links):
            for seq in [seq for seq in known if seq > self.held]:
                del known[seq]
        self.written = self.signed = self.held

    def wrote(self, value: Value) -> bool:
        """Whether it wrote and signed this entry. What it signed before it was put back counts
        until it has signed another entry there; from then on it must not contradict that.
        """
        seq = value[0]
        if seq <= self.signed and value in self.entries.get(seq, {}).values():
            return True
        entries, links = self._before.pop(seq, ({}, set()))
        if self.entries.get(seq) or value not in entries.values():
            return False
        self.entries[seq] = entries
        if links:
            self.links.setdefault(seq, set()).update(links)
        self.written = max(self.written, seq)
        self.signed = max(self.signed, seq)
        return True


class Ledger:
    """The truth about all authors, by id."""

    def __init__(self, kit: Kit) -> None:
        self.authors: dict[bytes, Author] = {}
        self._kit = kit
        self._heads: set[bytes] = set()  # signatures of heads

    def author(self, public: bytes, label: str, honest: bool) -> Author:
        """The author with that key. Two stations may have the same."""
        known = self.authors.get(public)
        if known is None:
            known = self.authors[public] = Author(label, honest)
        return known

    def heard_sign(self, author: Author, feed: Feed, disk: Disk, data: bytes, by: bytes) -> None:
        """Record that an author signed something; of a head, what it covers."""
        at = data.find(MARK)
        if at < 0:
            return
        payload = fast_cbor.decode(data[at + len(MARK) :])
        assert isinstance(payload, bytes)  # noqa: S101 - nobody else writes these bytes
        statement = fast_cbor.decode(payload)
        assert isinstance(statement, list)  # noqa: S101
        seq, link = statement
        self._heads.add(by)
        links = author.links.setdefault(seq, set())
        links.add(link)
        if author.honest:
            if len(links) > 1:
                raise Broken(
                    "nothing acknowledged is lost",
                    f"{author.label} signed another entry {_short(seq)} than before",
                )
            if disk.last < seq:
                raise Broken(
                    "nothing acknowledged is lost",
                    f"{author.label} signed entry {_short(seq)} before it was safe",
                )
        self._wrote(author, feed, seq)
        author.signed = max(author.signed, seq)

    def _wrote(self, author: Author, feed: Feed, last: int) -> None:
        """Record the new entries of an author's own feed, up to the last signed one."""
        first = feed.first_seq
        entries = feed._entries
        start = max(first, author.written + 1) if author.honest else first
        for seq in range(start, last + 1):
            entry = entries[seq - first]
            author.entries.setdefault(seq, {})[entry] = read_entry(self._kit, entry)
        author.written = max(author.written, last)

    def check_accepted(self, label: str, public: bytes, values: list[Value]) -> list[int]:
        """Broken unless the author wrote and signed these entries. Gives their seqs."""
        author = self.authors.get(public)
        if author is None:
            raise Broken("only what its author signed", f"{label} took entries of nobody")
        seqs = []
        for value in values:
            seq = value[0]
            if not author.wrote(value):
                raise Broken(
                    "only what its author signed",
                    f"{label} took an entry {_short(seq)} that {author.label} never signed",
                )
            seqs.append(seq)
            author.held = max(author.held, seq)
        return seqs

    def check_head(self, label: str, public: bytes, head: bytes) -> None:
        """Broken unless the author signed that head."""
        if head[-64:] not in self._heads:
            raise Broken(
                "only what its author signed",
                f"{label} holds a head that {self.authors[public].label} never signed",
            )


def _short(seq: int) -> str:
    start, count = divmod(seq, 1 << 32)
    return f"{start}:{count}" if start else str(count)
