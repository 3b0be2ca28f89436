"""The step of `make silicon` on a battery: how long a board that sleeps is awake, and at what."""

import json
import signal
import sys

from board_settings import changed
from lab import ROOT, StepError

sys.path.append(str(ROOT / "tools"))
import battery

EVERY_S = 30  # from one waking to the next
WAKINGS = 4  # the first is after the power came, and finds who takes its readings
WAKING_S = 240  # at most, as this computer counts
ROUND_S = 2  # shorter than EVERY_S at most


def wake(lab, _):
    """A board with `sleep` on a battery, and a desktop that takes its readings."""
    lab.need_joined()
    with lab.followers(1) as (follower,):
        asleep = {"every_s": EVERY_S, "to": [follower.id], "awake_s": 0}
        with changed(lab, sleep=asleep):
            file = lab.folder / "wakings"
            lines = _wakings(lab, file)
        readings = len(follower.events("reading"))
    return _told(lines, readings, battery.typical(file.read_text()))


def _told(lines, readings, typical):
    """The figures. StepError if it did not sleep, or nobody got its readings."""
    slept = [line["asleep"] + line["awake"] for line in lines]
    radio_s = sum(line["radio_asleep"] for line in lines)
    told = (
        f"{WAKINGS} wakings, {readings} readings taken; "
        f"awake {[line['awake'] for line in lines]} s, "
        f"computing {[line['busy'] for line in lines]} s, "
        f"radio on {[line['radio'] for line in lines]} s, "
        f"sent {[line['sent'] for line in lines]}, heard {[line['heard'] for line in lines]} "
        f"(frames, bytes), asleep {[line['asleep'] for line in lines]} s; "
        f"{sum(battery.parts_mj(typical).values()):.0f} mJ a waking; "
    )
    told += ", ".join(
        f"every {every_s} s {one.name} {battery.days(typical, every_s, one.wh):.0f} days"
        for every_s in (60, 600)
        for one in battery.BATTERIES
    )
    if min(slept) < EVERY_S - ROUND_S or radio_s or readings < WAKINGS:
        raise StepError(f"{told}; the radio was on for {radio_s:g} s asleep")
    return told


def _wakings(lab, file):
    """Its wakings on a battery, each as meter.py wrote it down."""
    file.unlink(missing_ok=True)
    file.touch()
    lab.switch_off(signal.SIGTERM)
    lab.switch_on(battery=file)
    seconds = WAKINGS * (EVERY_S + WAKING_S)
    lab.until(lambda: file.read_text().count("\n") >= WAKINGS, seconds, f"{WAKINGS} wakings")
    lab.switch_off(signal.SIGTERM)
    return [json.loads(line) for line in file.read_text().splitlines()]


STEPS = {"wake": wake}
