"""The own feed's tail on flash: what a head covers is written before the head is signed.

Two files take turns, so that one whole tail is there whenever the power goes. Each begins with
[version, generation, first seq, link before it, check] and grows by [length, its complement,
entry, check]. An entry's check is the beginning of its link, so it vouches for all before it.
A file is begun under another name and renamed; the next one is begun when one holds a tail.
"""

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from mesh.core.feed import Feed

    Head = tuple[int, int, bytes]  # of a file: generation, first seq, the link before it

NAMES = ("feed.a", "feed.b")  # of even and of odd generations
LAST = "last"
VERSION = 1
LENGTHS = 4  # bytes before an entry
CHECK = 8  # bytes of SHA-256
START = 45  # bytes of a file's beginning before its check: version, generation 4, seq 8, link 32


class Journal:
    """Keeps one feed, of which `tail` entries matter. `sha256(data)`; files lie in this folder.

    `why` it may not be gone on with, or nothing; `last`: a seq that it had. How far it came is
    noted now and then in the file LAST, behind `prefix`: see mesh.device.places.
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
        self._noted = 0  # the last seq up to which it need not be noted again
        self._sha256 = sha256
        self._author = author
        self._tail = tail
        self._generation = -1  # of the file that grows
        self._count = 0  # entries in it
        self._next = 0  # the seq that it can go on with; 0: it cannot, another one has to be begun
        self._link = b""
        self._torn = False

    def restore(self, feed: "Feed") -> "tuple[str, int]":
        """Put the feed where it was, and keep what comes. Why it cannot go on there, or nothing;
        and the last seq that it had. If it cannot, let it go on behind that, and reset() to there.
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
        """Forget all, and begin anew at a seq. On a full disk that is done when there is room."""
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
        """Write the last `new` of the entries that the feed holds from `first` on; OSError."""
        at = len(entries) - new
        if at < 0 or self._next != first + at:
            self._begin(first, before, entries)
        elif self._count >= self._tail:
            self._begin(self._next, self._link, entries, at)
        else:
            name = NAMES[self._generation & 1]
            following, self._next = self._next, 0  # whatever happens: half a record may be there
            with open(name, "ab") as file:
                self._write(file, entries, at)
            self._next = following + new
        self._note(first + len(entries) - 1)

    def _note(self, last: int) -> None:
        """Note how far the feed came, in the first of each start and once in a tail."""
        if self._prefix and last > self._noted:
            body = self._prefix + last.to_bytes(8, "big")
            with open(LAST + ".new", "wb") as file:
                file.write(body + self._sha256(body)[:CHECK])
            os.rename(LAST + ".new", LAST)
            self._noted = last + self._tail

    def _begin(self, first: int, before: bytes, entries: "list[bytes]", at: int = 0) -> None:
        """Write the next file, whole or not at all, in place of the one before the last: with the
        entries from index `at` on.
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
                os.remove(name + ".new")  # it takes the room that others need
            except OSError:
                pass
            raise
        self._generation = generation
        self._next = first + len(entries) - at
        if not generation:  # from the first on there are two: one alone is what a loss has left
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
        """The files that hold the tail, oldest first; None if that cannot be told, as a seq might
        be used twice then.
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
        except ValueError:  # that part of the tail is lost, and nothing depends on it
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
        """The seq that follows a file, the link at its end, how many entries it has; ValueError if
        it is damaged.
        """
        end = head[2]
        count = 0
        for _, link in self._records(head):
            end = link
            count += 1
        return head[1] + count, end, count

    def _records(self, head: "Head") -> "Iterator[tuple[bytes, bytes]]":
        """Each entry of a file and its link; ValueError where one is damaged. Half a record at the
        end is left out: nobody was told of it.
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
