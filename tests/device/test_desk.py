"""The peer that tests drive by hand: whose thread it is, and datagrams that are gone."""

import select
from concurrent.futures import ThreadPoolExecutor

import pytest
from desk import Desk


def test_a_datagram_that_is_gone_after_select_is_no_fault(monkeypatch):
    with Desk() as desk:
        monkeypatch.setattr(select, "select", lambda ready, *_: (ready, [], []))
        turns = iter(range(5))
        assert desk.until(lambda: next(turns) == 4)


def test_a_desk_is_for_one_thread():
    with Desk() as desk, ThreadPoolExecutor(1) as pool:
        with pytest.raises(AssertionError, match="the thread that entered it"):
            pool.submit(desk.rest).result()
        desk.rest(1)
