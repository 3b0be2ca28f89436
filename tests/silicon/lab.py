"""What the steps of `make silicon` have: a host, the emulated board on it, and commands there."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / part) for part in ("", "tests", "tests/device", "tests/faults")]

import needs  # noqa: E402
from hosts import Host  # noqa: E402
from members import Desktop, read  # noqa: E402

from mesh.core import peer_id as ids  # noqa: E402
from mesh.hub.home.home import Home  # noqa: E402

HERE = Path(__file__).resolve().parent
HOST = "10.77.0.1"
BOARD = "10.77.0.21"
NAME = "greenhouse"
PROMPT_S = 90  # until MicroPython's port is there
JOIN_S = 180  # until the board is on the network
SLOW = ("-t", 30)  # seconds for an answer: the chip's time may pass slower than this computer's
RESET_S = 1  # until a board that was told to has reset
LOOK_S = 0.5
UNHEARD = (3, 4)  # exit codes: nobody there, no answer in time
END_S = 20  # until a process that was told to end is gone


class StepError(Exception):
    """A step went wrong; its text says how."""


class Done(NamedTuple):
    """A program that has ended."""

    code: int
    out: str
    err: str
    seconds: float

    def need(self, what):
        """Its output; StepError if it failed."""
        if self.code:
            raise StepError(f"{what}: exit code {self.code}: {last_line(self.err or self.out)}")
        return self.out


def last_line(text):
    """The lines of an error, as one."""
    return " | ".join(line.strip() for line in text.strip().splitlines()[-3:])


class Lab:
    """A context manager: a host with the TAP device tap0, for the board and for desktops.

    `folder` has the flash, the console and the homes; `firmware` is MicroPython's image.
    """

    def __init__(self, folder, firmware):
        self.folder = Path(folder)
        self.firmware = firmware
        self.port = self.folder / "port"
        self.holder = self.folder / "holder"
        self.id = ""  # of the board, once it has joined
        self._console = self.folder / "console"
        self._stack = contextlib.ExitStack()
        self._host = None
        self._board = None

    def __enter__(self):
        with contextlib.ExitStack() as begun:
            self._host = begun.enter_context(Host(ipv6=False))
            self._host.ip("tuntap", "add", "dev", "tap0", "mode", "tap")
            self._host.ip("address", "add", f"{HOST}/24", "dev", "tap0")
            self._host.ip("link", "set", "tap0", "up")
            begun.callback(self.switch_off)
            self._stack = begun.pop_all()
        return self

    def __exit__(self, *_):
        self._stack.close()

    def with_ipv6(self, own):
        """Give the host IPv6 on the board's link, with this link-local address."""
        for which in ("all", "default", "tap0"):
            self._host.sysctl(f"net.ipv6.conf.{which}.disable_ipv6", False)
        self._host.ip("-6", "address", "replace", f"{own}/64", "dev", "tap0", "nodad")

    # the board

    def switch_on(self, pretend=False, battery=None):
        """Start the board, and wait for its port. `battery`: a file that gets a line for each
        waking (meter.py); then there is no USB, and no port.
        """
        self._console.touch()
        self.port.unlink(missing_ok=True)  # of one that was cut off
        words = ["--flash", self.folder / "flash", "--port", self.port, "--console", self._console]
        words += ["--tap", "tap0", "--ip", BOARD, "--host", HOST, "--firmware", self.firmware]
        words += ["--pretend"] if pretend else []
        words += ["--battery", "--meter", battery] if battery else []
        program = [sys.executable, HERE / "emulated_board.py", *words]
        with (self.folder / "emulator").open("ab") as said:
            self._board = subprocess.Popen(
                [*self._host.wrap, *map(str, program)],
                stdin=subprocess.DEVNULL, stdout=said, stderr=said, process_group=0,
            )  # fmt: skip
        if not battery:
            self.until(self.port.exists, PROMPT_S, "port")

    def switch_off(self, by=signal.SIGKILL):
        """Cut its power; by SIGTERM its emulator ends by itself."""
        if self._board is not None:
            self._board.send_signal(by)
            self._board.wait(END_S)
            self._board = None

    def until(self, true, seconds, what):
        """Wait until it gives something true, and give that. StepError after so many seconds."""
        end = time.monotonic() + seconds
        while not (found := true()):
            if self._board is None or self._board.poll() is not None:
                told = (self.folder / "emulator").read_text(errors="replace")
                raise StepError(f"the emulator ended: {last_line(told)}")
            if time.monotonic() > end:
                raise StepError(f"no {what} within {seconds} s; {self.last_words()}")
            time.sleep(LOOK_S)
        return found

    def mark(self):
        """How much the board has printed so far, in bytes, for `since`."""
        return self._console.stat().st_size

    def events(self, name, since=0):
        """The events of that name that the board printed."""
        with self._console.open("rb") as file:
            file.seek(since)
            lines = file.read().decode(errors="replace").splitlines()
        return [event for line in lines if (event := read(line)).get("event") == name]

    def last_words(self):
        """The end of what the board printed, as one line."""
        return "it printed: " + last_line(self._console.read_text(errors="replace"))[-400:]

    def joined(self, since):
        """Wait until the board has joined; StepError if it is another one than before."""
        event = self.until(lambda: self.events("joined", since), JOIN_S, "board on the network")[
            -1
        ]
        if self.id not in ("", event["id"]):
            raise StepError(f"its key is another one: {event['id']}, and not {self.id}")
        self.id = event["id"]
        return event

    def need_joined(self):
        """Wait for a board that was kept. StepError if it was never flashed."""
        if not self.id:
            if not self.holder.exists():
                raise StepError("the board is blank: `mesh flash` comes first (--only flash,...)")
            self.joined(0)

    # commands

    def run(self, words, timeout_s, **variables):
        """Run a program on the host: Done. StepError if it takes longer."""
        begun = time.monotonic()
        try:
            done = subprocess.run(
                [*self._host.wrap, *map(str, words)],
                cwd=ROOT, env={**os.environ, **variables}, stdin=subprocess.DEVNULL,
                capture_output=True, text=True, timeout=timeout_s, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            told = " ".join(map(str, words[2:5]))
            raise StepError(
                f"{told} took longer than {timeout_s} s; {self.last_words()}"
            ) from None
        return Done(done.returncode, done.stdout, done.stderr, time.monotonic() - begun)

    def mesh(self, *words, home=None, timeout_s=90, **variables):
        """Run `mesh` on the host, as the board's holder if nothing is said."""
        where = ("--home", home or self.holder)
        return self.run([sys.executable, "-m", "mesh.cli", *words, *where], timeout_s, **variables)

    def mpremote(self, *words, timeout_s=120):
        """Run mpremote on the board's port; its output. StepError."""
        program = [sys.executable, "-m", "mpremote", "connect", self.port, *words]
        return self.run(program, timeout_s).need("mpremote")

    def reset(self):
        """Start the board anew from its prompt, and wait for its port."""
        self.mpremote("reset")
        time.sleep(RESET_S)
        self.until(self.port.exists, PROMPT_S, "port")

    def shown(self):
        """`mesh show` of the board, asked by its holder, as data. A board that starts anew has
        time to join; StepError if it does not answer after that.
        """
        end = time.monotonic() + JOIN_S
        while (done := self.mesh("show", NAME, "--json", "-i", HOST, *SLOW)).code in UNHEARD:
            if time.monotonic() > end:
                break
        return json.loads(done.need("mesh show"))

    def boots(self):
        """How often the board has started so far; StepError if it does not answer."""
        return self.shown()["about"]["boots"]

    def together(self, commands, timeout_s=90):
        """Run these commands of `mesh` at once, each a list of words; their exit codes."""
        with contextlib.ExitStack() as stack:
            started = []
            for words in commands:
                one = subprocess.Popen(
                    [*self._host.wrap, sys.executable, "-m", "mesh.cli", *map(str, words)],
                    cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL, process_group=0,
                )  # fmt: skip
                stack.callback(one.kill)
                started.append(one)
            return [one.wait(timeout_s) for one in started]

    @contextlib.contextmanager
    def followers(self, count, discovery=None):
        """So many desktops that follow the board while it lasts: a list of `members.Desktop`.
        `discovery`: that setting of theirs.
        """
        with contextlib.ExitStack() as stack:
            made = []
            for number in range(count):
                one = Desktop(
                    self._host, self.folder / f"follower{number}", limits={}, sensors={},
                    follow=[self.id], discovery=discovery or {"interface": HOST},
                )  # fmt: skip
                stack.callback(one.kill)
                made.append(one.start())
            yield made


def is_possible():
    """Whether this user can make a host of its own."""
    return os.geteuid() == 0 and needs.program("ip") is not None


def own_id(folder):
    """The id of the peer with that home, which is made if there is none."""
    with Home(folder) as home:
        return ids.to_text(home.peer_id())
