"""Which addresses peers can have, and back-off towards hosts that do not answer."""

from mesh.core.discovery.dns import host_bytes
from mesh.core.errors import LocalError

FREE = 2  # requests to a silent host before back-off begins
PATIENCE = 16  # the same, for all addresses told by one peer
LONGEST = 8  # how often the pause of 2 s is doubled at most


class Places:
    """The networks that this peer is on, set by the runtime. Until then every unicast address
    counts as near.
    """

    def __init__(self) -> None:
        self._networks: list[tuple[int, int, int]] = []  # (broadcast address, host mask, bytes)
        self._own: list[tuple[str, int]] = []
        self._port = 0

    def move(self, networks: "list[tuple[str, int]]", port: int = 0) -> None:
        """Set the networks, as (own address, prefix length), and the port unless 0."""
        self._port = port or self._port
        self._own = [(host, self._port) for host, _ in networks]
        self._networks = []
        for host, bits in networks:
            data = host_bytes(host)
            rest = (1 << 8 * len(data) - bits) - 1
            self._networks.append((int.from_bytes(data, "big") | rest, rest, len(data)))

    def is_own(self, address: "tuple[str, int]") -> bool:
        """Whether an address is that of this very peer."""
        return address in self._own

    def can_be(self, address: "tuple[str, int]", far: object = False) -> bool:
        """Whether a peer can have this address; `far`: also outside of our networks.

        Not a multicast, broadcast or unspecified address, and not port 0.
        """
        try:
            data = host_bytes(address[0])
        except LocalError:
            return False
        number = int.from_bytes(data, "big")
        near = far or not self._networks
        for last, rest, size in self._networks:
            if size == len(data) and number | rest == last:
                if size == 4 and rest > 1 and number == last:
                    return False  # the broadcast address of the network
                near = True
        if len(data) == 4:
            somewhere = 0 < data[0] < 224
        else:  # and no IPv4-mapped one
            somewhere = data[0] < 255 and (number >> 48 > 0 or number == 1)
        return bool(near and somewhere and 0 < address[1] < 65_536)


class Patience:
    """Back-off by host, as (host,), and by the id of the peer that told of it. Counts requests
    without an answer.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._rows: dict[object, list[int]] = {}

    def allows(self, now_ms: int, who: object, free: int) -> bool:
        """Whether another request may go now; the first `free` ones may go at once."""
        row = self._rows.get(who)
        return row is None or row[0] < free or now_ms >= row[1]

    def asked(self, now_ms: int, who: object) -> None:
        """Record a request. The pause after it is twice the last one."""
        rows = self._rows
        row = rows.pop(who, [0])
        if len(rows) >= self._most:
            rows.pop(min([(rows[old][1], id(old), old) for old in rows])[2])
        rows[who] = [row[0] + 1, now_ms + (2000 << min(row[0], LONGEST))]

    def answered(self, who: object) -> None:
        """Reset the back-off after an answer."""
        self._rows.pop(who, None)
