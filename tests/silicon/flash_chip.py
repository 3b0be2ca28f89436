"""The emulated board's flash: a file that holds the same at any time, and how long it takes."""

import os
from pathlib import Path

from rp2040py.peripherals import ssi

SIZE = 2 * 1024 * 1024  # bytes, of a Pico W
# command: (bytes that it changes, typical time in ms) of a W25Q16JV, the chip on a Pico W: erase a
# sector, erase a block, program a page (its data sheet, 8.1.2 and 9.6)
COMMANDS = {0x20: (4096, 45.0), 0xD8: (65536, 150.0), 0x02: (256, 0.4)}


def keep(mcu, path):
    """Have what the file holds; without one, it becomes what flash holds. From now on each erasure
    and each page goes into the file at once, so that whoever ends this process cuts the power; and
    takes the real chip's time, while rp2040py's takes none. The processor's interrupts are off
    meanwhile, so it is as if time jumped for it.
    """
    path = Path(path)
    if path.exists():
        data = path.read_bytes()
        mcu.flash[: len(data)] = data
    else:
        path.write_bytes(bytes(mcu.flash[:SIZE]))
    file = os.open(path, os.O_WRONLY)
    apply = ssi.RPSSI._apply_command

    def kept(self):
        said = bytes(self._tx_buffer[:4])
        changes = len(said) == 4 and said[0] in COMMANDS and self._write_enabled
        apply(self)
        if changes:
            size, took_ms = COMMANDS[said[0]]
            start = int.from_bytes(said[1:], "big") // size * size
            os.pwrite(file, bytes(self.rp2040.flash[start : start + size]), start)
            self.rp2040.clock.tick(took_ms * 1e6)

    ssi.RPSSI._apply_command = kept
