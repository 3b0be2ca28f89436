"""A board with all it can have, other peers and every observer it takes, stays within its heap."""

from contextlib import ExitStack

from desk import Desk

from mesh.core import coap
from mesh.core.asks import request_for
from mesh.core.events import Answer, Reading
from mesh.core.limits import Limits

READINGS = 5
OBSERVERS = Limits().observers


def observe(desk, joined):
    """Meet the board, and have its readings told from now on."""
    peer = desk.meet(joined)
    message = request_for(coap.FETCH, ["sensors", "load"], observe=True)
    desk.node.ask(desk.now(), peer, message, None, b"")


def test_a_full_board_fits(board):
    sensors = {"load": {"every_s": 0.5}, "uptime": {"every_s": 0.5}}
    limits = {"head_ms": 500}
    with ExitStack() as stack:
        one = stack.enter_context(board(sensors=sensors, limits=limits, actuators={"led": {}}))
        joined = one.wait("joined")
        # each of them is one observer of the feed and one of a sensor
        desks = [stack.enter_context(Desk(follow="*")) for _ in range(OBSERVERS // 2)]
        for desk in desks:
            observe(desk, joined)
        for desk in desks:
            desk.until(lambda d=desk: len(d.of(Answer)) >= READINGS, "readings observed")
            desk.until(lambda d=desk: len(d.of(Reading)) >= READINGS, "readings followed")
        before = len(one.events("heap"))
        one.wait_line(lambda _: len(one.events("heap")) > before)
        assert one.is_running, one.console
