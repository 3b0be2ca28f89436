"""The emulated board's Wi-Fi as a TAP device: frames in and out, and an address by DHCP."""

import asyncio
import contextlib
import fcntl
import os
import struct

from rp2040py.external.cyw43 import bus as wifi_bus
from rp2040py.external.cyw43 import nat, net

TUNSETIFF = 0x400454CA
IFF_TAP, IFF_NO_PI = 0x0002, 0x1000
AT_ONCE = 64  # frames
FRAME = 2048  # bytes, at most
BROADCAST = b"\xff" * 6
GATEWAY_MAC = bytes.fromhex("020000000001")
HEADER = 28  # bytes before what a command to the chip says: SDPCM and CDC
WLC_SET_SSID, WLC_DISASSOC, WLC_GET_VAR, WLC_SET_VAR = 26, 52, 262, 263
MULTICAST_LIST = b"mcast_list\0"
PINS = b"ccgpioin\0"
USB_POWER = 1 << 2  # WL_GPIO2: there is power at VBUS
MOST_FILTERS = 10


def number(value):
    """Four bytes, as the chip has numbers."""
    return value.to_bytes(4, "little")


def off_at_reset(bus):
    """Work around a fault of rp2040py: at a reset of the board its Wi-Fi chip goes off, too.

    A reset releases the pin that keeps the chip on (WL_ON), so the real chip loses its power; the
    emulated one keeps its state, and the driver that starts anew does not find what it expects.
    """
    bus.power_off()


class Radio:
    """In place of rp2040py's bridge: joins the chip to the TAP device `name`.

    `addresses`: the board's, that of the other end, and the board's MAC, six bytes. As the
    real chip does, it drops multicast that the driver did not ask for. `meter` counts; `has_usb`:
    whether the chip's pin tells of USB power.
    """

    def __init__(self, bus, name, addresses, meter, has_usb):
        self._bus = bus
        self._meter = meter
        self._pins = USB_POWER * has_usb
        ip, host, mac = addresses
        self._mac = mac
        self._wanted = []  # multicast addresses
        wifi_bus._GUEST_MAC = mac  # what the chip tells as its own
        self._dhcp = nat.DhcpServer(
            guest_ip=bytes(map(int, ip.split("."))),
            gateway_ip=bytes(map(int, host.split("."))),
            gateway_mac=GATEWAY_MAC,
        )
        self._fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
        request = struct.pack("16sH", name.encode(), IFF_TAP | IFF_NO_PI)
        fcntl.ioctl(self._fd, TUNSETIFF, request)
        bus.nat_bridge = self
        self._told = bus._write_wlan
        bus._write_wlan = self._command
        asyncio.get_running_loop().add_reader(self._fd, self._readable)

    def reset(self):
        """The chip was reset: nothing here knows anything of it."""

    def handle_outbound_ethernet_frame(self, frame):
        """A frame of the chip."""
        ethernet = net.parse_ethernet(frame)
        if ethernet is None:
            return
        self._meter.frame("sent", frame)
        answer = self._dhcp.maybe_handle(ethernet)
        if answer is not None:
            self._meter.frame("heard", answer)
            self._meter.mark("dhcp")
            self._bus.queue_rx_ethernet_frame(answer)
            return
        with contextlib.suppress(OSError):  # lost, as in the air
            os.write(self._fd, frame)

    def _command(self, data):
        """A command of the driver to the chip: sees which multicast it wants. rp2040py answers
        each question by zeros, and so forgets the list, and has all pins low.
        """
        if len(data) > HEADER and data[5] & 15 == 0:
            said = data[HEADER:]
            command = int.from_bytes(data[12:16], "little")
            if command in (WLC_SET_SSID, WLC_DISASSOC):
                self._meter.joined(command == WLC_SET_SSID)
            if command == WLC_SET_VAR and said.startswith(MULTICAST_LIST):
                at = len(MULTICAST_LIST)
                count = min(int.from_bytes(said[at : at + 4], "little"), MOST_FILTERS)
                starts = range(at + 4, at + 4 + 6 * count, 6)
                self._wanted = [bytes(said[start : start + 6]) for start in starts]
            if command == WLC_GET_VAR and (answer := self._answer(said)) is not None:
                which = int.from_bytes(data[20:24], "little") >> 16
                make = self._bus._build_ioctl_success_response
                self._bus.queue_rx_packet(make(which, len(said), response_prefix=answer))
                return
        self._told(data)

    def _answer(self, asked):
        """What the chip says to a question, or None if rp2040py knows."""
        if asked.startswith(MULTICAST_LIST):
            return number(len(self._wanted)) + b"".join(self._wanted)
        if asked.startswith(PINS):
            return number(self._pins)
        return None

    def _readable(self):
        for _ in range(AT_ONCE):
            try:
                frame = os.read(self._fd, FRAME)
            except OSError:
                return
            to = frame[:6]
            is_for_it = to in (self._mac, BROADCAST) or to in self._wanted
            if self._meter.is_joined and is_for_it:
                self._meter.frame("heard", frame)
                self._bus.queue_rx_ethernet_frame(frame)
