"""What each table of a board takes of its heap when it is full, as MicroPython counts it.

    .venv/bin/python tests/bench/tables.py

Each is filled by what fills it: datagrams, or the call that a datagram leads to, with entries as
large as others can make them. With 64-bit words; $MICROPYTHON may name a build with 32-bit ones.
docs/hardware.md has the figures.
"""

import sys


def measure():
    """Print a line for each table: its name, its limit, how many, bytes in all."""
    import gc  # noqa: PLC0415

    import filling  # noqa: PLC0415

    gc.collect()
    for name, limit, fill in filling.FILLS:
        node, world = filling.board()
        count = getattr(node.limits, limit)
        for _ in range(2):
            gc.collect()
        before = gc.mem_alloc()
        fill(node, world, count)
        for _ in range(2):
            gc.collect()
        print(name, limit, count, gc.mem_alloc() - before)
        del node, world


def main():
    """Run it by MicroPython, and print the table."""
    import subprocess  # noqa: PLC0415 - MicroPython has none
    from pathlib import Path  # noqa: PLC0415

    from mesh.boards.virtual.process import find_micropython  # noqa: PLC0415

    here = Path(__file__).parent
    root = here.parent.parent
    code = f"import sys\nsys.path[:0] = {[str(root), str(root / 'tests/core'), str(here)]!r}\n"
    done = subprocess.run(
        [find_micropython(), "-X", "heapsize=8m", "-c", code + "import tables; tables.measure()"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise SystemExit(done.stdout + done.stderr)
    total = 0
    for line in done.stdout.splitlines():
        *words, limit, count, size = line.split()
        name = " ".join(words)
        total += int(size)
        each = int(size) // int(count)
        print(f"{name:12} {limit:14} {int(count):4} x {each:6,} = {int(size):7,} B")
    print(f"{'all':12} {'':14} {'':4}   {'':6}   {total:7,} B")


if __name__ == "__main__":
    sys.path.insert(0, str(__import__("pathlib").Path(__file__).resolve().parents[2]))
    main()
