"""Block-wise transfer (RFC 7959). The value of a block option is num << 4 | more << 3 | szx."""

from mesh.core import codes
from mesh.core.coap import message as coap
from mesh.core.coap.reliability import Reliability

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mesh.core.coap.reliability import Known, Random
    from mesh.core.limits import Limits

_APART = (coap.OBSERVE, coap.CONTENT_FORMAT, coap.BLOCK2, coap.BLOCK1)


def offset(block: int) -> int:
    """The offset in the body at which a block begins."""
    return block >> 4 << (block & 7) + 4


def fits(block: int, at: int, payload: bytes) -> bool:
    """Whether a block continues a body at `at` and has the size it claims (RFC 7959 s.2.2)."""
    size = 16 << (block & 7)
    return (
        block & 7 < 7
        and offset(block) == at
        and (len(payload) == size if block & 8 else len(payload) <= size)
    )


def cut(message: coap.Message, at: int, szx: int, limit: int) -> bytes:
    """Build the datagram with the block at offset `at`, of at most size `szx` and `limit` bytes.

    If no block is small enough (the amplification limit), 4.01 goes out instead, so that the peer
    verifies its address. An error keeps its code, and as much of its text as fits (RFC 7252
    s.5.5.2).
    """
    body = message.payload
    part = coap.Message(message.code, b"", message.type, message.mid, message.token)
    if at and at >= len(body):
        part.code = codes.BAD_REQUEST
        return coap.build(part)
    while szx >= 0:
        end = at + (16 << szx)
        part.payload = body[at:end]
        part.options = [o for o in message.options if not at or o[0] != coap.BLOCK1]
        part.add(coap.BLOCK2, at >> szx + 4 << 4 | (8 if end < len(body) else 0) | szx)
        data = coap.build(part)
        if len(data) <= limit:
            return data
        szx -= 1
    part.payload = b""
    part.options = message.options
    refusal = part.code >= codes.BAD_REQUEST and message.get(coap.CONTENT_FORMAT) is None
    if not refusal or len(coap.build(part)) > limit:
        part.options = []
    if refusal:
        room = limit - len(coap.build(part)) - 1
        part.payload = shortened(body[at:], room)
    elif part.code < codes.BAD_REQUEST:
        part.code = codes.UNAUTHORIZED
    return coap.build(part)


def shortened(data: bytes, most: int) -> bytes:
    """A UTF-8 text cut to at most `most` bytes, between two characters."""
    if len(data) > most:
        most = max(most, 0)
        while most and data[most] & 0xC0 == 0x80:
            most -= 1
    return data[:most]


def key_of(
    source: tuple[str, int], message: coap.Message
) -> tuple[tuple[str, int], int, list[tuple[int, bytes]]]:
    """The cache key of a body: what the requests for all its blocks have in common (RFC 7252
    s.5.4.6).
    """
    options = [o for o in message.options if o[0] & 30 != 28 and o[0] not in _APART]
    return source, message.code, options


class Body:
    """The body of one block-wise transfer: outgoing, `message` is the whole answer to `payload`;
    incoming, payload is None and `data` is what has come.
    """

    message: coap.Message | None = None
    until = 0

    def __init__(
        self,
        key: tuple[tuple[str, int], int, list[tuple[int, bytes]]],
        payload: bytes | None,
    ) -> None:
        self.key = key
        self.payload = payload
        self.data = bytearray()


class Blocks(Reliability):
    """The block-wise layer: a cache of a few bodies, the least recently used evicted first.

    Half of the places are kept for verified addresses, and half for others.
    """

    def __init__(self, limits: "Limits", random: "Random", known: "Known") -> None:
        super().__init__(limits, random, known)
        self.bodies: list[Body] = []

    def _purge(self, now_ms: int, but: Body | None = None) -> None:
        """Remove the bodies that are too old, and `but`."""
        self.bodies = [b for b in self.bodies if b.until > now_ms and b is not but]

    def _keep(self, now_ms: int, body: Body) -> None:
        """Cache a body as the newest, in place of an older one with the same key."""
        kept = [b for b in self.bodies if b.payload != body.payload or b.key != body.key]
        kept.append(body)
        body.until = now_ms + self.limits.exchange_lifetime_ms
        if len(kept) > self.limits.bodies:
            proven = [self.proven(b.key[0]) for b in kept]
            del kept[proven.index(2 * proven.count(True) > len(kept))]
        self.bodies = kept

    def _find(
        self, now_ms: int, source: tuple[str, int], message: coap.Message, payload: bytes | None
    ) -> Body | None:
        """The newest cached body for a request. Requests for later blocks may omit the payload."""
        self._purge(now_ms)
        key = key_of(source, message)
        found = None
        for body in self.bodies:
            if body.key == key and (
                body.payload == payload or (payload == b"" and body.payload is not None)
            ):
                found = body
        return found
