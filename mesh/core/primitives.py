"""What a runtime hands to the core: cryptography, CBOR and randomness behind one name each."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


def nothing(*_: object) -> "Any":  # noqa: ANN401 - stands for callables of any type
    """A callback that does nothing and gives None: the value of one that nobody has set yet."""
    return None


NO_ROOM = "no memory for it now"  # what a guard says of work that found none


class Guard:
    """Does one piece of work at a time. This one lets a fault of ours out; that of a runtime tells
    and counts it, and goes on (mesh/device/faults.py, mesh/hub/faults.py).
    """

    count = 0  # faults so far

    def __call__(self, part: str, work: "Callable[..., object]", *given: "Any") -> str:  # noqa: ANN401
        """Call work(*given), which leaves others of its kind usable; nothing, or why it failed."""
        work(*given)
        return ""


class Kit:
    """The functions that differ between interpreters.

    sha256(data) -> 32 bytes; verify(public, signature, data) -> bool (Ed25519, never raises);
    encode(value) -> bytes and decode(data) -> value (the CBOR subset of core.cbor; RemoteError);
    random(n) -> n unpredictable bytes. And `guard`, which keeps a fault of ours to its place.
    """

    def __init__(
        self,
        sha256: "Callable[[bytes], bytes]",
        verify: "Callable[[bytes, bytes, bytes], bool]",
        encode: "Callable[[object], bytes]",
        decode: "Callable[[bytes], object]",
        random: "Callable[[int], bytes]",
        guard: "Guard | None" = None,
    ) -> None:
        self.sha256 = sha256
        self.verify = verify
        self.encode = encode
        self.decode = decode
        self.random = random
        self.guard = guard or Guard()


class Identity:
    """One key pair in use. sign(data) -> 64 bytes; next_counter() -> int, never the same twice,
    next_counter(n) one that is so far ahead.
    """

    def __init__(
        self,
        public: bytes,
        sign: "Callable[[bytes], bytes]",
        next_counter: "Callable[..., int]",
    ) -> None:
        self.public = public
        self.sign = sign
        self.next_counter = next_counter
