"""Steps of `make silicon` over the emulated board's Wi-Fi: its readings, its heap, a flood."""

import collections
import json
import sys
import time

from lab import BOARD, HERE, HOST, NAME, SLOW, StepError, own_id

WATCH_S = 10
MEET_S = 300
FOLLOWERS = 4
STRANGERS = 2
BURSTS = (1, 2, 4, 8, 16)  # datagrams
FLOOD_PER_S, FLOOD_S = 300, 20


def read(lab, _):
    """`mesh show`, `read`, `set` and `watch`."""
    lab.need_joined()
    since = lab.mark()
    failing = len(lab.shown()["about"]["failing"])
    rows = json.loads(lab.mesh("read", NAME, "--json", "-i", HOST, *SLOW).need("mesh read"))
    words = ("set", f"{NAME}/led", "true", "--json", "-i", HOST, *SLOW)
    answer = json.loads(lab.mesh(*words).need("mesh set"))
    if answer["value"] is not True or not lab.shown()["actuators"]["led"]:
        raise StepError(f"the led was set to true, and is {answer['value']}")
    if not rows:
        raise StepError("it has no reading")
    watched = lab.mesh("watch", NAME, "--seconds", WATCH_S, "--json", "-i", HOST)
    _no_faults(lab, since)
    seen = watched.need("mesh watch").splitlines()
    return (
        f"{failing} sensors failing, {len(rows)} readings, led set to true, "
        f"{len(seen)} readings seen in {WATCH_S} s"
    )


def heap(lab, options):
    """Desktops that follow the board and strangers that ask it, for some minutes."""
    lab.need_joined()
    since, boots = lab.mark(), lab.boots()
    strangers = [lab.folder / f"stranger{number}" for number in range(STRANGERS)]
    for home in strangers:
        own_id(home)
    words = [["show", lab.id, "--json", "-i", HOST, *SLOW, "--home", home] for home in strangers]
    codes = collections.Counter()  # exit codes of what they asked
    with lab.followers(FOLLOWERS) as followers:
        lab.until(
            lambda: _that_have_it(lab, followers) == FOLLOWERS, MEET_S, "board at each follower"
        )
        end = time.monotonic() + 60 * options.minutes
        while time.monotonic() < end:
            codes.update(lab.together(words))
        up = _that_have_it(lab, followers)
    told = (
        f"{options.minutes:g} minutes, {up} of {FOLLOWERS} followers have it, strangers answered "
        f"{codes[0]} of {codes.total()} (exit codes {dict(codes)}): least "
        f"{_least_free(lab, since):,} bytes free"
    )
    _same_run(lab, since, boots, told)
    if up < FOLLOWERS or not codes[0]:
        raise StepError(told)
    return told


def _that_have_it(lab, followers):
    return sum(lab.id in one.met() for one in followers)


def flood(lab, _):
    """Datagrams at once, then many for some seconds: it answers afterwards."""
    lab.need_joined()
    since, boots = lab.mark(), lab.boots()
    bursts = [_send(lab, "burst", count) for count in BURSTS]
    many = _send(lab, "flood", FLOOD_PER_S, FLOOD_S)
    told = (
        f"at once {[one['sent'] for one in bursts]}: answered "
        f"{[one['answered'] for one in bursts]}; {FLOOD_PER_S} a second for {FLOOD_S} s: "
        f"answered {many['answered']} of {many['sent']}"
    )
    _same_run(lab, since, boots, told)
    return f"{told}; answers afterwards"


def _send(lab, kind, *numbers):
    words = [sys.executable, HERE / "datagrams.py", kind, BOARD, *numbers]
    return json.loads(lab.run(words, 60).need(kind))


def _least_free(lab, since):
    """The least heap that the board told as free, after a collection, in bytes."""
    told = [event["free"] for event in lab.events("heap", since)]
    if not told:
        raise StepError("the board told nothing of its heap")
    return min(told)


def _same_run(lab, since, boots, told):
    """StepError, with what else is told, if the board has started anew since then, or had a fault;
    or does not answer.
    """
    now = lab.boots()
    _no_faults(lab, since, f"; starts: {boots} before, {now} now; {told}")
    if now != boots:
        raise StepError(f"it started anew: {boots} starts before, {now} now; {told}")


def _no_faults(lab, since, told=""):
    """StepError if the board has told a fault of its own since then."""
    faults = {f"{event['part']}: {event['reason']}" for event in lab.events("fault", since)}
    errors = {event["detail"] for event in lab.events("error", since)}
    if faults or errors:
        raise StepError(f"faults of the board: {'; '.join(sorted(faults | errors))}{told}")


STEPS = {"read": read, "heap": heap, "flood": flood}
