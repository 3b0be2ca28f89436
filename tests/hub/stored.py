"""What the tests of the store share: runs of authors, whole or in pieces."""

from mesh.core.codec.cbor import Decimal
from mesh.core.feed.chain import Run, genesis, make_entry, next_link, read_entry, seal_head
from mesh.hub.desktop_kit import make_identity, make_kit
from mesh.hub.store.check import Fault, check

KIT = make_kit()
NOW = 1_790_000_000_000
STEP = 60_000


def identity(number=1):
    size = 1 if number < 256 else 2
    return make_identity(number.to_bytes(size, "big") * (32 // size), lambda: 1)


def clock(seq, boots=1, quality=2):
    return [quality, boots, seq * STEP, NOW + seq * STEP if quality else None]


def record(value, name="temperature", unit="Cel"):
    label = 4 if isinstance(value, bool) else 3 if isinstance(value, str) else 2
    return {0: name, label: value} | ({1: unit} if unit else {})


def entry(seq, body=None, kind="reading", when=None):
    body = [record(Decimal(200 + seq % 50, -1))] if body is None else body
    return make_entry(KIT, seq, when or clock(seq), kind, body)


def run_of(who, entries, first=1, before=None, read=True):
    before = before or genesis(KIT, who.public)
    links, link = [], before
    for one in entries:
        link = next_link(KIT, link, one)
        links.append(link)
    last = first + len(entries) - 1
    values = [read_entry(KIT, one) for one in entries] if read else []
    head = seal_head(who, last, link)
    return Run(who.public, first, before, entries, head, last, links, values)


def feed(who, count, per=5, **more):
    """Runs of a whole feed, `per` entries each."""
    return split(who, [entry(seq) for seq in range(1, count + 1)], per, **more)


def split(who, entries, per, **more):
    runs, link = [], None
    for at in range(0, len(entries), per):
        runs.append(run_of(who, entries[at : at + per], at + 1, link, **more))
        link = runs[-1].links[-1]
    return runs


def part(who, entries, first, last):
    """The run of some of the entries of a whole feed."""
    whole = run_of(who, entries)
    before = whole.links[first - 2] if first > 1 else None
    return run_of(who, entries[first - 1 : last], first, before)


def take(archive, runs):
    for run in runs:
        archive.took(run.author, run)
    archive.flush(30)


def faults(path):
    return [found for found in check(path, workers=2) if isinstance(found, Fault)]
