"""How figures are taken: the same loop and the same units for everybody."""

import asyncio
import time
from collections import namedtuple

# per_s: exchanges a second; p50_us, p99_us: time of one; cpu_us: processor time of this process
Figure = namedtuple("Figure", ("per_s", "p50_us", "p99_us", "cpu_us", "count"))


async def exchanges(one, outstanding, seconds, count=0):
    """Run `await one()` from so many workers for some seconds, or until `count` are done."""
    times = []
    cpu = time.process_time()
    start = time.perf_counter()
    end = start + seconds

    async def worker():
        while (now := time.perf_counter()) < end and not (count and len(times) >= count):
            await one()
            times.append(time.perf_counter() - now)

    await asyncio.gather(*(worker() for _ in range(outstanding)))
    took = time.perf_counter() - start
    spent = time.process_time() - cpu
    times.sort()
    done = len(times)
    return Figure(
        done / took,
        times[done // 2] * 1e6,
        times[done * 99 // 100] * 1e6,
        spent / done * 1e6,
        done,
    )


def row(name, value, *columns):
    """One line of a table."""
    print(f"  {name:<46} {value:>12}  " + "  ".join(columns), flush=True)


def title(text):
    """A heading."""
    print(f"\n{text}", flush=True)
