"""What core tests share: plain functions that run on both interpreters."""

import json
import sys

# MicroPython's WebAssembly build collects garbage only when a call from outside has returned, so
# what is allocated amid a test says nothing of what is held
COLLECTS = sys.platform != "webassembly"
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


def raises(error: type, function: "Callable", *args: object, **named: object) -> object:
    """Call the function, which must raise this error; return it for further asserts."""
    try:
        result = function(*args, **named)
    except error as e:
        return e
    raise AssertionError(f"{error.__name__} was not raised; got {result!r}")


def vectors(name: str) -> list:
    """The cases of tests/vectors/<name>.json."""
    folder = __file__.rsplit("/", 2)[0]
    with open(f"{folder}/vectors/{name}.json") as file:
        return json.load(file)


def hexed(data: bytes) -> str:
    """Bytes as hex. MicroPython up to 1.27 makes bytes of no bytes, and not a text."""
    return data.hex() or ""
