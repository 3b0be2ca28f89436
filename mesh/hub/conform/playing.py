"""Runs all conformance checks, one after another, within a time limit."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Sequence
from typing import Any

from mesh.core import peer_id
from mesh.core.address import address_text
from mesh.core.errors import RemoteError
from mesh.hub.conform import (
    datagram_rules,
    feed_rules,
    identity_rules,
    resource_rules,
    signing_rules,
    stream_rules,
    writing_rules,
)
from mesh.hub.conform.expecting import NotOffered, Silent, Unmet
from mesh.hub.conform.one_rule import Check
from mesh.hub.conform.stranger import Stranger
from mesh.hub.failure import NOBODY, TIMEOUT, Failure
from mesh.hub.net.interfaces import Address

PASS, FAIL, NOT_OFFERED = "pass", "fail", "not offered"
READ = (
    datagram_rules,
    stream_rules,
    feed_rules,
    signing_rules,
    identity_rules,
    resource_rules,
)


def checks(write: bool) -> list[Check]:
    """All checks by section; with `write` also those that leave something at the peer."""
    found = [check for module in READ for check in module.CHECKS]
    if write:
        found += writing_rules.CHECKS
    return [datagram_rules.FIRST, *sorted(found, key=lambda check: int(check.section))]


async def play(
    address: Address, write: bool, timeout_s: float, only: Sequence[str] = ()
) -> AsyncGenerator[dict[str, Any], None]:
    """Run the checks; `only`: of these sections. Yields the result of each, and a sum. Failure if
    the peer does not answer, a rule does not hold, or the time is up.
    """
    loop = asyncio.get_running_loop()
    end_s = loop.time() + timeout_s
    counts = {PASS: 0, FAIL: 0, NOT_OFFERED: 0}
    chosen = [check for check in checks(write) if not only or check.section in only]
    async with _asking(address) as stranger:
        stranger.peer = await _met(stranger, timeout_s)
        yield {
            "event": "peer",
            "id": peer_id.to_text(stranger.peer),
            "asked_by": peer_id.to_text(stranger.identity.public),
        }
        for check in chosen:
            try:
                async with asyncio.timeout_at(end_s):
                    row = await _played(stranger, check)
            except TimeoutError:
                left = len(chosen) - sum(counts.values())
                raise Failure(
                    f"{timeout_s:g} s are over, and {left} checks were not completed",
                    "--timeout gives more time",
                    TIMEOUT,
                ) from None
            counts[row["outcome"]] += 1
            yield row
    yield {"event": "sum", **{name.replace(" ", "_"): n for name, n in counts.items()}}
    if counts[FAIL]:
        raise Failure(f"{counts[FAIL]} of {len(chosen)} checks do not hold",
                      "docs/protocol.md has the sections")  # fmt: skip


@contextlib.asynccontextmanager
async def _asking(address: Address) -> AsyncGenerator[Stranger, None]:
    try:
        async with Stranger(address).opened() as stranger:
            yield stranger
    except OSError as error:
        raise Failure(
            f"no way to {address_text(address)}: {error.strerror}", None, NOBODY
        ) from None


async def _met(stranger: Stranger, timeout_s: float) -> bytes:
    try:
        async with asyncio.timeout(timeout_s):
            return await identity_rules.find(stranger)
    except (Silent, TimeoutError):
        raise Failure(
            "nothing answers there by CoAP over UDP",
            "ADDRESS is HOST:PORT, as `mesh peers` and a peer's own first line show it",
            NOBODY,
        ) from None
    except Unmet as unmet:
        raise Failure(
            f"no peer of a mesh: {unmet.detail}", "docs/protocol.md, section 5"
        ) from None


async def _played(stranger: Stranger, check: Check) -> dict[str, Any]:
    row = {"event": "check", "section": check.section, "rule": check.rule}
    try:
        await check.play(stranger)
    except NotOffered as error:
        return row | {"outcome": NOT_OFFERED, "why": error.detail}
    except Unmet as unmet:
        return row | {"outcome": FAIL, "expected": unmet.expected, "seen": unmet.seen}
    except RemoteError as error:
        return row | {"outcome": FAIL, "expected": "what can be read", "seen": error.detail}
    return row | {"outcome": PASS}
