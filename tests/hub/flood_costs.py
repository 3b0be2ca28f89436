"""What a member that floods agreements costs a desktop that looks at them, in counts.

Usage: flood_costs.py [COUNT...]. Prints two tables of Markdown, for each shape of a flood and of
COUNT agreements: steps of bytecode in mesh/ that each of them costs, and bytes that stay. The
second is of what has a board's caps. Counts, no times: they are the same on every machine.
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = map(str, (ROOT, ROOT / "tests" / "core", ROOT / "tests"))

from agreement_histories import KIT, tell  # noqa: E402 - it is a command, too
from relation_floods import ME, SHAPES  # noqa: E402

from mesh.core.relations.agreements import Agreements  # noqa: E402
from mesh.core.relations.facts import Caps  # noqa: E402
from mesh.hub.operations.circles import Table  # noqa: E402
from mesh.hub.store.statements import Stated, Statement  # noqa: E402

CODE = str(ROOT / "mesh")
COUNTS = (250, 1000)


class Steps:
    """Counts steps of bytecode in mesh/ within `with`."""

    def __init__(self):
        self.count = 0

    def _call(self, frame, event, _):
        if not frame.f_code.co_filename.startswith(CODE):
            return None
        frame.f_trace_opcodes = True
        frame.f_trace_lines = False
        return self._step

    def _step(self, frame, event, _):
        if event == "opcode":
            self.count += 1
        return self._step

    def __enter__(self):
        self._before = sys.gettrace()
        sys.settrace(self._call)
        return self

    def __exit__(self, *_):
        sys.settrace(self._before)


def loaded(facts):
    """What a store with these rows gives: words first, as mesh.hub.store.statements reads them."""
    agreements = Agreements(KIT, ME)
    statements = {}
    for fact in sorted(facts, key=lambda fact: fact[0] == "pact"):
        tell(agreements, fact)
        if fact[0] == "pact":
            _, who, ref, one = fact
            statements[ref] = Statement(ref, who, len(statements), [0, 0, 0, 0], 0, one)
    return Stated(statements, {}, agreements)


def listed(found):
    """What `mesh circle --all` and `mesh agreement --all` show, and what is asked before a yes."""
    table = Table(found, ME, lambda peer: peer[:2].hex())
    rows = table.circles(True) + table.agreements(None, True)
    for ref in list(found.agreements.pacts)[-1:]:
        found.agreements.accepted_rivals(ref, ME)
        found.agreements.ties(ref, ME)
    return rows


def cost(shape, count):
    """(Steps to take them, steps to list all, bytes that they hold)."""
    facts = shape(count)
    with Steps() as taking:
        found = loaded(facts)
    with Steps() as listing:
        listed(found)
    return taking.count, listing.count, weight(found.agreements)


def bounded(shape, count):
    """With a board's caps: (agreements taken, words about what is noted, steps, bytes)."""
    agreements = Agreements(KIT, ME, Caps())
    facts = shape(count)
    with Steps() as steps:
        for fact in facts:
            tell(agreements, fact)
    return len(agreements.pacts), len(agreements._said), steps.count, weight(agreements)


def weight(root):
    """The bytes of an object and all that it refers to, but for kits and classes."""
    seen, todo, found = set(), [root], 0
    while todo:
        one = todo.pop()
        if id(one) in seen or callable(one) or one is KIT:
            continue
        seen.add(id(one))
        found += sys.getsizeof(one)
        if isinstance(one, dict):
            todo += [*one, *one.values()]
        elif isinstance(one, list | tuple | set):
            todo += one
        elif hasattr(one, "__dict__"):
            todo.append(vars(one))
    return found


def line(shape, count, numbers):
    name = shape.__name__.replace("_", " ")
    print(f"| {name} | {count:,} | " + " | ".join(f"{n:,}" for n in numbers) + " |", flush=True)


def main():
    """Print the tables."""
    counts = [int(word) for word in sys.argv[1:]] or COUNTS
    print("| flood | agreements | steps to take one | steps to list one | bytes of one |")
    print("|---|---|---|---|---|")
    for shape in SHAPES:
        for count in counts:
            line(shape, count, [round(part / count) for part in cost(shape, count)])
    print("\n| flood, with a board's caps | agreements | taken | words | steps for one | bytes |")
    print("|---|---|---|---|---|---|")
    for shape in SHAPES:
        for count in counts:
            taken, words, steps, size = bounded(shape, count)
            line(shape, count, [taken, words, round(steps / count), size])


if __name__ == "__main__":
    main()
