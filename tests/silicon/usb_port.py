"""The emulated board's USB serial port as a pseudo-terminal, plugged in and out by its resets."""

import asyncio
import os
import select
import tty
from pathlib import Path

LOOK_S = 0.02  # how often it is looked whether somebody has the port open
CHUNK = 2048  # bytes
ENOUGH = 4096  # bytes for the chip that wait here; then they wait in the pseudo-terminal
KEPT = 65536  # bytes of the chip that nobody reads


def wait_with_empty_packets(cdc):
    """Work around a fault of rp2040py: what takes up the host's packets again.

    Its USB host answers each "ready to receive" of the chip at once, with an empty packet if there
    is nothing to send, so the chip takes an interrupt after the other and has no time for anything
    else. A real host sends nothing until there is something: here the answer waits. The function
    given back answers, if the chip waits and there is something.
    """
    usb = cdc.usb
    answer = usb.on_endpoint_read
    waiting = []  # sizes that the chip is ready for

    def asked(endpoint, size):
        if endpoint == cdc._out_endpoint and cdc.tx_fifo.item_count == 0:
            waiting[:] = [size]
        else:
            answer(endpoint, size)

    def take_up(forget=False):
        if forget:
            waiting.clear()
        elif waiting and cdc.tx_fifo.item_count:
            answer(cdc._out_endpoint, waiting.pop())

    usb.on_endpoint_read = asked
    return take_up


class Port:
    """The port at `path`, a link to a pseudo-terminal, while the board is on the bus. `console`:
    a file that gets all that the chip writes, also while nobody has the port open.
    """

    def __init__(self, cdc, path, console):
        self._cdc = cdc
        self._path = Path(path)
        self._console = open(console, "ab", buffering=0)  # noqa: SIM115 - as long as the board
        self._master = None
        self._is_open = False
        self._in = bytearray()
        self._out = bytearray()
        self._take_up = wait_with_empty_packets(cdc)
        cdc.on_serial_data = self._written
        cdc.on_device_connected = self._plug

    def unplug(self):
        """The board has left the bus: the port is gone."""
        self._take_up(forget=True)
        self._in.clear()
        self._out.clear()
        if self._master is not None:
            if self._is_open:
                asyncio.get_running_loop().remove_reader(self._master)
            os.close(self._master)
            self._master, self._is_open = None, False
            self._path.unlink(missing_ok=True)

    def pass_on(self):
        """Hand the chip what has come, as far as it has room; and the reader what it wrote."""
        fifo = self._cdc.tx_fifo
        room = fifo.size - fifo.item_count
        for byte in self._in[:room]:
            fifo.push(byte)
        del self._in[:room]
        self._take_up()
        self._flush()

    def _plug(self):
        if self._master is not None:
            return
        self._master, end = os.openpty()
        tty.setraw(end)
        os.set_blocking(self._master, False)
        self._path.unlink(missing_ok=True)
        self._path.symlink_to(os.ttyname(end))
        os.close(end)  # the last one who has it open is seen to close it
        self._look()

    def _look(self):
        """Wait until somebody opens the port: a pseudo-terminal does not tell, but is hung up."""
        if self._master is None or self._is_open:
            return
        if self._is_hung_up():
            asyncio.get_running_loop().call_later(LOOK_S, self._look)
            return
        self._is_open = True
        self._out.clear()
        asyncio.get_running_loop().add_reader(self._master, self._readable)

    def _is_hung_up(self):
        poll = select.poll()
        poll.register(self._master, select.POLLIN)
        return any(event & select.POLLHUP for _, event in poll.poll(0))

    def _readable(self):
        if len(self._in) > ENOUGH:
            return
        try:
            self._in += os.read(self._master, CHUNK)
        except BlockingIOError:
            return
        except OSError:  # EIO: it was closed
            asyncio.get_running_loop().remove_reader(self._master)
            self._is_open = False
            self._look()

    def _written(self, data):
        self._console.write(bytes(data))
        if self._is_open:
            self._out += bytes(data)
            self._flush()

    def _flush(self):
        if not self._out:
            return
        try:
            del self._out[: os.write(self._master, self._out)]
        except BlockingIOError:
            del self._out[:-KEPT]
        except OSError:
            self._out.clear()
