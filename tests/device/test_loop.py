"""The loop, with a node that only notes what it is called with, on real sockets of MicroPython."""

from noting import NODE


def test_a_datagram_goes_in_and_its_answer_out(there):
    told = there(
        NODE
        + """
there.send(address, b"ping")
answers = []


async def listen():
    answers.append(await there.receive())

asyncio.create_task(listen())
met = lambda: answers
asyncio.run(until())
print(json.dumps([answers[0][0].decode(), answers[0][1] == address]))
print(json.dumps(node.log[-1][0] == 0 and node.log[-1][1] == other))
"""
    )
    assert told == [["pong", True], True]


def test_what_is_too_large_is_dropped_before_it_is_read(there):
    told = there(
        NODE
        + """
there.send(address, b"x" * 65)
there.send(address, b"y" * 64)
met = heard
asyncio.run(until())
print(json.dumps([data.decode() for _, _, data in heard()]))
"""
    )
    assert told == [["y" * 64]]


def test_events_are_told_and_time_wakes_the_node(there):
    told = there(
        NODE
        + """
node.wake = now() + 50
node.events.append("hello")
met = lambda: node.log.count("tick") > 1
asyncio.run(until())
print(json.dumps([events, now() >= 50]))
"""
    )
    assert told == [[["hello"], True]]


def test_a_datagram_can_bring_the_waking_forward(there):
    told = there(
        NODE
        + """
node.wake = now() + 60000
old = node.receive


def receive(*args):
    old(*args)
    node.wake = now() + 10

node.receive = receive
there.send(address, b"x")
met = lambda: node.log.count("tick") > 1
asyncio.run(until())
print(json.dumps(now() < 5000))
"""
    )
    assert told == [True]


def test_jobs_are_done_at_once_and_again(there):
    told = there(
        NODE
        + """
done = []
loop.every(20, done.append)
met = lambda: len(done) > 3
asyncio.run(until())
print(json.dumps([late - early >= 20 for early, late in zip(done, done[1:])]))
"""
    )
    assert told == [[True, True, True]]


def test_a_flood_does_not_keep_time_from_passing(there):
    told = there(
        NODE
        + """
ticks = []
loop.every(5, ticks.append)


async def flood():
    while True:
        for _ in range(20):
            there.send(address, b"x")
        await asyncio.sleep_ms(0)

asyncio.create_task(flood())
met = lambda: len(heard()) > 300 and len(ticks) > 5
asyncio.run(until())
print(json.dumps(True))
"""
    )
    assert told == [True]


def test_errors_of_the_network_stop_nobody(there, namespace):
    told = there(
        NODE
        + """
gone, nobody = bind()
gone._sock.close()
v4 = ["203.0.113.1", "240.0.0.1", "255.255.255.255", "127.0.0.1"]
for target in [nobody] + [(host, 0) for host in v4 + ["fe80::1%2", "x", ""]]:
    here.send(target, b"x")
    here.send((target[0], 9), b"x")
there.send(address, b"after")
met = heard
asyncio.run(until())
print(json.dumps([data.decode() for _, _, data in heard()]))
""",
        namespace.wrap,
    )
    assert told == [["after"]]


def test_what_a_board_guesses_to_be_for_the_group(there):
    told = there(
        NODE
        + """
search = bytes.fromhex("51017d34a1bb2e77656c6c2d6b6e6f776e04636f7265")
confirmable = bytes([search[0] & 0xcf]) + search[1:]
post = search[:1] + bytes([2]) + search[2:]
other = bytes.fromhex("51017d34a1b570656572")
print(json.dumps([is_for_group(d) for d in (search, confirmable, post, other, b"", b"Q")]))
loop.mixed = True
there.send(address, search)
there.send(address, confirmable)
met = lambda: len(heard()) > 1
asyncio.run(until())
print(json.dumps([channel for channel, _, _ in heard()]))
"""
    )
    assert told == [[True, False, False, False, False, False], [1, 3]]


def test_ticks_that_wrap_are_one_growing_number(there):
    told = there(
        """
import time
from mesh.device import ticks as clock
class Time:
    ticks_diff = staticmethod(time.ticks_diff)
    def ticks_ms(self):
        return self.now
real = time.ticks_add(0, -1)
fake = Time()
fake.now = real - 500
clock.time = fake
ticks = clock.Ticks()
seen = [ticks()]
fake.now = real - 100
seen.append(ticks())
fake.now = time.ticks_add(real, 400)
seen.append(ticks())
print(json.dumps([seen, fake.now < real]))
"""
    )
    assert told == [[[0, 400, 900], True]]


def test_it_goes_on_however_time_and_datagrams_fall_together(there):
    told = there(
        NODE
        + """
def tick(now_ms):
    node.log.append("tick")
    node.wake = now_ms + len(node.log) % 3


def receive(*args):
    node.wake = now()


async def flood():
    while True:
        there.send(address, b"x")
        await asyncio.sleep_ms(len(node.log) % 4)

node.tick, node.receive = tick, receive
asyncio.create_task(flood())
met = lambda: len(node.log) > 1000
asyncio.run(until(20000))
loop.wake()  # it is no longer asleep
loop.settle()
print(json.dumps(len(node.log) > 1000))
"""
    )
    assert told == [True]
