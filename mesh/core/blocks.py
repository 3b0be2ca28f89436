"""Bodies in blocks: what both directions need (RFC 7959). A block option is num << 4 | more << 3 | szx."""

from binascii import crc32

from mesh.core.coap import BLOCK1, BLOCK2, ETAG, OBSERVE, UNAUTHORIZED, Message, build

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mesh.core.limits import Limits
    from mesh.core.reliability import Address


def offset(block: int) -> int:
    """Where in the body a block begins."""
    return (block >> 4) << ((block & 7) + 4)


def fits(block: int, at: int, payload: bytes) -> bool:
    """Whether this block goes on at `at` and is as long as it says (RFC 7959 s.2.2)."""
    return (
        block & 7 < 7
        and offset(block) == at
        and len(payload) <= 16 << (block & 7)
        and (not block & 8 or len(payload) == 16 << (block & 7))
    )


def cut(message: Message, block: int, limit: int) -> bytes:
    """The datagram for one block of message.payload, the block small enough for `limit` bytes.

    Where no block is, only a code goes out: 4.01, as an address that proves itself gets it all.
    """
    at = offset(block)
    szx = block & 7
    body = message.payload
    while szx >= 0:
        size = 16 << szx
        part = Message(message.code, body[at : at + size], message.type, message.mid, message.token)
        part.options = [o for o in message.options if o[0] != OBSERVE or not at]
        if message.get(ETAG) is None:
            part.add(ETAG, crc32(body).to_bytes(4, "big"))
        part.add(BLOCK2, at >> szx + 4 << 4 | (8 if at + size < len(body) else 0) | szx)
        data = build(part)
        if len(data) <= limit:
            return data
        szx -= 1
    return build(Message(UNAUTHORIZED, b"", message.type, message.mid, message.token))


class Body:
    """A body kept: `message`, given out for a request payload; or `data`, being put together (payload None)."""

    message: Message | None = None
    until = 0

    def __init__(self, key: tuple[object, ...], payload: bytes | None) -> None:
        self.key = key
        self.payload = payload
        self.data = bytearray()


class Bodies:
    """A few bodies, by what their blocks belong to. The one unused for longest goes first."""

    def __init__(self, limits: "Limits") -> None:
        self._limits = limits
        self._kept: list[Body] = []

    def __len__(self) -> int:
        return len(self._kept)

    def keep(self, now_ms: int, body: Body) -> None:
        """Keep it (again), newest last, in place of an older one of the same requests."""
        limits = self._limits
        body.until = now_ms + limits.exchange_lifetime_ms
        kept = [
            b
            for b in self._kept
            if b.until > now_ms and (b.payload != body.payload or b.key != body.key)
        ]
        kept.append(body)
        self._kept = kept[-limits.bodies :]

    def find(self, now_ms: int, key: tuple[object, ...], payload: bytes | None) -> Body | None:
        """The newest body kept for that. Later requests may leave out their payload."""
        found = None
        for body in self._kept:
            if body.until > now_ms and body.key == key and (
                body.payload == payload or (payload == b"" and body.payload is not None)
            ):
                found = body
        return found

    def drop(self, body: Body) -> None:
        """Forget it."""
        self._kept = [b for b in self._kept if b is not body]


def key_of(source: "Address", message: Message) -> tuple[object, ...]:
    """What the requests for the blocks of one body have in common (RFC 7252 s.5.4.6)."""
    return (
        source,
        message.code,
        [o for o in message.options if o[0] & 30 != 28 and o[0] not in (OBSERVE, BLOCK1, BLOCK2)],
    )
