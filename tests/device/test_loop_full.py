"""The loop when there is no memory for what a datagram asks."""

from noting import NODE

FULL = """
from mesh.device import lacking as memory
full = [0]
helped = []


class Part:
    open = {}

    def __getattr__(self, name):
        return lambda *_: helped.append(name) or ()


def receive(now_ms, channel, source, data):
    node.log.append(data)
    if full[0]:
        full[0] -= 1
        raise MemoryError


node.receive = receive
node.endpoint, node.contacts, node.asks, node.searching = [Part() for _ in range(4)]
node.endpoint.open = node.asks.open = node.searching.open = {}
node.peer = Part()
node.peer.feeds = Part()
node.peer.feeds.foreign = {}
sent = iter(range(1000))


def met():
    there.send(address, str(next(sent)).encode())
    return len(heard()) > 40
"""


def test_a_datagram_without_room_is_lost_and_the_next_one_taken(there):
    told = there(
        NODE
        + FULL
        + """
full[0] = 20
asyncio.run(until())
print(json.dumps([full[0], len(heard()) > 40, helped.count("recover"), helped.count("shed")]))
"""
    )
    # each time what was half done is set right; and of every four in a row something goes
    assert told == [[0, True, 20, 2 * (20 // 4)]]


def test_a_heap_that_stays_full_for_long_ends_the_loop(there):
    told = there(
        NODE
        + FULL
        + """
memory.LONG_MS = 0
full[0] = 99
for n in range(20):
    there.send(address, b"more")
try:
    asyncio.run(asyncio.wait_for_ms(loop.run(), 5000))
    print(json.dumps("nothing came out"))
except MemoryError as error:
    print(json.dumps([len(heard()), str(error)]))
"""
    )
    assert told == [[20, "no memory 16 times in a row"]]  # those that were there go before


def test_a_datagram_that_never_finds_room_keeps_no_other_out(there):
    told = there(
        NODE
        + FULL
        + """
import socket


def take(self, real=Socket._take):
    data, _ = self._sock.recvfrom(2000, socket.MSG_PEEK)
    if len(data) > 40:
        raise MemoryError
    return real(self)


Socket._take = take
for data in (b"x" * 60, b"y" * 60, b"short"):
    there.send(address, data)


def met():
    return len(heard()) > 0


asyncio.run(until())
print(json.dumps([str(data, "ascii") for data in heard()]))
"""
    )
    assert told == [["short"]]


def test_a_board_for_which_no_datagram_finds_room_begins_anew(there):
    """Deaf for long is no way to live; who reads and drops them all has to notice."""
    told = there(
        NODE
        + FULL
        + """
def take(self):
    self._sock.recvfrom(2000, 2)  # MSG_PEEK
    raise MemoryError


memory.LONG_MS = 0
Socket._take = take
for n in range(20):
    there.send(address, b"more")
try:
    asyncio.run(asyncio.wait_for_ms(loop.run(), 5000))
    print(json.dumps("nothing came out"))
except MemoryError as error:
    print(json.dumps([len(heard()), str(error), helped.count("recover") >= 16]))
"""
    )
    assert told == [[0, "no memory 16 times in a row", True]]


def test_room_for_a_datagram_is_kept_and_given_up_when_memory_is_lacking(there):
    told = there(
        NODE
        + FULL
        + """
one = loop._memory


def room():
    return len(one._reserve or b"")


found = [room()]
for kind, lacked in ((memory.DATAGRAM, True), (memory.TURN, False), (memory.DATAGRAM, False)):
    one.look(kind, lacked)
    found.append(room())
print(json.dumps([size >= 1025 for size in found] + found[1:3]))
"""
    )
    # not before there was room for what lacked it
    assert told == [[True, False, False, True, 0, 0]]
