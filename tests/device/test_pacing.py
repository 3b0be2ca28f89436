"""The pace of a board's sensors changes by agreement, and goes back."""

from types import SimpleNamespace

from mesh.core.policy.section_table import Sensor
from mesh.device.pacing import LOOK_MS, Paced, Pacing

OWN_MS = 60_000


class Job:
    """Stands for Measuring: two steps for each measurement, 40 ms apart."""

    def __init__(self, sensor):
        self.sensor = sensor
        self.began_ms = None
        self.taken = []

    def __call__(self, now_ms):
        if self.began_ms is None:
            self.began_ms = now_ms
            return 40
        self.sensor.taken_ms = now_ms
        self.taken.append(now_ms)
        began_ms, self.began_ms = self.began_ms, None
        return began_ms + OWN_MS - now_ms


def play(job, upto_ms, now_ms=0, due_ms=0):
    """Call a job as the loop does, at the times that it says."""
    while due_ms <= upto_ms:
        now_ms = due_ms
        due_ms = now_ms + job(now_ms)
    return due_ms


def made():
    sensor = SimpleNamespace(taken_ms=0)
    node = SimpleNamespace(peer=SimpleNamespace(sensors={"bed": sensor}))
    profile = SimpleNamespace(sensors={"bed": Sensor("bed", OWN_MS, {})})
    job = Job(sensor)
    jobs = [(OWN_MS, job)]
    return Pacing(node, profile, jobs), job, jobs


def test_the_pace_of_the_settings_stays_without_an_agreement():
    _, job, [(_, paced)] = made()
    play(paced, 125_000)
    assert job.taken == [40, 60_040, 120_040]


def test_a_faster_pace_begins_soon_and_a_slower_one_after_the_next():
    pacing, job, [(_, paced)] = made()
    due_ms = play(paced, 5000)
    pacing(5000, {"bed": 10_000, "other": 10})
    due_ms = play(paced, 31_000, 5000, due_ms)
    assert job.taken == [40, 15_040, 25_040]
    pacing(31_000, {"bed": 100_000})
    due_ms = play(paced, 160_000, 31_000, due_ms)
    assert job.taken[3:] == [35_040, 135_040]
    pacing(160_000, {})
    play(paced, 290_000, 160_000, due_ms)
    assert job.taken[5:] == [220_040, 280_040], "within its own pace again"


def test_it_asks_to_be_called_again_in_time():
    _, _, [(every_ms, paced)] = made()
    assert every_ms == LOOK_MS
    assert paced(0) == 40
    assert paced(40) == LOOK_MS


def test_what_tells_changes_at_once_is_left_alone():
    _, job, _ = made()

    def look(now_ms):
        job.sensor.taken_ms = now_ms
        return 20

    node = SimpleNamespace(peer=SimpleNamespace(sensors={"bed": job.sensor}))
    watched = Paced(look, OWN_MS, ["bed"], node)
    watched.pace(0, {"bed": 10_000})
    assert [watched(now_ms) for now_ms in (20, 40, 60)] == [20] * 3
