"""Pongs that wait for the answers to all earlier requests: Custody (RFC 8323 s.5.4.1)."""

MOST_PONGS = 64  # Pongs that wait; further ones are not to wait


class Custody:
    """Incoming requests without an answer yet, and the Pongs that wait for them."""

    def __init__(self) -> None:
        self._count = 0
        self._open: dict[int, bytes] = {}  # tokens of requests without an answer yet
        self._pongs: list[tuple[int, bytes]] = []  # how many requests came before, and the token

    def __bool__(self) -> bool:
        return bool(self._open)

    def requested(self, token: bytes) -> None:
        """Note an incoming request."""
        self._count += 1
        self._open[self._count] = token

    def settled(self, token: bytes) -> bool:
        """Note that a request was answered, or will not be. False if none has this token."""
        for number, asked in self._open.items():
            if asked == token:
                del self._open[number]
                return True
        return False

    def pinged(self, token: bytes) -> bool:
        """Let a Pong wait. False if too many do."""
        if len(self._pongs) >= MOST_PONGS:
            return False
        self._pongs.append((self._count, token))
        return True

    def due(self) -> list[bytes]:
        """The tokens of the Pongs that wait no more; they are not given again."""
        oldest = min(self._open, default=self._count + 1)
        due = [token for number, token in self._pongs if number < oldest]
        del self._pongs[: len(due)]
        return due
