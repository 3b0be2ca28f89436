"""Many seeds, in several processes; and what is told of each."""

import asyncio
from collections.abc import AsyncGenerator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from multiprocessing import get_context
from typing import Any, TextIO

from mesh.hub.simulate.scenario import draw
from mesh.hub.simulate.world import Outcome, World

Event = dict[str, Any]
AHEAD = 4  # seeds that wait for each process


def play(seed: int, real: bool = False, log: TextIO | None = None) -> Outcome:
    """The scenario of a seed, from its beginning to its end; `log` gets a line for each step."""
    return World(draw(seed), real, log).run()


def told(outcome: Outcome) -> Event:
    """What came of it, as plain data."""
    row = asdict(outcome)
    row["seed"] = outcome.scenario.seed
    row["words"] = outcome.scenario.words()
    row["ok"] = not outcome.rule
    return row


async def many(first: int, count: int, jobs: int, real: bool) -> AsyncGenerator[Event, None]:
    """Play `count` seeds from `first` on: progress, each that breaks a rule, and a sum at the end.

    "broken" comes in the order of the seeds, whatever the processes do.
    """
    totals = {"seeds": 0, "steps": 0, "accepted": 0, "answered": 0, "datagrams": 0, "pretend_s": 0}
    broken: list[int] = []
    async for outcome in _in_order(range(first, first + count), jobs, real):
        totals["seeds"] += 1
        totals["pretend_s"] += outcome.end_ms // 1000
        for name in ("steps", "accepted", "answered", "datagrams"):
            totals[name] += getattr(outcome, name)
        if outcome.rule:
            broken.append(outcome.scenario.seed)
            yield {"event": "broken", **told(outcome)}
        yield {
            "event": "progress",
            "verb": "playing",
            "what": f"seed {outcome.scenario.seed}",
            "done": totals["seeds"],
            "of": count,
        }
    yield {"event": "sum", "from": first, **totals, "broken": broken}


async def _in_order(seeds: range, jobs: int, real: bool) -> AsyncGenerator[Outcome, None]:
    if jobs == 1:
        for seed in seeds:
            yield play(seed, real)
            await asyncio.sleep(0)  # so that Ctrl-C is heard
        return
    loop = asyncio.get_running_loop()
    pool = ProcessPoolExecutor(jobs, get_context("spawn"))
    try:
        waiting: list[asyncio.Future[Outcome]] = []
        for seed in seeds:
            waiting.append(loop.run_in_executor(pool, play, seed, real))
            if len(waiting) > AHEAD * jobs:
                yield await waiting.pop(0)
        for future in waiting:
            yield await future
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
