"""Access point for set-up: where no Wi-Fi is joined for minutes, whom has the code can give
another one (mesh/core/resources/setup_door.py).

The driver's part is that of MicroPython 1.28: extmod/network_cyw43.c, ports/esp32/network_wlan.c.
A chip has one radio: while it looks for its own networks, its access point may be deaf.
"""

import asyncio
import json
import os

from mesh.core.errors import LocalError
from mesh.core.resources.setup_door import Door, ssid_of
from mesh.device import wifi

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from mesh.core.policy.settings import Profile
    from mesh.device.board import Board

    Network = dict[str, str]

AFTER_S = 600
LOOK_MS = 250
IDLE_MS = 600_000  # time without a client until the access point is closed
LONGEST_MS = 1_800_000  # time until it is closed, whoever is there
REST_MS = 600_000  # time until it is opened again
RETRY_MS = 60_000  # interval at which the board's own networks are tried beside it
BUSY_MS = 300_000  # the same, while there is a client
FAREWELL_MS = 10_000  # time to tell the client that a network was joined
MOST = 8  # networks that are kept
OLD, NEW = "settings.json", "settings.json.new"
WPA2 = 0x00400004  # of a cyw43 whose firmware has no name for it


class AccessPoint:
    """The access point of a board, and the door in it. The board joins networks by it. `boot`,
    `read` as in mesh.device.firmware.updates.
    """

    def __init__(
        self,
        board: "Board",
        profile: "Profile",
        boot: "Any",  # noqa: ANN401 - a boot selector, or None
        read: "Callable[..., tuple[Profile, dict[str, Any], Any]]",
    ) -> None:
        given: Any = profile.setup
        peer = board.node.peer
        self._now = board.loop.now
        self._console = board.tell
        self._boot = boot
        self._read = read
        self._after_ms = given.get("after_s", AFTER_S) * 1000
        self._code = given.get("code", "")
        self._ssid = ssid_of(peer.id)
        self._door = Door(peer.kit, self._code)
        self._wlan: Any = None  # while it is up
        self._away_ms: int | None = None  # since when no network is joined
        self._up_ms = self._client_ms = self._tried_ms = self._rest_ms = 0
        self._told: dict[str, str] = {}  # why a network cannot be joined, by its name
        self._why = ""  # the same, of the one that is tried
        peer.provide(resources=(self._door.resource,))
        board.join_by(self.connect, self.address)

    def address(self) -> str:
        """Our address: in the access point, where no network is joined."""
        if self._wlan is None or wifi.joined():
            return wifi.address()
        return str(self._wlan.ifconfig()[0])

    async def connect(
        self,
        networks: "list[Network]",
        rounds: int = 0,
        tell: "Callable[..., None] | None" = None,
    ) -> bool:
        """Join a network, as wifi.connect(); whom to tell is known here. It also returns, with
        False, when the access point was opened or closed. A network that was sent is put first in
        `networks`.
        """
        away = not wifi.joined()
        while not wifi.joined():
            if self._away_ms is None:
                self._away_ms = self._now()
            step = self._look if self._wlan is None else self._beside
            if await step(networks) and not wifi.joined():
                return False
        if self._wlan is not None:
            await self._leave()
        self._away_ms = None
        self._told.clear()
        return away

    async def _look(self, networks: "list[Network]") -> bool:
        """One round through the networks. Whether the board is to go on without any."""
        if networks:
            await wifi.connect(networks, 1, self._failed)
            if wifi.joined():
                return False
        if (self._is_due(networks) and self._open()) or not networks:
            return True
        await asyncio.sleep(wifi.AGAIN_S)
        return False

    def _failed(self, what: str, ssid: str, reason: str) -> None:
        """Tell once why one of the board's networks was not joined."""
        if self._told.get(ssid) != reason:
            self._told[ssid] = reason
            self._console(what, ssid=ssid, reason=reason)

    def _is_due(self, networks: "list[Network]") -> bool:
        now_ms = self._now()
        away_ms = now_ms - (self._away_ms or 0)
        if now_ms < self._rest_ms or (networks and away_ms < self._after_ms):
            return False
        # what is on trial is taken back by itself: without a network it must not pass for good,
        # and settings on trial would take the place of those that a network is written to
        if self._boot is not None and self._boot.on_trial:
            return False
        try:
            with open("settings.trial", "rb") as file:
                return b'"trial"' not in file.read()  # its state (mesh/device/firmware/trial.py)
        except OSError:
            return True

    # the access point

    def _open(self) -> bool:
        """Open it, and the door. Whether that worked; if not, it is tried again later."""
        import network  # noqa: PLC0415 - not on unix

        try:
            if not self._code:
                raise OSError("the settings have no code for it")
            wlan: Any = network.WLAN(network.AP_IF)
            protected = security(network, wlan)
            wlan.config(ssid=self._ssid, key=self._code, security=protected)
            if wlan.config("security") != protected:
                raise OSError("this firmware cannot protect it by a password")
            wlan.active(True)
            address = wlan.ifconfig()[0]
        except wifi.MISHAPS + (AttributeError, TypeError) as error:
            self._rest_ms = self._now() + REST_MS
            self._console("setup", reason="no access point: " + str(error))
            return False
        self._wlan = wlan
        self._up_ms = self._client_ms = self._tried_ms = self._now()
        self._door.open(self._inside)
        self._console("setup", ssid=self._ssid, address=address)
        return True

    def _close(self, reason: str) -> None:
        self._door.close()
        wlan, self._wlan = self._wlan, None
        self._rest_ms = self._now() + REST_MS
        self._console("setup", reason=reason)
        try:
            wlan.active(False)
        except wifi.MISHAPS:  # the radio is busy: without a door it does no harm
            pass

    def _inside(self, host: str) -> bool:
        """Whether an address is in the network of the access point, which has no IPv6."""
        if self._wlan is None or ":" in host:
            return False
        own, mask = [_number(text) for text in self._wlan.ifconfig()[:2]]
        return not (_number(host) ^ own) & mask

    def _has_client(self) -> bool:
        try:
            return bool(self._wlan.isconnected())
        except wifi.MISHAPS:
            return False

    async def _beside(self, networks: "list[Network]") -> bool:
        """One step while it is up: try what was sent, and the board's own networks now and then.
        Whether it is closed.
        """
        await asyncio.sleep_ms(LOOK_MS)
        now_ms = self._now()
        if self._door.wish is not None:
            await self._try(networks, self._door.wish)
            self._client_ms = self._tried_ms = self._now()
            return self._wlan is None
        is_busy = self._has_client()
        if is_busy:
            self._client_ms = now_ms
        if not self._door.is_open:
            self._close("closed: too many wrong codes")
        elif now_ms - self._client_ms >= IDLE_MS or now_ms - self._up_ms >= LONGEST_MS:
            self._close("closed for a while: nobody needs it")
        elif networks and now_ms - self._tried_ms >= (BUSY_MS if is_busy else RETRY_MS):
            await wifi.connect(networks, 1, self._failed)
            self._tried_ms = self._now()
        return self._wlan is None

    async def _leave(self) -> None:
        """Close it, as a network was joined; before, whoever sent it may hear of that."""
        end_ms = self._now() + FAREWELL_MS
        while self._has_client() and not self._door.told and self._now() < end_ms:
            await asyncio.sleep_ms(LOOK_MS)
        await asyncio.sleep_ms(LOOK_MS)  # lets the radio send the answer
        self._close("closed: a network was joined")
        self._rest_ms = 0

    # the network that was sent

    async def _try(self, networks: "list[Network]", wish: "Network") -> None:
        """Join the network that was sent, and keep it only then."""
        self._why = ""
        await wifi.connect([wish], 1, self._hear)
        if not wifi.joined() and not _is_sure(self._why):
            # once more with the radio to itself
            self._close("closed to try " + wish["ssid"])
            await wifi.connect([wish], 1, self._hear)
            if not wifi.joined():
                self._open()
        if wifi.joined():
            self._door.ended(wifi.address(), self._keep(networks, wish))
        else:
            self._console("setup", ssid=wish["ssid"], reason=self._why)
            self._door.ended("", self._why)

    def _hear(self, _: str, ssid: str, reason: str) -> None:
        self._why = reason

    def _keep(self, networks: "list[Network]", wish: "Network") -> str:
        """Put a network first, also in the settings file. Gives why the file is unchanged, or "".

        The file is replaced as a whole, once the new one was read.
        """
        rest = [one for one in networks if one["ssid"] != wish["ssid"]]
        networks[:] = [wish] + rest[: MOST - 1]
        why = ""
        try:
            with open(OLD) as file:
                table = json.load(file)
            table["wifi"] = networks
            with open(NEW, "w") as file:
                json.dump(table, file)
            if self._read(True, NEW)[0].wifi != networks:
                raise LocalError("the settings could not be written")
            os.rename(NEW, OLD)
        except (OSError, ValueError, LocalError, MemoryError) as error:
            why = f"it is joined, but not kept for the next start: {error}"
        self._console("setup", ssid=wish["ssid"], reason=why or "joined and kept")
        return why


def security(network: "Any", wlan: "Any") -> int:  # noqa: ANN401 - modules of the port
    """The number of WPA2 with a password, by whatever name this firmware has for it. OSError if it
    has none.
    """
    for place, name in (
        (wlan, "SEC_WPA2"),
        (wlan, "SEC_WPA_WPA2"),
        (network, "AUTH_WPA2_PSK"),
        (network, "AUTH_WPA_WPA2_PSK"),
    ):
        found = getattr(place, name, None)
        if found is not None:
            return int(found)
    import sys  # noqa: PLC0415 - seldom

    if sys.platform == "rp2":
        return WPA2
    raise OSError("this firmware has no WPA2 for it")


def _number(address: str) -> int:
    number = 0
    for part in address.split("."):
        number = number << 8 | int(part)
    return number


def _is_sure(reason: str) -> bool:
    """Whether trying again is of no use."""
    from mesh.device.wifi_reasons import SURE  # noqa: PLC0415 - heap where it is used

    return reason in SURE
