"""A board that had a fault, or may only do what is safe, says so; a watchdog sees a loop stand."""

from mesh.core.address import address_text
from mesh.core.coap import message as coap
from mesh.core.codec.cbor import decode

MACHINE = """
class WDT:
    made = []
    fed = 0

    def __init__(self, timeout):
        if timeout > 8388:
            raise ValueError("timeout exceeds 8388")
        WDT.made.append(timeout)

    def feed(self):
        WDT.fed += 1


class Machine:
    PWRON_RESET, WDT_RESET, DEEPSLEEP_RESET = 1, 3, 4
    code = 1

    @classmethod
    def reset_cause(cls):
        return cls.code


Machine.WDT = WDT
sys.modules["machine"] = Machine
from mesh.device import resets, watchdog
"""
RUN = """
try:
    fault = asyncio.run(life.first_fault())
    life.end(fault)
except KeyboardInterrupt:
    life.stop()
"""
STORM = """import asyncio
import mesh.device.sensors.uptime as uptime
from mesh.device.main import main


class Sensor:
    rest_ms = 20

    def __init__(self, options):
        pass

    def read(self):
        raise KeyError("nobody thought of this")


uptime.Sensor = Sensor
life = main(failed=lambda reason: print("failed with", reason))
"""
BROKEN = """import asyncio
from mesh.linked2 import Loop
from mesh.device.main import main


def turn(loop):
    raise KeyError("nobody thought of this")


Loop.turn = turn
life = main(failed=lambda reason: print("failed with", reason))
"""
SAFE = """import asyncio
from mesh.device.main import main

life = main(safe="three starts came to nothing", good=lambda: print("good"))
"""


def moved(desk, peer, joined):
    """Whether the desktop has met it where it is now."""
    return address_text(desk.node.contacts.get(peer).address) == joined["address"]


def about(desk, one):
    """What /peer tells."""
    joined = one.wait("joined")
    peer = desk.meet(joined)
    desk.until(lambda: moved(desk, peer, joined), "the board at its new place")
    return decode(desk.ask(peer, coap.FETCH, "peer").payload)


def test_a_fault_that_nobody_handled_is_told_and_remembered(board, desk):
    with board(sensors={"uptime": {"every_s": 0.1}}) as one:
        start = (one.folder / "main.py").read_text()
        one.kill()
    (one.folder / "main.py").write_text(BROKEN + RUN)
    with board(sensors={"uptime": {"every_s": 0.1}}) as broken:
        assert broken.wait_end() == 1
    assert "failed with KeyError: nobody thought of this" in broken.console
    assert "Traceback" in broken.console
    (one.folder / "main.py").write_text(start)
    known = [{"id": desk.id, "address": f"127.0.0.1:{desk.address[1]}"}]
    with board(peers=known) as again:
        assert about(desk, again)["resets"] == [1, "KeyError: nobody thought of this"]
        again.stop()
    with board(peers=known) as again:
        assert about(desk, again)["resets"] == [1, "started"]


def test_a_sensor_with_a_fault_of_ours_is_failing_and_the_board_goes_on(board, desk):
    with board(sensors={"uptime": {"every_s": 0.1}}) as one:
        start = (one.folder / "main.py").read_text()
        one.kill()
    once = STORM.replace("raise", "uptime.Sensor = Real\n        raise")
    once = once.replace("class Sensor", "Real = uptime.Sensor\n\n\nclass Sensor")
    (one.folder / "main.py").write_text(once + RUN)
    known = [{"id": desk.id, "address": f"127.0.0.1:{desk.address[1]}"}]
    with board(peers=known, sensors={"uptime": {"every_s": 0.1}}) as one:
        failing = one.wait("failing", sensor="uptime")
        assert failing["reason"] == "KeyError: nobody thought of this"
        told = about(desk, one)
        assert (told["faults"], told["failing"]) == (1, {"uptime": failing["reason"]})
        one.wait("works", sensor="uptime")
        one.stop()
    assert one.console.count("Traceback") == 1
    (one.folder / "main.py").write_text(start)


def test_a_storm_of_faults_starts_a_board_anew_and_the_reason_is_kept(board, desk):
    sensors = {f"s{n}": {"kind": "uptime", "every_s": 0.1} for n in range(33)}
    with board(sensors=sensors) as one:
        start = (one.folder / "main.py").read_text()
        one.kill()
    (one.folder / "main.py").write_text(STORM + RUN)
    with board(sensors=sensors) as broken:
        assert broken.wait_end() == 1
    storm = "32 faults within a minute, the last: sensor: KeyError"
    assert "failed with " + storm in broken.console
    (one.folder / "main.py").write_text(start)
    known = [{"id": desk.id, "address": f"127.0.0.1:{desk.address[1]}"}]
    with board(peers=known) as again:
        count, why = about(desk, again)["resets"]
    assert count == 1
    assert why.startswith(storm)


def test_in_safe_mode_there_is_the_network_and_nothing_else(board, desk):
    settings = {"sensors": {"uptime": {}}, "actuators": {"led": {}}, "follow": "*"}
    with board(**settings) as one:
        one.kill()
    (one.folder / "main.py").write_text(SAFE + RUN)
    with board(**settings) as one:
        told = about(desk, one)
        assert told["safe"] == "three starts came to nothing"
        assert told["sensors"] == told["actuators"] == []
        assert one.events("safe") == [{"event": "safe", "reason": "three starts came to nothing"}]


def test_good_is_said_when_a_peer_answered(board, desk):
    with board() as one:
        one.kill()
    (one.folder / "main.py").write_text(SAFE + RUN)
    address = f"127.0.0.1:{desk.address[1]}"
    with board(peers=[{"id": desk.id, "address": address}]) as one:
        one.wait("joined")
        assert "good" not in one.lines
        desk.until(lambda: "good" in one.lines, "good")


def test_what_a_processor_says_of_its_reset(there):
    told = there(
        MACHINE
        + """
import os
os.chdir("/tmp")
for code in (1, 3, 4, 99):
    Machine.code = code
    print(json.dumps(resets.cause()))
"""
    )
    assert told == ["power on", "watchdog or reset", "woke up", "unknown"]


def test_the_watchdog_is_fed_as_long_as_the_loop_turns(there, tmp_path):
    told = there(
        MACHINE
        + f"""
sys.path[:0] = [sys.path[0] + "/tests/device", sys.path[0] + "/tests/core"]
import os
os.chdir({str(tmp_path)!r})
"""
        + """
from simulated import Simulated, World
world = World()
one = Simulated(world, ("10.0.0.1", 5683), {})
world.run(60_000)
print(json.dumps([WDT.made, 25 < WDT.fed < 35]))
before = WDT.fed
world.now += 60_000  # it stands still
print(json.dumps(WDT.fed - before))
print(json.dumps([watchdog.start(0), watchdog.start(30).feed(), WDT.made[-1]]))
"""
    )
    assert told == [[[8000], True], 0, [None, None, 8388]]


def test_a_file_of_faults_that_is_damaged_stops_nothing(there, tmp_path):
    told = there(
        f"import os\nos.chdir({str(tmp_path)!r})\n"
        + """
from mesh.device import resets
print(json.dumps(resets.last(1)))
resets.note(1, "x" * 200 + "é")
print(json.dumps([len(resets.last(2)[1]), resets.last(3)]))
with open("faults", "wb") as file:
    file.write(b"zzz")
print(json.dumps(resets.last(2)))
resets.note(2, "é" * 3)
print(json.dumps(resets.last(3)))
"""
    )
    assert told == [[0, "started"], [96, [1, "started"]], [0, "started"], [1, "???"]]


def test_what_cannot_be_kept_is_not_published_and_told(there, tmp_path):
    told = there(
        f"""
sys.path[:0] = [sys.path[0] + "/tests/device", sys.path[0] + "/tests/core"]
import os
os.chdir({str(tmp_path)!r})
"""
        + """
from mesh.core.full.content import content
from simulated import Simulated, World
from mesh.device.journal import Journal

class Warm:
    UNIT = "Cel"
    class Sensor:
        def __init__(self, options):
            pass
        def read(self):
            return 20

world = World()
one = Simulated(
    world, ("10.0.0.1", 5683), {"sensors": {"warm": {"every_s": 10}}}, {"sensors.warm": Warm}
)
reader, at = world.add(2, {"follow": "*"})
reader.start(world.now, False)
one.node.candidate(0, reader.peer.id, at, "given")
world.run(60_000)
feed = reader.peer.feeds.foreign[one.node.peer.id]
had = feed.next_seq
keep = Journal._begin, Journal.keep

def full(*_):
    raise OSError(28)

own = one.node.peer.feeds.own
store, own._keep = own._keep, full
world.run(120_000)
about = content(one.node.peer, one.board.loop.now(), "peer")
print(json.dumps([had > 5, feed.next_seq - had < 2, about["unpublished"][0] > 8]))
own._keep = store
world.run(60_000)
about = content(one.node.peer, one.board.loop.now(), "peer")
print(json.dumps(["unpublished" in about, feed.next_seq > had + 15, feed.gap]))
"""
    )
    assert told == [[True, True, True], [False, True, None]]
