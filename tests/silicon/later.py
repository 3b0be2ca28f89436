"""Steps of `make silicon` about what comes later: a cut of power, an update, a day."""

import hashlib
import json
import signal
import time

from lab import HOST, NAME, StepError

from mesh.boards.firmware.build import ABOUT, FILES, SUMS, Firmware, build
from mesh.core.errors import LocalError

VERSION = "mesh/version.mpy"
UPDATE_S = 900
STARTING_S = 3
LOOK_S = 30


def cut(lab, _):
    """The power is cut while the board runs, and while it starts: it joins with the same key."""
    lab.need_joined()
    before = lab.boots()
    lab.switch_off()
    lab.switch_on()
    time.sleep(STARTING_S)
    lab.switch_off()
    since = lab.mark()
    lab.switch_on()
    lab.joined(since)
    shown = lab.shown()
    after = shown["about"]["boots"]
    if after <= before or shown["forked"]:
        raise StepError(f"starts: {before} before, {after} now; forked: {shown['forked']}")
    return f"power cut twice: same key, starts {before} before, {after} now"


def update(lab, _):
    """`mesh update` to a firmware that has another version."""
    lab.need_joined()
    before = lab.shown()["about"]["firmware"]
    made = _another(lab.folder / "built")
    words = (
        "update",
        NAME,
        "--firmware",
        made.folder,
        "--timeout",
        UPDATE_S,
        "--json",
        "-i",
        HOST,
    )
    done = lab.mesh(*words, timeout_s=UPDATE_S + 60)
    rows = [json.loads(line) for line in done.out.splitlines()]
    states = list(dict.fromkeys(row["state"] for row in rows if "state" in row))
    about = lab.shown()["about"]
    told = f"{' '.join(states)}; then /peer: firmware {about['firmware']}, {about.get('update')}"
    if done.code or about["firmware"] != made.version:
        why = next((row["error"] for row in rows if "error" in row), done.err.strip())
        raise StepError(f"exit code {done.code}, {why}; {told}")
    return f"{before} to {made.version} in {done.seconds:.0f} s: {told}"


def _another(out):
    """The firmware of these sources with another version: its digest reversed."""
    made = build("pico_w", out)
    version = made.version[:-8] + made.version[:-9:-1]
    path = made.path(VERSION)
    data = path.read_bytes().replace(made.version.encode(), version.encode())
    path.write_bytes(data)
    files = {**made.files, VERSION: (len(data), hashlib.sha256(data).hexdigest())}
    text = json.dumps({"board": made.board, "version": version, "files": files}) + "\n"
    for about in (made.folder / ABOUT, made.folder / FILES / ABOUT):
        about.write_text(text)
    (made.folder / SUMS).unlink()
    paths = [path for path in sorted(made.folder.rglob("*")) if path.is_file()]
    names = {path.relative_to(made.folder).as_posix(): path.read_bytes() for path in paths}
    sums = [f"{hashlib.sha256(data).hexdigest()}  {name}\n" for name, data in names.items()]
    (made.folder / SUMS).write_text("".join(sums))
    try:
        return Firmware.load(made.folder)
    except LocalError as error:
        raise StepError(f"the firmware to update to: {error}") from None


def day(lab, options):
    """Hours of the board's time, with a follower; idle time is skipped."""
    lab.need_joined()
    lab.switch_off(signal.SIGTERM)
    since = lab.mark()
    lab.switch_on(pretend=True)
    lab.joined(since)
    hours = options.hours or 1
    begun = time.monotonic()
    boots, lived_s = None, 0
    with lab.followers(1):
        while lived_s < 3600 * hours:
            if time.monotonic() - begun > 3600 * hours:
                raise StepError(f"{lived_s} s of its time took {hours} hours")
            time.sleep(LOOK_S)
            about = lab.shown()["about"]
            lived_s = about["uptime"]
            boots = boots or about["boots"]
            if about["boots"] != boots:
                raise StepError(f"it started anew: {about['resets']}; {lab.last_words()}")
    frees = [event["free"] for event in lab.events("heap", since)]
    faults = lab.events("fault", since)
    took_s = time.monotonic() - begun
    lab.switch_off(signal.SIGTERM)
    lab.switch_on()
    told = f"{lived_s / 3600:.1f} hours in {took_s:.0f} s"
    if faults or not frees:
        raise StepError(
            f"{len(faults)} faults, as {faults[:1]}; {len(frees)} looks at its heap; {told}"
        )
    return f"{told}: least {min(frees):,} bytes free"


STEPS = {"cut": cut, "update": update, "day": day}
