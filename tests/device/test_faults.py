"""The loop when something of ours fails: it is told, counted, and ends nothing else."""

from noting import NODE

FAULTS = """
from mesh.core.errors import LocalError
from mesh.device.faults import Faults
said = []
faults = Faults(lambda what, **f: said.append(f["part"] + " " + f["reason"]), now)
tracebacks = []


class Sys:
    print_exception = tracebacks.append

sys.modules["mesh.device.faults"].sys = Sys
loop = Loop(node, {0: here}, events.append, now, faults)
"""


def test_a_fault_of_ours_ends_nothing_and_is_told_once_with_its_traceback(there):
    told = there(
        NODE
        + FAULTS
        + """
for _ in range(3):
    there.send(address, b"bad")
there.send(address, b"good")
met = lambda: (0, other, b"good") in node.log
asyncio.run(until())
print(json.dumps([faults.count, said, len(tracebacks)]))
"""
    )
    assert told == [[3, ["datagram KeyError: a fault of ours"], 1]]


def test_a_fault_in_a_job_a_tick_an_event_or_a_task_ends_nothing(there):
    told = there(
        NODE
        + FAULTS
        + """
done = []


def job(now_ms):
    done.append(now_ms)
    raise KeyError("job")


def tick(now_ms):
    if "tick" not in node.log:
        node.log.append("tick")
        raise KeyError("tick")


def tell(event):
    if event == "bad":
        raise KeyError("event")
    events.append(event)


async def task():
    done.append("task")
    raise KeyError("task")

loop._tell = tell
node.tick = tick
loop.every(20, job)
loop.also(task)
node.events += ["bad", "good"]
there.send(address, b"good")
met = lambda: len(done) > 3 and events and heard()
asyncio.run(until())
print(json.dumps([events, done.count("task") > 1, len(done) < 9, sorted(said)]))
"""
    )
    faults = ["event KeyError: event", "job KeyError: job", "task KeyError: task"]
    assert told == [[["good"], True, True, [*faults, "tick KeyError: tick"]]]


def test_a_storm_of_faults_comes_out(there):
    told = there(
        NODE
        + FAULTS
        + """
async def storm():
    while True:
        there.send(address, b"bad")
        await asyncio.sleep_ms(1)


async def both():
    asyncio.create_task(storm())
    await asyncio.wait_for_ms(loop.run(), 5000)

try:
    asyncio.run(both())
    print(json.dumps("nothing came out"))
except LocalError as error:
    print(json.dumps([error.detail, faults.count < 100, said]))
"""
    )
    storm = "32 faults within a minute, the last: datagram: KeyError: a fault of ours"
    assert told == [[storm, True, ["datagram KeyError: a fault of ours"]]]


def test_a_driver_that_always_fails_does_not_start_the_board_anew(there):
    """What each driver may raise is not known: a board tries it ever more rarely."""
    told = there(
        NODE
        + FAULTS
        + """
from mesh.core.policy.section_table import Sensor as Wanted
from mesh.device.parts import Measuring


class Driver:
    UNIT = "1"

    class Sensor:
        def __init__(self, options):
            pass

        def read(self):
            raise KeyError("a clone of the chip")


class Board:
    peer = kit = None

    def add_sensor(self, name, unit, every_ms):
        pass

    def sensor_failed(self, name, reason):
        failing[name] = reason


class Console:
    def tell(self, what, **fields):
        pass

board = Board()
board.peer = board.kit = board
failing, ended, at = {}, [], 0
faults = Faults(lambda what, **f: None, lambda: at)
faults.at_storm(ended.append)
board.guard = faults
wanted, console = Wanted("x", 1000, {}), Console()
parts = [(0, Measuring("s%d" % n, Driver, wanted, board, console)) for n in range(8)]
while at < 600_000:
    at, one = min(parts, key=lambda part: part[0])
    parts.remove((at, one))
    parts.append((at + one(at), one))
print(json.dumps([len(ended), len(failing), faults.count]))
"""
    )
    assert told[0][:2] == [0, 8]
    assert told[0][2] > 8 * 8
