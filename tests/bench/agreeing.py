"""What a circle of eight with three agreements and its promise takes of a board.

    .venv/bin/python tests/bench/agreeing.py

Flash: the file of firmware that only boards with the setting `relations` load, and the file in
which it is remembered. Heap: of the code, as it is loaded from files, and of what is known, as
MicroPython counts it; with 64-bit words, and $MICROPYTHON may name a build with 32-bit ones.
docs/performance.md has the figures.
"""

import sys

MEMBERS = 8
TERMS = (["every", "temperature", 60, 10], ["act", "fan", 0, 1, 600], ["answer", 5])


def remembered():
    """What one of eight members of a circle remembers, after all of them said yes to all."""
    import forming  # noqa: PLC0415 - MicroPython has no path to it

    from mesh.core.relations import pact  # noqa: PLC0415

    peers = forming.Forming(MEMBERS, outgoing=64, remotes=64, observers=16)
    _, version = peers.circle(list(range(MEMBERS)))
    aims = [
        peers.offer(n, within=version, text=f"the seedlings live, part {n}", terms=[list(term)])
        for n, term in enumerate(TERMS)
    ]
    forming.write(peers, 1, pact.NAME, pact.make(terms=[["every", "soil", 600, 10]]))
    peers.run(20_000)
    for n in range(MEMBERS):
        for aim in aims:
            peers.say(n, aim)
    peers.run(30_000)
    running = peers.running(1)
    assert set(aims) < set(running), "all three are in force"
    return peers.nodes[1].peer.kit.encode(peers.parts[1].kept()), len(running)


def measure(path):
    """Print bytes of the heap: with a node; with its part; with what is remembered."""
    import gc  # noqa: PLC0415

    from world import World, make_identity  # noqa: PLC0415

    from mesh.core.codec import cbor  # noqa: PLC0415
    from mesh.core.relations.agreements import Agreements  # noqa: PLC0415
    from mesh.core.relations.facts import Caps  # noqa: PLC0415
    from mesh.core.resources.relation_runs import answer, join  # noqa: PLC0415

    def used():
        for _ in range(3):
            gc.collect()
        return gc.mem_alloc()  # type: ignore[attr-defined] # MicroPython's

    from mesh.core.peer_id import to_text  # noqa: PLC0415

    ids = [to_text(make_identity(n + 1).public) for n in range(MEMBERS) if n != 1]
    node, _ = World().add(2, {"relations": ids})
    before = used()
    part = join(node, Agreements(node.peer.kit, node.peer.id, Caps()))
    answer(node.peer)
    empty = used()
    with open(path, "rb") as file:
        part.restore(cbor.decode(file.read()))
    node.start(1000, False)
    node.tick(1000)
    print("part", empty - before)
    print("known", used() - empty, len(part.agreements.pacts))


def loaded():
    """Print bytes of the heap that the joined file takes, after what every board loads."""
    import gc  # noqa: PLC0415

    __import__("mesh.linked1")
    __import__("mesh.linked2")
    __import__("mesh.following")  # as whoever keeps feeds of others has it
    for _ in range(3):
        gc.collect()
    before = gc.mem_alloc()  # type: ignore[attr-defined] # as above
    __import__("mesh.relating")
    for _ in range(3):
        gc.collect()
    print("code", gc.mem_alloc() - before)  # type: ignore[attr-defined] # as above


def main():
    """Make it, run MicroPython, and print the table."""
    import subprocess  # noqa: PLC0415 - MicroPython has none
    import tempfile  # noqa: PLC0415
    from pathlib import Path  # noqa: PLC0415

    from mesh.boards.virtual.process import build, find_micropython  # noqa: PLC0415

    here = Path(__file__).parent
    sys.path[:0] = [str(here.parent / "core")]
    kept, running = remembered()

    def run(code, *folders):
        found = [str(folder) for folder in folders] + [str(here)]
        done = subprocess.run(
            [find_micropython(), "-X", "heapsize=8m", "-c",
             f"import sys\nsys.path[:0] = {found!r}\nimport agreeing\n{code}"],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            raise SystemExit(done.stdout + done.stderr)
        return {line.split()[0]: line.split()[1:] for line in done.stdout.splitlines()}

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "relations")
        file.write_bytes(kept)
        compiled = build(Path(folder, "compiled"))
        flash = (compiled / "mesh/relating.mpy").stat().st_size
        found = run("agreeing.loaded()", compiled)
        found |= run(f"agreeing.measure({str(file)!r})", here.parents[1], here.parent / "core")
    print(f"{flash:7,} B of flash: mesh/relating.mpy")
    print(f"{len(kept) + 8:7,} B of flash: the file `relations`")
    print(f"{int(found['code'][0]):7,} B of heap: the code, loaded from files")
    print(f"{int(found['part'][0]):7,} B of heap: the part of the node, which knows nothing yet")
    known, count = found["known"]
    print(f"{int(known):7,} B of heap: {count} agreements, {running} of them running")


if __name__ == "__main__":
    sys.path.insert(0, str(__import__("pathlib").Path(__file__).resolve().parents[2]))
    main()
