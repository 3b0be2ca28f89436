"""mesh simulate: whole meshes in virtual time, under faults and attack, from one seed each."""

import asyncio
from collections.abc import AsyncGenerator, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, aclosing, contextmanager
from multiprocessing import get_context
from pathlib import Path
from typing import Annotated, Any, TextIO

import typer

from mesh.cli.options import Json, Reply
from mesh.hub.failure import USAGE, Failure
from mesh.hub.home.files import named, no_link

EXAMPLE = "mesh simulate --seeds 200 --jobs 2"
SEEDS = 20


def command(  # noqa: PLR0913, PLR0917 - each is an option
    seed: Annotated[
        int | None, typer.Option("--seed", metavar="N", min=0, help="Only this one, told in full.")
    ] = None,
    seeds: Annotated[
        int, typer.Option("--seeds", metavar="N", min=1, help="How many seeds.")
    ] = SEEDS,
    first: Annotated[
        int, typer.Option("--from", metavar="N", min=0, help="The first of them.")
    ] = 1,
    jobs: Annotated[
        int, typer.Option("--jobs", "-j", metavar="N", min=1, max=256, help="Processes.")
    ] = 1,
    log: Annotated[
        Path | None, typer.Option("--log", metavar="FILE", help="With --seed: every step, a line.")
    ] = None,
    report: Annotated[
        str | None,
        typer.Option("--report", metavar="SIZES", help="Measure meshes of so many: 10,100,1000."),
    ] = None,
    real_crypto: Annotated[
        bool, typer.Option("--real-crypto", help="Ed25519, in place of a quick stand-in.")
    ] = False,
    json: Json = False,
) -> Reply:
    """Simulate whole meshes in virtual time: one seed decides peers, network, faults and liars.

    The peers are the very code that runs on boards and desktops. At every step it is checked that
    nothing is believed that its author did not sign, nothing acknowledged is lost, memory stays
    within its caps, and the honest go on; and in the end that they agree. A seed that breaks a
    rule is told, and does so again.
    """
    if report is not None:
        return Reply("simulate_report", _report(_sizes(report), first), json,
                     until="measuring; the larger ones take minutes")  # fmt: skip
    if seed is not None:
        return Reply("simulate", _one(seed, real_crypto, log), json)
    return Reply("simulate", _many(first, seeds, jobs, real_crypto, json), json, many=True)


def _sizes(text: str) -> list[int]:
    from mesh.lab.simulate import report  # noqa: PLC0415 - no other command needs it

    try:
        return list(report.sizes(text))
    except ValueError:
        raise Failure(
            f"{text!r} are no sizes of meshes", "such as 10,100,1000: from 2 to 65535", USAGE
        ) from None


@contextmanager
def _opened(log: Path) -> Iterator[TextIO]:
    with named(log), open(log, "w", encoding="utf-8", opener=no_link) as file:
        yield file


async def _one(seed: int, real: bool, log: Path | None) -> AsyncGenerator[dict[str, Any], None]:
    from mesh.lab.simulate import runner  # noqa: PLC0415

    with ExitStack() as stack:
        out = stack.enter_context(_opened(log)) if log else None
        outcome = runner.play(seed, real, out)
    yield {"event": "one" if not outcome.rule else "broken", **runner.told(outcome)}
    if outcome.rule:
        raise Failure(f"seed {seed} breaks a rule: {outcome.rule}", _again(seed, real))


async def _many(
    first: int, count: int, jobs: int, real: bool, json: bool
) -> AsyncGenerator[dict[str, Any], None]:
    from mesh.lab.simulate import runner  # noqa: PLC0415

    broken: list[int] = []
    async with aclosing(runner.many(first, count, jobs, real)) as events:
        async for event in events:
            if event["event"] == "broken":
                broken.append(event["seed"])
            if not json or event["event"] != "progress":
                yield event
    if broken:
        listed = " ".join(map(str, broken))
        raise Failure(f"{len(broken)} of {count} seeds break a rule: {listed}",
                      _again(broken[0], real))  # fmt: skip


def _again(seed: int, real: bool) -> str:
    return f"the same once more: mesh simulate --seed {seed}{' --real-crypto' if real else ''}"


async def _report(sizes: list[int], seed: int) -> AsyncGenerator[list[dict[str, Any]], None]:
    """Each in a process of its own, so that its memory can be told."""
    from mesh.lab.simulate import report  # noqa: PLC0415

    loop = asyncio.get_running_loop()
    rows = []
    for size in sizes:
        with ProcessPoolExecutor(1, get_context("spawn")) as pool:
            rows.append(await loop.run_in_executor(pool, report.measure, size, seed))
    yield rows
