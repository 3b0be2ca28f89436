"""Energy of a waking of a Pico W that sleeps on a battery, and how long batteries last.

    .venv/bin/python tools/battery.py                  # as measured on the emulated board
    .venv/bin/python tools/battery.py --wakings FILE   # as the step `wake` wrote it down
    .venv/bin/python tools/battery.py --wh 7.2 --every 300

Times and bytes are measured (docs/silicon.md, step `wake`); currents are published figures, each
with its source, that nobody has checked on this firmware (docs/performance.md, "On a battery").
"""

import argparse
import json
import sys
from pathlib import Path
from statistics import median
from typing import NamedTuple

DAY_S, DAYS = 86_400, 365


class Figure(NamedTuple):
    """A published current of the whole board, at the voltage at which it was measured."""

    ma: float
    volts: float
    source: str

    @property
    def mw(self) -> float:
        """Its power in milliwatts."""
        return self.ma * self.volts


class Waking(NamedTuple):
    """A waking: times in seconds, as meter.py counts them; `sent` is frames and bytes."""

    awake: float
    busy: float
    radio: float
    sent: tuple[int, int]
    radio_asleep: bool = False


class Battery(NamedTuple):
    """A battery of so many watt hours, of which a part is usable."""

    name: str
    wh: float
    source: str


USABLE = 0.8  # as in `mesh hardware power`: less by cold, age and the regulator
WAITING = Figure(
    12, 5, "https://mjoldfield.com/atelier/2021/11/pico-power.html: a Pico that waits, 5 V"
)
BUSY = Figure(18, 5, "the same page: a Pico that computes, 125 MHz, 5 V")
RADIO = Figure(
    36,
    5,
    "https://github.com/georgerobotics/cyw43-driver/pull/126: on a network, idle, without its "
    "power saving, which our boards switch off; 5 V assumed",
)
SENDING = Figure(300, 3.6, "estimate: what such chips' data sheets tell of 802.11b at full power")
ASLEEP = Figure(
    1.4,
    5,
    "https://github.com/ghubcoder/micropython-pico-deepsleep/issues/8 and /12: 1.2 to 1.4 mA, "
    "Wi-Fi chip off; 5 V assumed",
)
BIT_RATE = 1_000_000  # bits a second, the slowest: acknowledgements and repetitions are in it
FRAME_S = 0.001  # of a frame besides its bytes

# the median of three, on the emulated board: docs/performance.md
MEASURED = Waking(10.061, 9.864, 4.277, (52, 7508))
BATTERIES = (
    Battery("2 AA, alkaline", 6.0, "2 x 2,500 mAh x 1.2 V"),
    Battery("18650, lithium", 10.8, "3,000 mAh x 3.6 V"),
)
EVERY_S = (60, 600, 3600)


def parts_mj(waking: Waking) -> dict[str, float]:
    """Energy of one waking in millijoules, by what takes it."""
    frames, size = waking.sent
    sending_s = frames * FRAME_S + size * 8 / BIT_RATE
    return {
        "waiting": WAITING.mw * waking.awake,
        "computing": (BUSY.mw - WAITING.mw) * waking.busy,
        "radio": RADIO.mw * waking.radio,
        "sending": SENDING.mw * sending_s,
    }


def mean_mw(waking: Waking, every_s: float) -> float:
    """Mean power in milliwatts with a waking every so many seconds. ValueError if it takes longer
    than that.
    """
    asleep_s = every_s - waking.awake
    if asleep_s < 0:
        raise ValueError(f"awake for {waking.awake:g} s every {every_s:g} s: this does not fit")
    asleep_mw = ASLEEP.mw + RADIO.mw * waking.radio_asleep
    return (sum(parts_mj(waking).values()) + asleep_mw * asleep_s) / every_s


def days(waking: Waking, every_s: float, wh: float) -> float:
    """How long a battery of so many watt hours lasts."""
    return wh * 1000 * USABLE * 3600 / mean_mw(waking, every_s) / DAY_S


def typical(text: str) -> Waking:
    """The median of the wakings in a file of meter.py, but for the first, which is after the power
    came. ValueError if there are less than two.
    """
    lines = [json.loads(line) for line in text.splitlines()][1:]
    if not lines:
        raise ValueError("at least two wakings are needed: the first does not count")
    times = [median([line[name] for line in lines]) for name in ("awake", "busy", "radio")]
    frames, size = (int(median([line["sent"][n] for line in lines])) for n in (0, 1))
    stays_on = any(line["radio_asleep"] for line in lines)
    return Waking(*times, (frames, size), stays_on)


def told(waking: Waking, batteries: tuple[Battery, ...], every: tuple[float, ...]) -> list[str]:
    """What is told of it, line by line."""
    parts = parts_mj(waking)
    lines = [
        f"a waking: {waking.awake:.1f} s awake, {waking.busy:.1f} s of it computing, "
        f"{waking.radio:.1f} s with the radio on, {waking.sent[1]:,} bytes sent",
        f"  {sum(parts.values()):.0f} mJ: "
        + ", ".join(f"{name} {mj:.0f}" for name, mj in parts.items()),
        f"asleep: {ASLEEP.mw + RADIO.mw * waking.radio_asleep:.1f} mW",
        "",
        f"{'every':>8}  {'mean':>9}  " + "  ".join(f"{one.name:>16}" for one in batteries),
    ]
    for every_s in every:
        try:
            row = [f"{mean_mw(waking, every_s):6.1f} mW"]
            row += [f"{days(waking, every_s, one.wh):11.0f} days" for one in batteries]
        except ValueError as error:
            row = [str(error)]
        lines.append(f"{every_s:6.0f} s  " + "  ".join(row))
    figures = {
        "waiting": WAITING,
        "computing": BUSY,
        "radio": RADIO,
        "sending": SENDING,
        "asleep": ASLEEP,
    }
    lines += ["", "Currents were not measured on this firmware; they are:"]
    lines += [
        f"  {name}: {one.ma:g} mA, {one.volts:g} V; {one.source}" for name, one in figures.items()
    ]
    lines += [
        f"  {one.name}: {one.wh:g} Wh, {one.source}; {USABLE:.0%} usable" for one in batteries
    ]
    return lines


def main(argv: list[str]) -> int:
    """Run it as the command line says; the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--wakings", type=Path, help="a file of wakings, in place of what is here")
    parser.add_argument("--wh", type=float, help="a battery's watt hours, in place of two kinds")
    parser.add_argument("--every", type=float, help="seconds from one waking to the next")
    options = parser.parse_args(argv)
    try:
        waking = typical(options.wakings.read_text()) if options.wakings else MEASURED
    except (OSError, ValueError, KeyError, TypeError) as error:
        print(f"battery: {options.wakings}: {error}", file=sys.stderr)
        return 2
    batteries = (Battery("yours", options.wh, "yours"),) if options.wh else BATTERIES
    every = (options.every,) if options.every else EVERY_S
    print("\n".join(told(waking, batteries, every)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
