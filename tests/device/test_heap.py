"""A board with all it can have, other peers and every observer it takes, stays within its heap."""

from contextlib import ExitStack

from desk import Desk

from mesh.core.coap import message as coap
from mesh.core.events import Answer, Reading
from mesh.core.limits import Limits
from mesh.core.security.signed_client import request_for

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


def test_a_tail_grows_no_longer_than_a_heap_in_pieces_has_room_for(there):
    """Much is free, and nothing of it is large: as after days, or with twenty others around."""
    code = """
import gc
import hashlib
from mesh.core.feed.tail import Tail


class Kit:
    def sha256(self, data):
        return hashlib.sha256(data).digest()


def work():
    tail = Tail(Kit(), bytes(32), 128)
    tail._push(b"e" * 20, bytes(32))
    while len(tail._entries) & (len(tail._entries) - 1) or len(tail._entries) < 32:
        tail._push(b"e" * 20, bytes(32))
    pieces = [None] * 20_000
    # rooms of their own for the hash that is made of each entry
    holes, walls = [None] * 16, [None] * 16
    for n in range(16):
        holes[n], walls[n] = bytearray(300), bytearray(16)
    at = 0
    try:
        while True:
            pieces[at] = bytearray(150)
            at += 1
    except MemoryError:
        pass
    for n in range(0, at, 2):
        pieces[n] = None
    holes[:] = [None] * 16
    gc.collect()
    free = gc.mem_free()
    for _ in range(100):
        tail._push(b"f" * 20, bytes(32))
    print(json.dumps([free > 20_000, len(tail._entries) >= 32, tail.end_seq]))

work()
"""
    assert there(code) == [[True, True, 133]]
