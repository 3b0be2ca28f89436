"""The sender's counter: never the same number twice, whatever happens between two writes."""

from helpers import raises

from mesh.core.security.counter import Counter


class Flash:
    """Keeps what was saved last; may be told to fail."""

    def __init__(self):
        self.limit = 0
        self.writes = 0
        self.broken = False

    def save(self, limit):
        if self.broken:
            raise OSError("worn out")
        self.limit = limit
        self.writes += 1


def test_counts_up_with_few_writes():
    flash = Flash()
    counter = Counter(0, 10, flash.save)
    assert flash.writes == 0, "nothing used, nothing to save"
    assert [counter.next() for _ in range(25)] == list(range(25))
    assert flash.writes == 3, flash.writes
    assert flash.limit == 30, flash.limit


def test_saved_before_the_first_use():
    flash = Flash()
    counter = Counter(0, 4, flash.save)
    for _ in range(9):
        value = counter.next()
        assert value < flash.limit, (value, flash.limit)


def test_a_crash_skips_the_rest_of_the_block():
    flash = Flash()
    seen = []
    for start_of_life in range(5):
        counter = Counter(flash.limit, 10, flash.save)
        seen += [counter.next() for _ in range(start_of_life * 7)]
    assert len(set(seen)) == len(seen) == 70, seen
    assert sorted(seen) == seen, seen


def test_no_number_if_it_cannot_be_saved():
    flash = Flash()
    counter = Counter(0, 2, flash.save)
    assert [counter.next(), counter.next()] == [0, 1]
    flash.broken = True
    raises(OSError, counter.next)
    raises(OSError, counter.next)
    flash.broken = False
    assert counter.next() == 2
    assert flash.limit == 4, flash.limit


def test_large_numbers():
    flash = Flash()
    counter = Counter(2**63, 2**32, flash.save)
    assert counter.next() == 2**63
    assert flash.limit == 2**63 + 2**32, flash.limit
