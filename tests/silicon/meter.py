"""How long the emulated board is awake, computes and has its radio on: a line for each waking.

A waking begins with the power or a reset, and ends with the next reset. Each line is JSON, with
times in seconds of the chip's own clock: `awake`; `busy`, of that, not waiting for an interrupt;
`radio`, of that, with power for the Wi-Fi chip; `joined`, of that, on a network; `sent` and
`heard`, as [frames, bytes]; `asleep`, in deep sleep, and `radio_asleep`, of that, with power for
the radio; `marks`, when in the waking each thing came first.
"""

import json
from pathlib import Path

SCR = 0xD10  # System Control Register of the processor
SLEEPDEEP = 4
WL_ON = 23  # the pin that gives the Wi-Fi chip its power
NANOS = 1e9


class Meter:
    """Counts, and writes into the file at `path`. `mcu` is rp2040py's chip."""

    def __init__(self, mcu, simulator, path):
        self._simulator = simulator
        self._file = Path(path).open("a")  # noqa: SIM115 - as long as the board
        self._radio_since = self._joined_since = None  # seconds
        self._begin()
        ppb = mcu.ppb
        write = ppb.write_uint32

        def written(offset, value):
            if offset == SCR:  # rp2040py has no such register
                self._deep(bool(value & SLEEPDEEP))
                return
            write(offset, value)

        ppb.write_uint32 = written
        read = ppb.read_uint32
        ppb.read_uint32 = lambda offset: (
            SLEEPDEEP * self._is_deep if offset == SCR else read(offset)
        )
        mcu.gpio[WL_ON].add_listener(lambda new, _: self._powered(new.name == "HIGH"))

    def _now(self):
        return self._simulator.clock.nanos / NANOS

    def _begin(self):
        self._began = self._now()
        self._fell_asleep = None
        self._is_deep = False
        self._idle = 0.0  # seconds
        self._radio = self._joined = 0.0  # seconds, without what still lasts
        self._radio_awake = self._joined_awake = 0.0
        self._frames = {"sent": [0, 0], "heard": [0, 0]}
        self._marks = {}

    def idle(self, nanos):
        """The processor waited that long for an interrupt."""
        if self._fell_asleep is None:
            self._idle += nanos / NANOS

    def frame(self, way, frame):
        """A frame went out ("sent") or came in ("heard")."""
        if self._fell_asleep is None:
            self._frames[way][0] += 1
            self._frames[way][1] += len(frame)
        self.mark(f"first {way}")

    def mark(self, what):
        """Something happened: its first time in a waking is noted."""
        self._marks.setdefault(what, round(self._now() - self._began, 3))

    def joined(self, is_joined):
        """The radio has joined a network, or left it."""
        self._settle()
        self._joined_since = self._now() if is_joined else None
        if is_joined:
            self.mark("joined")

    @property
    def is_joined(self):
        """Whether the radio is on a network."""
        return self._joined_since is not None

    def reset(self):
        """The board starts anew: the waking is over."""
        self._settle()
        now = self._now()
        slept_at = now if self._fell_asleep is None else self._fell_asleep
        awake = slept_at - self._began
        radio, joined = self._radio_awake, self._joined_awake
        if self._fell_asleep is None:
            radio, joined = self._radio, self._joined
        line = {
            "awake": awake,
            "busy": awake - self._idle,
            "radio": radio,
            "joined": joined,
            "asleep": now - slept_at,
            "radio_asleep": self._radio - radio,
        }
        line = {name: round(seconds, 3) for name, seconds in line.items()}
        self._file.write(json.dumps({**line, **self._frames, "marks": self._marks}) + "\n")
        self._file.flush()
        self._radio_since = self._joined_since = None  # the pin is let go
        self._begin()

    def _powered(self, is_on):
        self._settle()
        if not is_on:
            self._radio_since = self._joined_since = None
            return
        if self._radio_since is None:
            self._radio_since = self._now()
            self.mark("radio")

    def _settle(self):
        """Add up to now what lasts."""
        now = self._now()
        if self._radio_since is not None:
            self._radio += now - self._radio_since
            self._radio_since = now
        if self._joined_since is not None:
            self._joined += now - self._joined_since
            self._joined_since = now

    def _deep(self, is_deep):
        """The processor's next wait is a deep sleep."""
        self._is_deep = is_deep
        if is_deep and self._fell_asleep is None:
            self._settle()
            self._radio_awake, self._joined_awake = self._radio, self._joined
            self._fell_asleep = self._now()
            self._simulator.stopped = True  # ends this batch: what is idle from now on is sleep
