"""Journal of the own feed's newest entries on flash: written before their head is signed.

Two files take turns, so that all these entries are there whenever power is cut. Each begins with
[version, generation, first seq, link before it, check] and grows by [length, its complement,
entry, check]. The check of an entry is the beginning of its link, so it covers all before it. A
file is created under another name and renamed; the next one is begun when one has `tail` entries.
"""

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from mesh.core.feed.feed import Feed

    Head = tuple[int, int, bytes]  # head of a file: generation, first seq, link before it

NAMES = ("feed.a", "feed.b")  # for even and odd generations
LAST = "last"
VERSION = 1
LENGTHS = 4  # bytes of the length before an entry
CHECK = 8  # bytes of SHA-256 as a check sum
START = 45  # bytes of a file's head before its check: version, generation 4, seq 8, link 32


class Journal:
    """Stores one feed, of which `tail` entries matter, in this folder.

    `why`: why it cannot be continued, or ""; `last`: a seq that it had. Its progress is recorded
    now and then in the file LAST, after `prefix`: see mesh.device.noted.
    """

    def __init__(
        self,
        sha256: "Callable[[bytes], bytes]",
        author: bytes,
        tail: int,
        why: str = "",
        last: int = 0,
        prefix: bytes = b"",
    ) -> None:
        self._why = why
        self._last = last
        self._prefix = prefix
        self._noted = 0  # the seq up to which LAST is current
        self._sha256 = sha256
        self._author = author
        self._tail = tail
        self._generation = -1  # generation of the present file
        self._count = 0  # entries in the present file
        self._next = 0  # next seq of the present file; 0 if another one has to be begun
        self._link = b""
        self._torn = False

    def restore(self, feed: "Feed") -> "tuple[str, int]":
        """Load the feed, and store new entries. Gives why it cannot continue, or "", and its last
        seq.

        If it cannot, continue the feed beyond that seq, and call reset().
        """
        found = self._find()
        if found is None:
            feed.resume(feed.first_seq, feed.before, (), self.keep)
            return "its end was lost", self._last
        feed.resume(found[0][1], found[0][2], self._entries(found), self.keep)
        end = feed.next_seq - 1
        if not self._why and end < self._last:
            self._why = "its end is older than what was noted of it"
        return self._why, max(end, self._last)

    def reset(self, first: int, before: bytes) -> None:
        """Discard all, and begin again at a seq. On a full disk this happens later."""
        for name in NAMES:
            try:
                os.remove(name)
            except OSError:
                pass
        self._generation = -1
        self._next = 0
        try:
            self._begin(first, before, [])
        except OSError:
            pass

    def keep(self, first: int, before: bytes, entries: "list[bytes]", new: int) -> None:
        """Write the last `new` of the feed's entries, which begin with seq `first`. OSError."""
        at = len(entries) - new
        if at < 0 or self._next != first + at:
            self._begin(first, before, entries)
        elif self._count >= self._tail:
            self._begin(self._next, self._link, entries, at)
        else:
            name = NAMES[self._generation & 1]
            following, self._next = self._next, 0  # on failure a partial record may be there
            with open(name, "ab") as file:
                self._write(file, entries, at)
            self._next = following + new
        self._note(first + len(entries) - 1)

    def _note(self, last: int) -> None:
        """Record the progress in LAST, at the first write of a start and then once in `tail`
        entries.
        """
        if self._prefix and last > self._noted:
            body = self._prefix + last.to_bytes(8, "big")
            with open(LAST + ".new", "wb") as file:
                file.write(body + self._sha256(body)[:CHECK])
            os.rename(LAST + ".new", LAST)
            self._noted = last + self._tail

    def _begin(self, first: int, before: bytes, entries: "list[bytes]", at: int = 0) -> None:
        """Write the next file, whole or not at all, in place of the older one: with the entries
        from index `at` on.
        """
        generation = self._generation + 1
        start = b"%c" % VERSION + generation.to_bytes(4, "big") + first.to_bytes(8, "big") + before
        name = NAMES[generation & 1]
        self._next = 0
        try:
            with open(name + ".new", "wb") as file:
                file.write(start + self._check(start))
                self._count = 0
                self._link = before
                self._write(file, entries, at)
            os.rename(name + ".new", name)
        except OSError:
            try:
                os.remove(name + ".new")  # it takes up space
            except OSError:
                pass
            raise
        self._generation = generation
        self._next = first + len(entries) - at
        if not generation:  # there are always two files, so that a single one shows a loss
            self._begin(first, before, entries, at)

    def _write(self, file: "Any", entries: "list[bytes]", at: int) -> None:  # noqa: ANN401 - a file
        for n in range(at, len(entries)):
            entry = entries[n]
            size = len(entry)
            self._link = self._sha256(self._link + entry)
            lengths = size.to_bytes(2, "big") + (size ^ 0xFFFF).to_bytes(2, "big")
            file.write(lengths + entry + self._link[:CHECK])
            self._count += 1

    def _find(self) -> "list[Head] | None":
        """The files with the newest entries, the oldest first; None if that is uncertain, as a seq
        might be used twice.
        """
        heads = [self._head(name) for name in NAMES]
        heads = [head for head in heads if head is not None]
        if len(heads) < len(NAMES) or max(heads)[0] - min(heads)[0] != 1:
            return None
        new = max(heads)
        try:
            after, link, count = self._walk(new)
        except ValueError:
            return None
        found = [new]
        torn = self._torn
        try:
            old = min(heads)
            if self._walk(old)[:2] == new[1:3]:
                found.insert(0, old)
        except ValueError:  # those older entries are lost, and nothing depends on them
            pass
        self._generation, self._count, self._link = new[0], count, link
        self._next = 0 if torn else after
        return found

    def _head(self, name: str) -> "Head | None":
        try:
            with open(name, "rb") as file:
                data = file.read(START + CHECK)
        except OSError:
            return None
        start = data[:START]
        if start[:1] != b"\1" or self._check(start) != data[START:]:
            return None
        number = int.from_bytes
        return number(start[1:5], "big"), number(start[5:13], "big"), start[13:]

    def _check(self, start: bytes) -> bytes:
        return self._sha256(self._author + start)[:CHECK]

    def _walk(self, head: "Head") -> "tuple[int, bytes, int]":
        """The seq after a file, the link at its end, and the number of entries. ValueError if it
        is damaged.
        """
        end = head[2]
        count = 0
        for _, link in self._records(head):
            end = link
            count += 1
        return head[1] + count, end, count

    def _records(self, head: "Head") -> "Iterator[tuple[bytes, bytes]]":
        """Yield each entry of a file with its link. ValueError if one is damaged. A partial record
        at the end is ignored, as it was never announced.
        """
        link = head[2]
        self._torn = False
        with open(NAMES[head[0] & 1], "rb") as file:
            file.read(START + CHECK)
            while lengths := file.read(LENGTHS):
                size = int.from_bytes(lengths[:2], "big")
                whole = len(lengths) == LENGTHS
                if whole and size ^ 0xFFFF != int.from_bytes(lengths[2:], "big"):
                    raise ValueError
                record = file.read(size + CHECK) if whole else b""
                if len(record) < size + CHECK:
                    self._torn = True
                    return
                entry = record[:size]
                link = self._sha256(link + entry)
                if link[:CHECK] != record[size:]:
                    raise ValueError
                yield entry, link

    def _entries(self, found: "list[Head]") -> "Iterator[bytes]":
        for head in found:
            for entry, _ in self._records(head):
                yield entry
