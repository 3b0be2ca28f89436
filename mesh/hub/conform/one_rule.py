"""One conformance check: a rule of the protocol, and the function that tries it."""

from collections.abc import Awaitable, Callable
from typing import NamedTuple

from mesh.hub.conform.stranger import Stranger


class Check(NamedTuple):
    """The section of docs/protocol.md with the rule, the rule, and the function that tries it,
    which raises Unmet or NotOffered.
    """

    section: str
    rule: str
    play: Callable[[Stranger], Awaitable[None]]
