"""The loop when the heap has no room for what a datagram asks."""

from noting import NODE

FULL = """
full = [0]


def receive(now_ms, channel, source, data):
    node.log.append(data)
    if full[0]:
        full[0] -= 1
        raise MemoryError


node.receive = receive
sent = iter(range(1000))


def met():
    there.send(address, str(next(sent)).encode())
    return len(heard()) > 20
"""


def test_a_datagram_without_room_is_lost_and_the_next_one_taken(there):
    told = there(
        NODE
        + FULL
        + """
full[0] = 8
asyncio.run(until())
print(json.dumps([full[0], len(heard()) > 20]))
"""
    )
    assert told == [[0, True]]


def test_a_heap_that_stays_full_ends_the_loop(there):
    told = there(
        NODE
        + FULL
        + """
full[0] = 9
for n in range(12):
    there.send(address, b"more")
try:
    asyncio.run(asyncio.wait_for_ms(loop.run(), 5000))
    print(json.dumps("nothing came out"))
except MemoryError:
    print(json.dumps(len(heard())))
"""
    )
    assert told == [9]


def test_a_datagram_that_never_finds_room_keeps_no_other_out(there):
    told = there(
        NODE
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
print(json.dumps([str(entry[2], "ascii") for entry in heard()]))
"""
    )
    assert told == [["short"]]
