"""`make bench`: figures side by side, in one run. Ratios count: the rest moves with the machine.

make bench                     all of it
make bench ARGS="--quick"      shorter, for a look
make bench ARGS="--endure"     only the million exchanges between one pair
make bench ARGS="--newcomer --delivery"   only these: --exchanges, --delivery, --newcomer, --flood,
                               --board, --store, --start, --endure
"""

import asyncio
import sys
import tempfile
from pathlib import Path

import board
import crypto
import flash
import replication
import signed
import starting
import store
import strangers
from measure import row, title

PORT = 56831
MILLION = 1_000_000


def show(name, figure, ceiling):
    """One way of exchanging."""
    row(
        name,
        f"{figure.per_s:,.0f}/s",
        f"p50 {figure.p50_us:7,.0f} us",
        f"p99 {figure.p99_us:7,.0f} us",
        f"client CPU {figure.cpu_us:5,.0f} us",
        f"{figure.per_s / ceiling:6.1%} of the one-core ceiling",
    )


def exchanging(seconds):
    """Round trips a second, ours signed both ways, beside others."""
    title("Round trips between two processes on loopback (ours: every request and answer signed)")
    sign, verify, ceiling = crypto.ceiling()
    row("Ed25519 alone, one core: sign", f"{sign:,.0f}/s")
    row("Ed25519 alone, one core: verify", f"{verify:,.0f}/s")
    row("ceiling of a signed round trip, one core", f"{ceiling:,.0f}/s", "2 sign + 2 verify")
    ours = {}
    for outstanding in (1, 32):
        for loop in ("asyncio", "uvloop"):
            figure = signed.measure(outstanding, seconds, loop)
            ours[outstanding, loop] = figure
            show(f"othermesh, {loop}, {outstanding} outstanding", figure, ceiling)
    together = signed.measure_together(seconds)
    show("othermesh, both peers on one core, 1 outstanding", together, ceiling)
    theirs = {}
    for mode in strangers.MODES:
        theirs[mode] = asyncio.run(strangers.measure(mode, PORT, 1, seconds))
        show(f"aiocoap {mode}, 1 outstanding", theirs[mode], ceiling)
    best = ours[1, "asyncio"].per_s
    for mode, figure in theirs.items():
        row(f"ours to aiocoap {mode}", f"{best / figure.per_s:.2f}x")
    sign, verify, again = crypto.ceiling()
    row("ceiling again, at the end of the run", f"{again:,.0f}/s", "how steady this machine was")


def signing(seconds):
    """What Ed25519 costs a board."""
    title("Ed25519 on MicroPython here: machine code beside plain big integers")
    took = crypto.on_a_board()
    for step in ("sign", "verify"):
        fast, *plain = (took[f"{way} {step}"] for way in ("fast", "textbook", "tuned"))
        others = (
            f"{name} {us:,} us: {us / fast:.1f} times"
            for name, us in zip(("textbook", "tuned"), plain, strict=True)
        )
        row(step, f"{fast:,} us", *others)
    with tempfile.TemporaryDirectory() as folder:
        wait, count, idle = crypto.longest_wait(Path(folder), seconds)
        row("longest wait for a board's loop", f"{wait:,.1f} ms", f"{count:,} signed exchanges")
        row("and with no exchanges", f"{idle:,.1f} ms")


def enduring(count):
    """Exchanges without end between one pair of peers, and what they cost in memory."""
    title(f"{count:,} signed exchanges between one pair of peers, 32 outstanding")
    signed.endure(
        count,
        lambda done, per_s, rss: row(
            f"{done:,} done", f"{per_s:,.0f}/s", f"client RSS {rss:.0f} MiB"
        ),
    )


def boarding(times):
    """The size of a board."""
    title("A whole board (MicroPython, 64-bit: objects have twice the size of a board's)")
    with tempfile.TemporaryDirectory() as folder:
        made = board.make(folder)
        size, extra = board.sizes(made)
        row(".mpy of core and device", f"{size:,} B", f"and Ed25519 {extra:,} B; budget 65,536 B")
        row(
            "heap in use",
            f"{board.heap_in_use(made) / 1024:.0f} KiB",
            f"limit {board.process.HEAP}",
        )
        row("least heap with which it joins and measures", f"{board.least_heap(made)} KiB")
        took = asyncio.run(board.first_reading(made, times))
        row(
            "board up to first checked reading on a desktop",
            f"{took[len(took) // 2]:,.0f} ms",
            f"best {took[0]:,.0f} ms",
            f"worst {took[-1]:,.0f} ms",
            f"of {len(took)}",
        )


def wearing(days):
    """What a board's feed does to its flash."""
    title("Flash of a board at one reading a minute (littlefs, in memory)")
    for name, figure, more in flash.lines(days):
        row(name, figure, more)


def main(arguments):
    """All, or what was asked for."""
    quick = "--quick" in arguments
    parts = {
        "--exchanges": lambda: exchanging(1 if quick else 4),
        "--delivery": lambda: replication.delivering(quick),
        "--newcomer": lambda: replication.catching_up(quick),
        "--flood": lambda: replication.flooding(quick),
        "--signing": lambda: signing(2 if quick else 10),
        "--board": lambda: boarding(3 if quick else 9),
        "--wear": lambda: wearing(flash.DAYS // 4 if quick else flash.DAYS),
        "--store": lambda: store.measure(quick),
        "--start": lambda: starting.measure(3 if quick else 9),
        "--endure": lambda: enduring(MILLION),
    }
    for name in [part for part in parts if part in arguments] or list(parts):
        if not (quick and name == "--endure" and name not in arguments):
            parts[name]()


if __name__ == "__main__":
    main(sys.argv[1:])
