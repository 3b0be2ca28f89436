"""Whether something keeps this machine's clock right, and what a desktop says of it."""

import ctypes

import pytest
from hubs import run

from mesh.core.clock import NTP, PEERS
from mesh.hub import machine_clock


class Library:
    """A C library with one of the calls, which gives this state."""

    def __init__(self, name, state):
        setattr(self, name, lambda buffer: state)


is_synchronised = machine_clock.is_synchronised  # as it is: conftest has tests say yes


def test_the_kernel_here_answers():
    assert is_synchronised() in (True, False, None)


@pytest.mark.parametrize("call", ["adjtimex", "ntp_adjtime"])
@pytest.mark.parametrize(("state", "answer"), [(0, True), (3, True), (5, False), (-1, None)])
def test_the_kernel_is_asked(monkeypatch, call, state, answer):
    monkeypatch.setattr(ctypes, "CDLL", lambda _: Library(call, state))
    assert is_synchronised() is answer


def test_a_system_without_such_a_call_does_not_tell(monkeypatch):
    monkeypatch.setattr(ctypes, "CDLL", lambda _: object())
    assert is_synchronised() is None


@pytest.mark.parametrize(("answer", "quality"), [(True, NTP), (None, NTP), (False, PEERS)])
def test_a_clock_that_nothing_keeps_right_is_none_by_ntp(start, monkeypatch, answer, quality):
    monkeypatch.setattr(machine_clock, "is_synchronised", lambda: answer)

    async def scenario():
        async with start("study") as study:
            assert study.node.clock.quality == quality
            monkeypatch.setattr(machine_clock, "is_synchronised", lambda: False)
            study._set_clock(study.now())
            assert study.node.clock.quality == PEERS, "it is said at once"

    run(scenario)
