"""Where peers can be, and how often hosts are asked that do not answer."""

from mesh.core.dns import host_bytes
from mesh.core.errors import LocalError

FREE = 2  # questions to a host that has not answered yet
PATIENCE = 16  # to those of whom one and the same peer told
LONGEST = 8  # the longest pause is 2 s, doubled so often


class Places:
    """What a runtime knows of its networks: move() tells it. Without it, all unicast is near."""

    def __init__(self) -> None:
        self._networks: list[tuple[int, int, int]] = []  # last address, bits of hosts, bytes
        self._own: list[tuple[str, int]] = []
        self._port = 0

    def move(self, networks: "list[tuple[str, int]]", port: int = 0) -> None:
        """Be at these (address, bits of its network) from now on, and at this port if any."""
        self._port = port or self._port
        self._own = [(host, self._port) for host, _ in networks]
        self._networks = []
        for host, bits in networks:
            data = host_bytes(host)
            rest = (1 << 8 * len(data) - bits) - 1
            self._networks.append((int.from_bytes(data, "big") | rest, rest, len(data)))

    def is_own(self, address: "tuple[str, int]") -> bool:
        """Whether that is this very peer."""
        return address in self._own

    def can_be(self, address: "tuple[str, int]", far: object = False) -> bool:
        """Whether a peer can be there, as a stranger says; `far`: also beyond our networks.

        Nobody is at a multicast, broadcast or unspecified address, or at port 0.
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
                    return False  # the network's own broadcast
                near = True
        if len(data) == 4:
            somewhere = 0 < data[0] < 224
        else:  # not IPv4 in IPv6 either
            somewhere = data[0] < 255 and (number >> 48 > 0 or number == 1)
        return bool(near and somewhere and 0 < address[1] < 65_536)


class Patience:
    """How often hosts, (host,), and who tells of them, ids, were asked in vain of late."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._rows: dict[object, list[int]] = {}

    def allows(self, now_ms: int, who: object, free: int) -> bool:
        """Whether another question may go, of which `free` go at once."""
        row = self._rows.get(who)
        return row is None or row[0] < free or now_ms >= row[1]

    def asked(self, now_ms: int, who: object) -> None:
        """Note that one goes: the pause after it is twice as long as the last."""
        rows = self._rows
        row = rows.pop(who, [0])
        if len(rows) >= self._most:
            rows.pop(min([(rows[old][1], id(old), old) for old in rows])[2])
        rows[who] = [row[0] + 1, now_ms + (2000 << min(row[0], LONGEST))]

    def answered(self, who: object) -> None:
        """Note that somebody is there."""
        self._rows.pop(who, None)
