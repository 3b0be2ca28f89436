"""Limits of a desktop, larger than a board's; and a faster event loop where there is one."""

import asyncio
import importlib

# Limits that differ from a board's (mesh.core.limits). Datagrams and blocks do not, as a board
# reads no larger ones.
DESKTOP = {
    "body": 262_144,
    "bodies": 64,
    "exchanges": 65_536,
    "outgoing": 4096,
    "remotes": 4096,
    "observers": 256,
    "unsigned_per_s": 200,
    "verify_per_s": 2000,  # a tenth of what one CPU core can check
    "proven_per_s": 100_000,  # limited by their time instead: mesh.hub.fairness
    "peers": 1024,
    "candidates": 1024,
    "hello_per_s": 50,
    "senders": 1024,
    "window": 1024,  # wider than any number of requests in flight
    "tail": 4096,
    "tail_bytes": 2 << 20,
    "foreign_tail": 1024,
    "foreign_bytes": 1 << 20,
    "head_ms": 1000,
    "links": 5,
    "mdns_records": 1024,
}


def use_uvloop() -> bool:
    """Use uvloop for event loops made from now on, if it is installed. Whether it is."""
    try:
        uvloop = importlib.import_module("uvloop")
    except ImportError:
        return False
    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
    return True
