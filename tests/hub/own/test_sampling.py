"""A desktop's sensors beside each other: one that fails or stands still holds up nothing else."""

import asyncio
import threading

import psutil
import pytest
from hubs import run, until

from mesh.core.full.content import content
from mesh.core.policy.section_table import Sensor
from mesh.hub.guard import MANY
from mesh.hub.own import sensors

STILL = 40  # more than any pool of threads has


class Made:
    """A sensor whose readings a test decides."""

    UNIT = "1"
    RANGE = (0, 10)

    def __init__(self, read):
        self.read = read
        self.close = lambda: None


def test_a_sensor_that_always_fails_never_starts_the_peer_anew(start, monkeypatch):
    reads = []

    def fail():
        reads.append(1)
        raise ValueError("what psutil does not expect")

    monkeypatch.setattr("mesh.hub.desktop_peer.sensors.make", lambda _: Made(fail))

    async def main():
        async with start("one", sensed={"odd": Sensor("odd", 1, {})}) as one:
            await until(lambda: len(reads) > 2 * MANY)
            assert one.broken == ""
            assert "psutil does not expect" in content(one.node.peer, 0, "peer")["failing"]["odd"]

    run(main)


def test_sensors_that_stand_still_say_so_and_hold_up_nothing(start, monkeypatch):
    monkeypatch.setattr("mesh.hub.own.polling.SLOW_S", 0.01)
    released = threading.Event()
    free = Made(lambda: 3)
    still = Made(lambda: released.wait() and 4)
    monkeypatch.setattr(
        "mesh.hub.desktop_peer.sensors.make",
        lambda sensor: free if sensor.kind == "free" else still,
    )
    sensed = {f"still{n}": Sensor("still", 10, {}) for n in range(STILL)}
    sensed["free"] = Sensor("free", 10, {})

    async def main():
        async with start("one", sensed=sensed) as one:
            failing = lambda now, peer=one.node.peer: content(peer, now, "peer")  # noqa: E731
            await until(lambda: len(failing(0)["failing"]) == STILL)
            assert "it hangs" in failing(0)["failing"]["still0"]
            assert one.node.peer.sensors["free"].value == 3
            released.set()
            await until(lambda: failing(0)["failing"] == {})
            await until(lambda: one.node.peer.sensors["still0"].value == 4)

    run(main)


def test_a_peer_stops_while_a_sensor_stands_still(start, monkeypatch):
    released = threading.Event()
    entered = threading.Event()

    def stand():
        entered.set()
        released.wait()

    monkeypatch.setattr("mesh.hub.desktop_peer.sensors.make", lambda _: Made(stand))

    async def main():
        async with start("one", sensed={"still": Sensor("still", 10, {})}):
            await until(entered.is_set)

    run(main)  # which also waits for the threads of the loop
    assert not released.is_set()
    released.set()


@pytest.mark.parametrize("kind", ["disk", "received", "temperature"])
def test_nothing_is_read_before_a_peer_runs(kind, monkeypatch):
    for name in ("disk_usage", "net_io_counters", "sensors_temperatures"):
        monkeypatch.setattr(psutil, name, lambda *_, **__: pytest.fail("read"), raising=False)
    sensors.make(Sensor(kind, 1000, {}))


@pytest.mark.parametrize("error", [SystemError("returned NULL"), RuntimeError(), AssertionError()])
def test_what_psutil_raises_leaves_a_sensor_out_of_the_default_ones(error, monkeypatch):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr(psutil, "sensors_temperatures", fail, raising=False)
    monkeypatch.setattr(psutil, "sensors_battery", fail, raising=False)
    found = sensors.default_set()
    assert "temperature" not in found
    assert "memory" in found


def test_an_agreement_changes_the_pace_at_once_and_it_goes_back(start, monkeypatch):
    reads = []
    monkeypatch.setattr(
        "mesh.hub.desktop_peer.sensors.make", lambda _: Made(lambda: reads.append(1) or 3)
    )

    async def main():
        async with start("one", sensed={"bed": Sensor("bed", 3_600_000, {})}) as one:
            await until(lambda: len(reads) == 1)
            one.pace(0, {"bed": 10, "other": 1})
            await until(lambda: len(reads) > 5)
            one.pace(0, {})
            count = len(reads)
            one.pace(0, {"bed": 3_000_000})
            await asyncio.sleep(0.1)
            assert len(reads) <= count + 1, "a reading may have been under way"

    run(main)
