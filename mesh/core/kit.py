"""What a runtime hands to the core: cryptography, CBOR, randomness, isolation of faults."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


def nothing(*_: object) -> "Any":  # noqa: ANN401 - stands for callables of any type
    """Do nothing and return None: the default of a callback."""
    return None


NO_ROOM = "no memory for it now"  # a guard's reason when memory ran out


class Guard:
    """Calls a function and isolates its faults. This one lets them through; those of the runtimes
    log them, count them and go on (mesh/device/faults.py, mesh/hub/guard.py).
    """

    count = 0  # faults so far

    def __call__(self, part: str, work: "Callable[..., object]", *given: "Any") -> str:  # noqa: ANN401
        """Call work(*given). Gives "" if it succeeded, else why it failed. `part`: for the log."""
        work(*given)
        return ""


class Kit:
    """The functions that differ between interpreters.

    sha256(data) -> 32 bytes; verify(public, signature, data) -> bool (Ed25519, never raises);
    encode(value) -> bytes and decode(data) -> value (deterministic CBOR, see core.codec.cbor;
    RemoteError); random(n) -> n unpredictable bytes; `guard` isolates faults.
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
    """The key pair in use. sign(data) -> 64 bytes; next_counter() -> int, never the same twice;
    next_counter(n) skips ahead by n.
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
