"""What a desktop has more of than a board: limits, and a faster event loop where there is one."""

import asyncio
import importlib

# What a desktop can afford, where mesh.core.limits has a board's values. Datagrams and blocks stay
# as they are there: a board reads no larger ones, and an answer may be to a board.
DESKTOP = {
    "body": 262_144,
    "bodies": 64,
    "exchanges": 65_536,
    "outgoing": 4096,
    "remotes": 4096,
    "observers": 256,
    "unsigned_per_s": 200,
    "verify_per_s": 2000,  # a tenth of what one core can check
    "proven_per_s": 100_000,  # what they cost in time counts: mesh.hub.fairness
    "peers": 1024,
    "candidates": 1024,
    "hello_per_s": 50,
    "senders": 1024,
    "window": 1024,  # wider than any pipeline
    "tail": 4096,
    "tail_bytes": 2 << 20,
    "foreign_tail": 1024,
    "foreign_bytes": 1 << 20,
    "head_ms": 1000,
    "links": 5,
    "mdns_records": 1024,
}


def use_uvloop() -> bool:
    """Use uvloop for event loops made from now on, if it is installed; whether it is."""
    try:
        uvloop = importlib.import_module("uvloop")
    except ImportError:
        return False
    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
    return True
