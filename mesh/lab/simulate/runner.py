"""Runs many seeds in several processes, and reports on each."""

import asyncio
from collections.abc import AsyncGenerator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from multiprocessing import get_context
from typing import Any, TextIO

from mesh.lab.simulate.scenario import draw
from mesh.lab.simulate.world import Outcome, World

Event = dict[str, Any]
AHEAD = 4  # seeds queued for each process


def play(seed: int, real: bool = False, log: TextIO | None = None) -> Outcome:
    """Run the scenario of a seed. `log` gets a line for each step."""
    return World(draw(seed), real, log).run()


def told(outcome: Outcome) -> Event:
    """An outcome as plain data."""
    row = asdict(outcome)
    row["seed"] = outcome.scenario.seed
    row["words"] = outcome.scenario.words()
    row["ok"] = not outcome.rule
    return row


async def many(first: int, count: int, jobs: int, real: bool) -> AsyncGenerator[Event, None]:
    """Run `count` seeds from `first` on. Yields progress, each seed that breaks a rule, and a sum.

    "broken" comes in the order of seeds, whatever the order of processes.
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
            await asyncio.sleep(0)  # lets Ctrl-C be handled
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
