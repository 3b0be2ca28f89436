"""Draw docs/pictures/mesh.svg: peers of several kinds, every one linked with every other.

Usage: python3 tools/pictures.py
"""

import itertools
import math
from pathlib import Path

FILE = Path(__file__).resolve().parent.parent / "docs" / "pictures" / "mesh.svg"
WIDTH, HEIGHT = 880, 540
MIDDLE = (430, 282)
RADII = (270, 186)
PEERS = (
    ("greenhouse", "board", "temperature, fan"),
    ("study", "desktop", "load, memory"),
    ("shed", "board", "lamp"),
    ("laptop", "desktop", "battery, load"),
    ("door", "board", "switch"),
)
# where each one's words stand, clear of all lines
BESIDE = (
    (0, -53, "middle"),
    (48, -2, "start"),
    (0, 52, "middle"),
    (0, 52, "middle"),
    (-48, -2, "end"),
)
STRANGER = (794, 488)
# both palettes have their own ground, so the picture reads well on any page
STYLE = """
  .ground { fill: #fbfaf6; stroke: #d9d5c7 }
  .line { stroke: #8fa3ad; stroke-width: 2 }
  .talk { stroke: #2f7d5b; stroke-width: 3 }
  .no { stroke: #b5502f; stroke-width: 3 }
  .open { stroke: #77736a; stroke-width: 2; stroke-dasharray: 3 6; stroke-linecap: round }
  .peer { fill: #ffffff; stroke: #3d5561; stroke-width: 2.5 }
  .part { fill: #3d5561 }
  .bright { fill: #e3ecef }
  text { font-family: system-ui, "Segoe UI", "Helvetica Neue", Arial, sans-serif; fill: #22303a }
  .name { font-size: 18px; font-weight: 600 }
  .small { font-size: 14px; fill: #5d6a70 }
  .said { font-size: 15px; fill: #1f6a49 }
  .refused { font-size: 15px; fill: #a3441f }
  .void { font-size: 15px; font-style: italic; fill: #5d6a70 }
  @media (prefers-color-scheme: dark) {
    .ground { fill: #161b20; stroke: #323b43 }
    .line { stroke: #586a75 }
    .talk { stroke: #58b98c }
    .no { stroke: #e08a66 }
    .open { stroke: #8e959b }
    .peer { fill: #20282e; stroke: #a9bdc8 }
    .part { fill: #a9bdc8 }
    .bright { fill: #33424b }
    text { fill: #e4eaed }
    .small, .void { fill: #a3b0b7 }
    .said { fill: #7fd3ab }
    .refused { fill: #f0a383 }
  }
"""


def place(number) -> tuple[float, float]:
    """Where peer `number` stands on the ring; the first at the top."""
    turn = 2 * math.pi * number / len(PEERS) - math.pi / 2
    return MIDDLE[0] + RADII[0] * math.cos(turn), MIDDLE[1] + RADII[1] * math.sin(turn)


def line(start, end, kind) -> str:
    return (
        f'<line class="{kind}" x1="{start[0]:.0f}" y1="{start[1]:.0f}"'
        f' x2="{end[0]:.0f}" y2="{end[1]:.0f}"/>'
    )


def words(at, kind, text, anchor="middle") -> str:
    where = f'x="{at[0]:.0f}" y="{at[1]:.0f}" text-anchor="{anchor}"'
    return f'<text class="{kind}" {where}>{text}</text>'


def box(x, y, width, height, kind, round_by=2) -> str:
    return (
        f'<rect class="{kind}" x="{x:.0f}" y="{y:.0f}" width="{width}" height="{height}"'
        f' rx="{round_by}"/>'
    )


def board(x, y) -> list[str]:
    """A chip with pins on both sides."""
    pins = [
        box(x + side, y - 21 + 11 * pin, 9, 5, "part")
        for pin in range(5) for side in (-38, 29)
    ]  # fmt: skip
    return [
        *pins,
        box(x - 30, y - 28, 60, 56, "peer", 7),
        box(x - 14, y - 13, 28, 26, "bright", 4),
        f'<circle class="part" cx="{x - 20:.0f}" cy="{y - 19:.0f}" r="3"/>',
    ]


def desktop(x, y) -> list[str]:
    """A screen on its foot."""
    return [
        box(x - 6, y + 16, 12, 14, "part", 0),
        box(x - 20, y + 26, 40, 6, "part", 3),
        box(x - 38, y - 30, 76, 50, "peer", 7),
        box(x - 30, y - 22, 60, 34, "bright", 3),
    ]


def peer(number) -> list[str]:
    """One peer: what it is, its name, what it has."""
    (x, y), (name, kind, has) = place(number), PEERS[number]
    drawn = {"board": board, "desktop": desktop}[kind](x, y)
    dx, dy, anchor = BESIDE[number]
    at, below = (x + dx, y + dy), (x + dx, y + dy + 17)
    return [*drawn, words(at, "name", name, anchor), words(below, "small", has, anchor)]


def picture() -> str:
    """The whole file."""
    ring = [place(number) for number in range(len(PEERS))]
    greenhouse, study, shed, laptop, _ = ring
    parts = [box(1, 1, WIDTH - 2, HEIGHT - 2, "ground", 14)]
    parts += [line(a, b, "line") for a, b in itertools.combinations(ring, 2)]
    parts += [line(greenhouse, study, "talk"), line(laptop, shed, "no")]
    parts += [line(shed, (STRANGER[0] - 40, STRANGER[1] - 34), "open")]
    for number in range(len(PEERS)):
        parts += peer(number)
    beside = ((greenhouse[0] + study[0]) / 2 + 26, (greenhouse[1] + study[1]) / 2 - 24)
    below = ((laptop[0] + shed[0]) / 2, laptop[1] + 24)
    parts += [
        words(beside, "said", "“temperature 21.4 °C”", "start"),
        words((beside[0] + 12, beside[1] + 20), "small", "signed by greenhouse", "start"),
        words(below, "refused", "“lamp on?”   “no, not for you”"),
        words((below[0], below[1] + 20), "small", "both signed"),
        words((MIDDLE[0], MIDDLE[1] - 2), "void", "nobody"),
        words((MIDDLE[0], MIDDLE[1] + 17), "void", "in the middle"),
        words((STRANGER[0], STRANGER[1] - 14), "name", "any CoAP"),
        words((STRANGER[0], STRANGER[1] + 6), "name", "client"),
        words((STRANGER[0], STRANGER[1] + 26), "small", "GET, if shared"),
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img"'
        f' width="{WIDTH}" height="{HEIGHT}">\n<title>Three boards and two desktops, each linked'
        f" with all others; nobody in the middle</title>\n<style>{STYLE}</style>\n"
        + "\n".join(parts)
        + "\n</svg>\n"
    )


if __name__ == "__main__":
    FILE.write_text(picture(), encoding="utf-8")
