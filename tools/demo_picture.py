"""Draw docs/pictures/demo.svg: a real run of `mesh demo` at a terminal of 80x24, as it moves.

Usage: .venv/bin/python tools/demo_picture.py
"""

import sys
import time
from html import escape
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "hub")]

from terminal import COLUMNS, LINES, Terminal  # noqa: E402

FILE = ROOT / "docs" / "pictures" / "demo.svg"
LIMIT_S = 120
APART_S = 1.6  # between two pictures, in the run
SHOWN_S = 1.1  # of each, and of the last
LAST_S = 6.0
WIDE, HIGH, EDGE = 8, 17, 12  # of a character, and around all of them


def watch():
    """What was to be seen, one screen after the other; SystemExit if the demo failed."""
    screens = []
    taken_s = [0.0]

    def look(lines):
        now_s = time.monotonic()
        if now_s - taken_s[0] >= APART_S and (not screens or lines != screens[-1]):
            screens.append(lines)
            taken_s[0] = now_s
        return False

    with Terminal(sys.executable, "-m", "mesh", "demo") as terminal:
        code = terminal.run(LIMIT_S, look)
        screens.append(terminal.lines())
    if code:
        sys.exit(f"the demo ended with {code}; the picture stays as it was")
    return screens


def frame(lines):
    """The text of one screen."""
    rows = [
        f'<text x="{EDGE}" y="{EDGE + HIGH * (at + 1) - 4}">{escape(line)}</text>'
        for at, line in enumerate(lines)
        if line
    ]
    return "".join(rows)


def drawn(screens):
    """The picture. Whoever wants no movement sees the last screen."""
    total_s = SHOWN_S * (len(screens) - 1) + LAST_S
    rules, groups = [], []
    for at, lines in enumerate(screens):
        last = at == len(screens) - 1
        begin = 100 * SHOWN_S * at / total_s
        end = 100.0 if last else 100 * SHOWN_S * (at + 1) / total_s
        rules.append(
            f"@keyframes s{at}{{0%,{begin:.2f}%{{visibility:hidden}}"
            f"{begin + 0.01:.2f}%,{end:.2f}%{{visibility:visible}}"
            + ("}" if last else f"{end + 0.01:.2f}%,100%{{visibility:hidden}}}}")
        )
        still = "visible" if last else "hidden"
        rules.append(f".s{at}{{visibility:{still};animation:s{at} {total_s:.1f}s infinite}}")
        groups.append(f'<g class="s{at}">{frame(lines)}</g>')
    width, height = 2 * EDGE + WIDE * COLUMNS, 2 * EDGE + HIGH * LINES
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img"'
            ' xml:space="preserve">',
            "<title>mesh demo, as it runs</title>",
            "<style>text{font:13.3px ui-monospace,Menlo,Consolas,'DejaVu Sans Mono',monospace;"
            "fill:#d8dee9;white-space:pre}",
            *rules,
            "@media (prefers-reduced-motion){g{animation:none!important}}",
            "</style>",
            f'<rect width="{width}" height="{height}" rx="8" fill="#1e222a"/>',
            *groups,
            "</svg>\n",
        ]
    )


if __name__ == "__main__":
    FILE.write_text(drawn(watch()), encoding="utf-8")
