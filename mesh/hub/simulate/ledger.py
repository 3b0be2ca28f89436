"""Who really wrote and signed what: the truth that every peer's knowledge is compared with."""

from mesh.core.feed import Feed, read_entry
from mesh.core.primitives import Kit
from mesh.hub import cbor
from mesh.hub.simulate.disk import Disk
from mesh.hub.simulate.timeline import Broken

Value = tuple[int, list[int | None], str, object]  # an entry as read_entry gives it
MARK = b"\x6eothermesh-head"  # stands in all that a head's signature covers, and in nothing else


class Author:
    """What one key wrote. `entries`: by seq, all that there ever were; one each if honest."""

    def __init__(self, label: str, honest: bool) -> None:
        self.label = label
        self.honest = honest
        self.entries: dict[int, dict[bytes, Value]] = {}
        self.links: dict[int, set[bytes]] = {}  # that were signed, by seq
        self.lost = 0  # up to there its own disk was lost
        self.written = 0  # the last seq noted
        self.signed = 0  # the last seq that a head vouches for
        self.held = 0  # the last seq that an honest peer took

    def wiped(self) -> None:
        """What it kept of its own feed is gone: nobody asks for that any more."""
        self.lost = self.signed

    def put_back(self) -> None:
        """Its disk is as it was: of what it signed since it learns from who has it, and
        tells the truth. What liars alone were told is as if it had not been signed.
        """
        for known in (self.entries, self.links):
            for seq in [seq for seq in known if seq > self.held]:
                del known[seq]
        self.written = self.signed = self.held


class Ledger:
    """The truth about all authors, by id."""

    def __init__(self, kit: Kit) -> None:
        self.authors: dict[bytes, Author] = {}
        self._kit = kit
        self._heads: set[bytes] = set()  # signatures

    def author(self, public: bytes, label: str, honest: bool) -> Author:
        """The author of that key; two stations may have one."""
        known = self.authors.get(public)
        if known is None:
            known = self.authors[public] = Author(label, honest)
        return known

    def heard_sign(self, author: Author, feed: Feed, disk: Disk, data: bytes, by: bytes) -> None:
        """Note that an author signed something; if it is a head, what that covers."""
        at = data.find(MARK)
        if at < 0:
            return
        payload = cbor.decode(data[at + len(MARK) :])
        assert isinstance(payload, bytes)  # noqa: S101 - nobody else writes these bytes
        statement = cbor.decode(payload)
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
        """Note what is new in an author's own feed, up to the last that is signed."""
        first = feed.first_seq
        entries = feed._entries
        start = max(first, author.written + 1) if author.honest else first
        for seq in range(start, last + 1):
            entry = entries[seq - first]
            author.entries.setdefault(seq, {})[entry] = read_entry(self._kit, entry)
        author.written = max(author.written, last)

    def check_accepted(self, label: str, public: bytes, values: list[Value]) -> list[int]:
        """Broken unless that author wrote and signed these entries; their seqs."""
        author = self.authors.get(public)
        if author is None:
            raise Broken("only what its author signed", f"{label} took entries of nobody")
        seqs = []
        for value in values:
            seq = value[0]
            if value not in author.entries.get(seq, {}).values() or seq > author.signed:
                raise Broken(
                    "only what its author signed",
                    f"{label} took an entry {_short(seq)} that {author.label} never signed",
                )
            seqs.append(seq)
            author.held = max(author.held, seq)
        return seqs

    def check_head(self, label: str, public: bytes, head: bytes) -> None:
        """Broken unless that head was signed."""
        if head[-64:] not in self._heads:
            raise Broken(
                "only what its author signed",
                f"{label} holds a head that {self.authors[public].label} never signed",
            )


def _short(seq: int) -> str:
    start, count = divmod(seq, 1 << 32)
    return f"{start}:{count}" if start else str(count)
