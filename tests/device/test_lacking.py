"""Memory that is lacking at one point after the other: what it was for is lost or comes again, and
nothing else is.
"""

import dis
import gc
import sys

import pytest
from lacking import WORK, Life

CORE = "/mesh/core/"
# what takes memory on MicroPython, as far as CPython tells: calling a function, making something
MAKES = {
    code
    for name, code in dis.opmap.items()
    if name.startswith(("BUILD_", "FORMAT_", "MAKE_FUNCTION", "LIST_TO_TUPLE"))
}
STEP = 5
MISSES = 5  # of pieces of work with fewer such points, until the largest is done


class Lack:
    """Raises MemoryError at the n-th such point of the core."""

    def __init__(self, n):
        self.left = n

    def __call__(self, work):
        before = sys.gettrace()
        sys.settrace(self._call)
        try:
            work()
        finally:
            sys.settrace(before)

    def _call(self, frame, event, _):
        if CORE not in frame.f_code.co_filename:
            return None
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        self._count()
        return self._step

    def _step(self, frame, event, _):
        if event == "opcode" and frame.f_code.co_code[frame.f_lasti] in MAKES:
            self._count()
        return self._step

    def _count(self):
        self.left -= 1
        if not self.left:
            raise MemoryError


@pytest.fixture
def quick_collections():
    """A board collects after each lack: not all that the tests before left in this process."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.mark.timeout(600)  # each opcode of the core is traced
@pytest.mark.usefixtures("quick_collections")
@pytest.mark.parametrize("what", sorted(WORK))
def test_any_piece_of_work_may_lack_memory(what):
    """At every STEP-th point, and then no more: that work is done without."""
    life = Life(what)
    n = 1 + what % STEP
    reached = missed = 0
    while missed < MISSES:
        lack = Lack(n)
        life.act(what, lack)
        if lack.left > 0:
            missed += 1
        else:
            reached += 1
            missed = 0
        n += STEP
    assert reached > 10
    assert life.board.faults.lacks > reached // 2
