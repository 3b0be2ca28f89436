"""The journal of a board's feed on its own: what it gives back, and when it gives nothing."""

import pytest
from needs import ROOT

START = f"""
sys.path.append({str(ROOT / "tests/device")!r})
import os
import flash
from mesh.core.codec import cbor
from mesh.core.feed.feed import Feed, genesis
from mesh.device.identity import sha256
from mesh.device.journal import Journal

class Kit:
    sha256 = staticmethod(sha256)
    encode = staticmethod(cbor.encode)

AUTHOR = b"a" * 32
TAIL = 8
CLOCK = [0, 1, 2, None]
blocks = flash.Flash(16)
flash.mount(blocks, "/j", True)


def begin():
    journal = Journal(sha256, AUTHOR, TAIL)
    journal.reset(1, genesis(Kit, AUTHOR))


def start(seam=7 << 32):
    '''A feed as it is after a start: at a seam until the journal knows better.'''
    feed = Feed(Kit, AUTHOR, TAIL, seam, b"s" * 32)
    journal = Journal(sha256, AUTHOR, TAIL)
    why, _ = journal.restore(feed)
    if why:
        journal.reset(feed.first_seq, feed.before)
    return feed, not why


def write(feed, count):
    for _ in range(count):
        feed.append(CLOCK, "note", "x" * 100)
        feed.keep()
    return feed


def content(path):
    with open(path, "rb") as file:
        return file.read()


def put(path, data):
    with open(path, "wb") as file:
        file.write(data)


def seqs(feed):
    return [cbor.decode(entry)[0] for entry in feed._entries]


def tell(*what):
    print(json.dumps(what))
"""


def test_it_goes_on_from_seq_1_over_many_starts(there):
    told = there(
        START
        + """
begin()
for n in (3, 1, 0, 9, 20, 2):
    feed, kept = start()
    before = feed.link_at(feed.next_seq - 1)
    tell(kept, feed.next_seq, seqs(feed))
    write(feed, n)
    again, _ = start()
    assert again.link_at(again.next_seq - 1) == feed.link_at(feed.next_seq - 1)
"""
    )
    assert told == [
        [True, 1, []],
        [True, 4, [1, 2, 3]],
        [True, 5, [1, 2, 3, 4]],
        [True, 5, [1, 2, 3, 4]],
        [True, 14, list(range(6, 14))],
        [True, 34, list(range(26, 34))],
    ]


DAMAGES = {
    "newest lost": 'os.remove(new)',
    "oldest lost": 'os.remove(old)',
    "both lost": 'os.remove(new); os.remove(old)',
    "empty": 'put(new, b"")',
    "beginning": 'put(new, bytes([data[0], data[1] ^ 1]) + data[2:])',
    "a length": 'put(new, data[:53] + bytes([data[53] ^ 1]) + data[54:])',
    "an entry": 'put(new, data[:60] + bytes([data[60] ^ 1]) + data[61:])',
    "the last check": 'put(new, data[:-1] + bytes([data[-1] ^ 1]))',
    "another one's": 'AUTHOR = b"b" * 32',
}  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_is_damaged_gives_no_seq_twice(there, damage):
    told = there(
        START
        + f"""
begin()
feed, _ = start()
write(feed, 12)
new, old = "feed.a", "feed.b"
data = content(new)
{DAMAGES[damage]}
feed, kept = start()
tell(kept, feed.next_seq == (7 << 32) + 1)
write(feed, 3)
feed, kept = start(9 << 32)
tell(kept, feed.next_seq == (7 << 32) + 4, len(seqs(feed)))
"""
    )
    assert told == [[False, True], [True, True, 3]]


def test_half_a_record_at_the_end_was_told_to_nobody(there):
    told = there(
        START
        + """
begin()
feed, _ = start()
write(feed, 11)
data = content("feed.a")
last = len(data)
write(feed, 1)
whole = content("feed.a")
results = []
for size in range(last, len(whole) + 1):
    put("feed.a", whole[:size])
    put("feed.b.new", b"rest")
    other = content("feed.b")
    feed, kept = start()
    results.append((kept, feed.next_seq))
    write(feed, 1)
    again, _ = start()
    assert again.next_seq == feed.next_seq and len(seqs(again)) == TAIL
    put("feed.b", other)
    put("feed.a", whole)
tell(results[0], results[-1], sorted(set(results[:-1])))
"""
    )
    assert told == [[[True, 12], [True, 13], [[True, 12]]]]


def test_a_part_of_the_older_file_costs_only_that(there):
    told = there(
        START
        + """
begin()
feed, _ = start()
write(feed, 10)
data = content("feed.b")
put("feed.b", data[:70] + b"x" + data[71:])
feed, kept = start()
tell(kept, seqs(feed))
"""
    )
    assert told == [[True, [9, 10]]]


def test_a_full_disk_is_told_and_gets_over(there):
    told = there(
        START
        + """
TAIL = 64
begin()
feed, _ = start()
write(feed, 3)
count = 0
try:
    while True:
        put(f"other{count}", b"x" * 4096)
        count += 1
except OSError:
    pass
while not feed.trouble and feed.next_seq < 500:
    write(feed, 1)
tell(bool(feed.trouble), feed.unkept)
write(feed, 5)
unkept = feed.unkept
kept_to = feed.next_seq - 1 - unkept
again, kept = start()
tell(kept, again.next_seq == kept_to + 1)
os.remove("other0")
os.remove("other1")
os.remove("other2")
write(feed, 1)
tell(feed.trouble, feed.unkept)
again, kept = start()
tell(kept, again.next_seq == feed.next_seq, seqs(again) == seqs(feed))
"""
    )
    assert told == [[True, 1], [True, True], ["", 0], [True, True, True]]
