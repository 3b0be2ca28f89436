"""/setup: takes a Wi-Fi network from whom has the code, while a board has its access point open
(docs/protocol.md section 14).
"""

from mesh.core import codes, peer_id
from mesh.core.coap.message import FETCH, PUT
from mesh.core.codec.formats import CBOR
from mesh.core.errors import RemoteError
from mesh.core.kit import nothing
from mesh.core.resources.resource import Resource
from mesh.core.security.code_proof import CHALLENGE, Code

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from mesh.core.kit import Kit
    from mesh.core.resources.resource import Asked, Peer

# states of the network that was sent last
OPEN = "open"  # none was sent
TRYING = "trying"
FAILED = "failed"
JOINED = "joined"
MOST_SSID, LEAST_KEY, MOST_KEY = 32, 8, 63  # bytes (IEEE 802.11)
WRONG_LATELY, WRONG_IN_ALL = 5, 20  # wrong codes within a minute, and until the door closes
MINUTE_MS = 60_000


def ssid_of(peer: bytes) -> str:
    """The name of a board's access point."""
    return "mesh-" + peer_id.short(peer)


class Door:
    """The door: is_open only while the access point is up. `wish`: the network to be tried, or
    None; `told`: whether somebody heard that it was joined.

    It closes itself after too many wrong codes.
    """

    is_open = told = False
    wish: "dict[str, str] | None" = None
    _inside: "Callable[[str], bool]" = nothing
    _challenge = b""

    def __init__(self, kit: "Kit", code: str) -> None:
        self._kit = kit
        self._code = Code(kit.sha256, code)
        self._state: dict[str, object] = {"state": OPEN}
        self._since_ms = self._lately = self._wrong = 0
        handlers = {FETCH: self._tell, PUT: self._take}
        self.resource = Resource("setup", None, handlers, self._admit, (CBOR,), 0)

    def open(self, inside: "Callable[[str], bool]") -> None:
        """Open it. inside(host): whether an address is in the network of the access point."""
        self._inside = inside
        self._challenge = self._kit.random(CHALLENGE)
        self._wrong = 0
        if self._state["state"] == JOINED:  # that was another time
            self._state = {"state": OPEN}
        self.is_open = True

    def close(self) -> None:
        """Close it. What became of the last network is told when it is open again."""
        self.is_open = False
        self._challenge = b""

    def ended(self, address: str, why: str) -> None:
        """Note what became of the wish: the address with which it was joined, or "" and why."""
        if self.wish is not None:
            self._state = {"state": JOINED if address else FAILED, "ssid": self.wish["ssid"]}
            self._state.update({"address": address} if address else {})
            self._state.update({"why": why} if why else {})
        self.wish = None
        self.told = False

    def _admit(self, _: "Peer", asked: "Asked") -> None:
        """Access: as if there was nothing, unless it is open and the asker is inside."""
        asker: Any = asked.asker
        if not self.is_open or (asker is not None and not self._inside(asker.ticket.address[0])):
            raise RemoteError(
                "nothing here", codes.NOT_FOUND, "GET /.well-known/core lists what there is"
            )

    def _where(self, peer: "Peer", who: bytes) -> bytes:
        return bytes(peer.id) + who + self._challenge

    def _tell(self, _: "Peer", __: int, ___: "Asked") -> "dict[str, object]":
        self.told = self._state["state"] == JOINED
        return dict(self._state, challenge=self._challenge)

    def _take(self, peer: "Peer", now_ms: int, asked: "Asked") -> bytes:
        if self.wish is not None:
            raise RemoteError("a network is being tried", codes.UNAVAILABLE, "ask again later")
        if now_ms - self._since_ms >= MINUTE_MS:
            self._since_ms, self._lately = now_ms, 0
        if self._lately >= WRONG_LATELY:
            raise RemoteError("too many wrong codes", codes.TOO_MANY, "wait a minute")
        where = self._where(peer, asked.who)
        try:
            body = self._code.unseal(where, asked.value)
        except RemoteError as error:
            if error.code == codes.FORBIDDEN:
                self._count()
            raise
        self.wish = network(self._kit.decode(body))
        self._state = {"state": TRYING, "ssid": self.wish["ssid"]}
        self._challenge = self._kit.random(CHALLENGE)
        return self._code.receipt(where, asked.value[0])

    def _count(self) -> None:
        self._lately += 1
        self._wrong += 1
        if self._wrong >= WRONG_IN_ALL:
            self.close()


def network(value: object) -> "dict[str, str]":
    """Check a Wi-Fi network from outside: {"ssid", "password"}, as in settings. RemoteError."""
    table: Any = value if isinstance(value, dict) else {}
    ssid, password = table.get("ssid"), table.get("password", "")
    if not isinstance(ssid, str) or not 0 < len(ssid.encode()) <= MOST_SSID:
        raise RemoteError("a network's name has 1 to 32 bytes")
    if not isinstance(password, str):
        raise RemoteError("a network's password is a text")
    if password and not LEAST_KEY <= len(password.encode()) <= MOST_KEY:
        raise RemoteError("a network's password has 8 to 63 bytes, or none")
    if [char for char in ssid + password if char < " " or char == "\x7f"]:
        raise RemoteError("control characters cannot stand in settings")
    return {"ssid": ssid, "password": password} if password else {"ssid": ssid}
