"""A Raspberry Pi Pico W in software: its USB serial port as a pseudo-terminal, its Wi-Fi as a TAP
device, its flash as a file.

    .venv/bin/python tests/silicon/emulated_board.py --firmware rp2.uf2 --flash FILE --port PATH

rp2040py (PyPI) does the hardware, thumb.h most of the processor. Idle time takes as long as it
does; with --pretend it is skipped, so that a day passes sooner. SIGTERM ends it; whatever ends it,
the flash file is as the real flash were after a cut of power. docs/silicon.md has the rest.
"""

import argparse
import asyncio
import signal
import sys
import time

import build
import flash_chip
import meter
import radio
import usb_port
from rp2040py.boards import BoardSpec
from rp2040py.device.base_device import BaseDevice
from rp2040py.external.bootsel_button import BootselButton
from rp2040py.external.cyw43.chip import Cyw43439

START = 0x10000000  # of flash in the processor's memory
BATCH_S = 0.005  # of real time, after which other things have their turn
PACE_NS = 1_000_000  # of the chip's time, after which it is compared with real time
AHEAD_S = 0.0005  # of the chip's time before real time, from which on it waits
BEHIND_S = 0.05  # what it is later than that is lost: it does not hurry afterwards
REST_S = 0.02  # in one go


class Pace:
    """Keeps the chip's time from running ahead of real time."""

    def __init__(self, simulator):
        self._simulator = simulator
        self._alarm = simulator.clock.create_alarm(self._compare)
        self._alarm.schedule(PACE_NS)
        self._ahead_s = 0.0
        self._start()

    def take_s(self):
        """For how long to wait now, in seconds."""
        ahead_s, self._ahead_s = self._ahead_s, 0.0
        return min(ahead_s, REST_S)

    def _start(self):
        self._zero = time.monotonic() - self._simulator.clock.nanos / 1e9

    def _compare(self):
        self._alarm.schedule(PACE_NS)
        ahead_s = self._simulator.clock.nanos / 1e9 - (time.monotonic() - self._zero)
        if ahead_s > AHEAD_S:
            self._simulator.stopped = True  # ends this batch
            self._ahead_s = ahead_s
        elif ahead_s < -BEHIND_S:
            self._start()


class EmulatedBoard(BaseDevice):
    """The board. rp2040py's own part knows the image, the chip and USB; here is what joins these
    to this computer.
    """

    def __init__(self, options):
        self._options = options
        self._wifi = Cyw43439()
        super().__init__(
            board=BoardSpec(extras=(BootselButton, lambda: self._wifi), image=options.firmware)
        )
        flash_chip.keep(self.mcu, options.flash)
        self._port = usb_port.Port(self.cdc, options.port, options.console)
        if options.battery:
            self.cdc.usb.on_usb_enabled = lambda: None  # no host is there
        self._meter = meter.Meter(self.mcu, self.simulator, options.meter)

    def _enter_reset(self, cause):
        """rp2040py's, for every kind of reset."""
        self._port.unplug()
        self._meter.reset()
        super()._enter_reset(cause)
        radio.off_at_reset(self._wifi.bus)

    async def run(self, batch):
        """Run until SIGTERM or SIGINT. `batch`: fastsim.batch()."""
        simulator, options = self.simulator, self._options
        simulator.bind_loop()
        if options.tap:
            mac = bytes.fromhex(options.mac.replace(":", ""))
            addresses = (options.ip, options.host, mac)
            has_usb = not options.battery
            radio.Radio(self._wifi.bus, options.tap, addresses, self._meter, has_usb)
        ended = asyncio.Event()
        for which in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(which, ended.set)
        self.mcu.core.pc = START
        pace = None if options.pretend else Pace(simulator)
        while not ended.is_set():
            self._port.pass_on()
            simulator.stopped = False
            self._meter.idle(batch(simulator, BATCH_S))
            await asyncio.sleep(pace.take_s() if pace else 0)
        self._port.unplug()


def main(argv):
    """Run it as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--firmware", required=True, help="MicroPython for a Pico W, a UF2 file")
    parser.add_argument("--flash", required=True, help="file that keeps what flash holds")
    parser.add_argument("--port", required=True, help="path for the serial port, a link")
    parser.add_argument("--console", default="/dev/null", help="file that gets what it prints")
    parser.add_argument("--tap", help="TAP device that is its Wi-Fi; without it, nobody is there")
    parser.add_argument("--ip", default="10.77.0.21", help="its address")
    parser.add_argument("--host", default="10.77.0.1", help="address of the other end")
    parser.add_argument("--mac", default="28:cd:c1:00:00:21")
    parser.add_argument("--battery", action="store_true", help="no USB: nothing at the port")
    parser.add_argument("--meter", default="/dev/null", help="file that gets a line a waking")
    parser.add_argument("--pretend", action="store_true", help="skip idle time")
    options = parser.parse_args(argv)
    try:
        build.check_image(options.firmware)
        fastsim = build.fastsim()
    except build.Lacking as error:
        sys.exit(f"emulated_board: {error}")
    asyncio.run(EmulatedBoard(options).run(fastsim.batch))


if __name__ == "__main__":
    main(sys.argv[1:])
