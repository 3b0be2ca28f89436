"""A peer of a later version of the protocol, with further items that present peers ignore."""

import contextlib
from typing import Any

from mesh.core.errors import LocalError
from mesh.core.kit import Kit
from mesh.core.resources.about import ABOUT
from mesh.core.resources.resource import Asked
from mesh.core.resources.resource_table import RESOURCES
from mesh.hub import fast_cbor
from mesh.lab.simulate.host import Host

ITEMS = 4  # items of an entry, and of its clock


def _about(peer: Any, now_ms: int, asked: Asked) -> dict[str, Any]:  # noqa: ANN401 - as handlers
    about: dict[str, Any] = ABOUT.read(peer, now_ms, asked)
    return about | {"version": 2, "features": [*about["features"], "x-later"], "later": [{}, None]}


def _encode(value: Any) -> bytes:  # noqa: ANN401 - as in Kit
    """Encode a value. An entry gets a fifth item, and so does its clock."""
    if isinstance(value, list) and len(value) == ITEMS:
        seq, clock, kind, body = value
        if isinstance(clock, list) and len(clock) == ITEMS and isinstance(kind, str):
            value = [seq, [*clock, seq], kind, body, {"later": seq}]
    return fast_cbor.encode(value)


class LaterHost(Host):
    """An honest peer whose entries, kinds and /peer have further items."""

    resources = tuple(of._replace(read=_about) if of is ABOUT else of for of in RESOURCES)

    def _kit(self) -> Kit:
        kit = super()._kit()
        return Kit(kit.sha256, kit.verify, _encode, kit.decode, kit.random)

    def measure(self, value: int) -> None:
        """Take a reading, and write an entry of an unknown kind."""
        super().measure(value)
        if self.up:
            self.do(self._say_more, value)

    def _say_more(self, now_ms: int, value: int) -> None:
        with contextlib.suppress(LocalError):  # its feed has ended (fork)
            self.node.write(now_ms, "x-later", {"of": value})
