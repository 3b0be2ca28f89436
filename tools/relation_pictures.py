"""Draw docs/pictures/relations-*.svg: a greenhouse whose peers promise, agree and try things out.

Usage: python3 tools/relation_pictures.py
"""

from collections.abc import Sequence

from pictures import FILE, STYLE, board, box, desktop, words

FOLDER = FILE.parent
NOBODY = "nobody leads it, and nobody can be added without a yes of its own"
CLOCKS = (
    "each counts by its own clock, from when it said yes and enough others did;"
    " nothing has to be called off"
)
TITLES = {
    "relations-circle.svg": (
        "A greenhouse with two boards and the computers of two neighbours, which are a circle with"
        " a goal; both boards promise how often they measure"
    ),
    "relations-agreement.svg": (
        "Four feeds: bob proposes that the fan runs from 28 degrees, door objects, soil and ann"
        " say yes; each peer computes that it is in force"
    ),
    "relations-trials.svg": (
        "Two trials of 7 and 14 days, with a bar for each member, from when it and enough others"
        " said yes; bob leaves one early"
    ),
}
WIDTH = 880
MORE = """
  .house { fill: none; stroke: #2f7d5b; stroke-width: 2.5; stroke-linejoin: round }
  .ring { fill: none; stroke: #77736a; stroke-width: 2; stroke-dasharray: 3 7;
    stroke-linecap: round }
  .strip { stroke: #8fa3ad; stroke-width: 2 }
  .plain { fill: #e3ecef; stroke: #8fa3ad; stroke-width: 1.5 }
  .yes { fill: #cfe8db; stroke: #2f7d5b; stroke-width: 2 }
  .but { fill: #f6ddd2; stroke: #b5502f; stroke-width: 2 }
  .means { fill: none; stroke: #2f7d5b; stroke-width: 1.8 }
  .doubts { fill: none; stroke: #b5502f; stroke-width: 1.8 }
  .bar { fill: #2f7d5b }
  .rest { fill: none; stroke: #77736a; stroke-width: 1.5; stroke-dasharray: 3 5 }
  .now { stroke: #b5502f; stroke-width: 2 }
  .grid { stroke: #d9d5c7; stroke-width: 1 }
  .chapter { font-size: 17px; font-weight: 600 }
  @media (prefers-color-scheme: dark) {
    .house, .means { stroke: #58b98c }
    .ring, .rest { stroke: #8e959b }
    .strip { stroke: #586a75 }
    .plain { fill: #2a363e; stroke: #7b8f9b }
    .yes { fill: #1f4534; stroke: #58b98c }
    .but { fill: #4c2a1c; stroke: #e08a66 }
    .doubts, .now { stroke: #e08a66 }
    .bar { fill: #58b98c }
    .grid { stroke: #323b43 }
  }
"""


def path(kind: str, points: str) -> str:
    return f'<path class="{kind}" d="{points}"/>'


def rule(kind: str, x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line class="{kind}" x1="{x1:.0f}" y1="{y1:.0f}" x2="{x2:.0f}" y2="{y2:.0f}"/>'


def bar(kind: str, x: float, y: float, width: float, height: float, round_by: int = 4) -> str:
    return (
        f'<rect class="{kind}" x="{x:.0f}" y="{y:.0f}" width="{width:.0f}" height="{height:.0f}"'
        f' rx="{round_by}"/>'
    )


def page(height: int, title: str, parts: Sequence[str]) -> str:
    """A whole file."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img"'
        f' width="{WIDTH}" height="{height}">\n<title>{title}</title>\n<style>{STYLE}{MORE}'
        "</style>\n"
        + "\n".join([box(1, 1, WIDTH - 2, height - 2, "ground", 14), *parts])
        + "\n</svg>\n"
    )


# who is in the greenhouse: name, what it is, what it has, where
PEERS = (
    ("ann", desktop, "a computer", (130, 268)),
    ("door", board, "temperature, fan", (350, 268)),
    ("soil", board, "moisture, pump", (530, 268)),
    ("bob", desktop, "a computer", (750, 268)),
)


def circle() -> str:
    """The circle, its goal, and a promise."""
    parts = [
        bar("ring", 40, 96, 800, 308, 120),
        path("house", "M256,350 L256,206 L440,142 L624,206 L624,350 Z"),
    ]  # fmt: skip
    for name, draw, has, (x, y) in PEERS:
        parts += draw(x, y)
        parts += [words((x, y + 54), "name", name), words((x, y + 72), "small", has)]
    parts += [
        words((440, 44), "chapter", "the circle “the seedlings live”"),
        words((440, 68), "small", "four equal members; what 3 of them say yes to is agreed"),
        words((350, 214), "said", "“a reading at least"),
        words((350, 232), "said", "every 60 s”"),
        words((530, 214), "said", "“every 10 min”"),
        words((530, 232), "small", "each promises for itself"),
        words((440, 438), "void", NOBODY),
    ]
    return page(462, TITLES["relations-circle.svg"], parts)


ROW, TOP, LEFT = 92, 96, 150
# name, then the entries of its feed: place, kind, words
FEEDS = (
    ("bob", ((0, "yes", "proposes", "“the fan runs from 28 °C”"),)),
    ("door", ((1, "but", "objects", "“it is loud at night”"),)),
    ("soil", ((2, "yes", "yes", ""),)),
    ("ann", ((3, "yes", "yes", ""),)),
)
PLACES = (190, 330, 440, 560)
COMPUTED = 672


def agreement() -> str:
    """A proposal, words about it, and what each peer computes."""
    parts = [
        words((LEFT - 110, 44), "chapter", "what each says, in its own signed feed", "start"),
        words((COMPUTED, 44), "chapter", "what each computes", "start"),
        words((COMPUTED, 64), "small", "from the same entries", "start"),
    ]
    goal = (PLACES[0] + 60, TOP + 31)
    for number, (name, said) in enumerate(FEEDS):
        y = TOP + ROW * number
        middle = y + 31
        parts += [
            words((LEFT - 30, middle + 6), "name", name, "end"),
            rule("strip", LEFT - 16, middle, COMPUTED - 40, middle),
            *[bar("plain", x, y + 16, 22, 30) for x in (LEFT - 12, LEFT + 12)],
        ]
        for place, kind, what, text in said:
            x, wide = PLACES[place], 60 if not text else 76
            if number:
                how = "means" if kind == "yes" else "doubts"
                end = goal[0] - 24 * (number - 1)
                parts.append(
                    path(how, f"M{x},{middle} C{end + 24},{middle} {end},{middle - 20}"
                         f" {end},{goal[1] + 20}")
                )  # fmt: skip
            parts += [
                bar(kind, x, y + 12, wide, 38),
                words((x + wide / 2, middle + 5), "small", what),
                words((x + wide + 10, middle - 8), "said" if kind == "yes" else "refused", text,
                      "start"),
            ]  # fmt: skip
        parts += [
            words((COMPUTED, middle + 1), "said", "in force", "start"),
            words((COMPUTED, middle + 18), "small", "3 of 4 said yes", "start"),
        ]
    parts += [
        words((WIDTH / 2, TOP + 4 * ROW + 14), "void",
              "each yes names the proposal by its hash, so it is a yes to exactly this text"),
        words((WIDTH / 2, TOP + 4 * ROW + 34), "void",
              "an objection is heard, and counts for nothing; silence is never a yes"),
    ]  # fmt: skip
    return page(TOP + 4 * ROW + 56, TITLES["relations-agreement.svg"], parts)


DAY, START, BAR = 36, 250, 22
TRIALS = (
    (
        "“no fan at night”",
        "for 7 d",
        (("ann", 1, 8, ""), ("bob", 1, 8, ""), ("door", 1, 8, ""),
         ("soil", 3, 10, "says yes later")),
    ),
    (
        "“water below 30 %”",
        "for 14 d",
        (("soil", 1, 15, ""), ("ann", 1, 15, ""), ("bob", 1, 4, "leaves"),
         ("door", None, 0, "said no: it is not its trial")),
    ),
)  # fmt: skip
TODAY = 6.5


def trials() -> str:
    """Two trials at the same time, each member by its own clock."""
    high = 452
    parts = [words((40, 38), "chapter", "two trials at the same time", "start")]
    for day in range(0, 17, 2):
        x = START + DAY * day
        parts += [
            rule("grid", x, 72, x, high - 64),
            words((x, 64), "small", f"day {day}"),
        ]
    y = 96.0
    for what, long, members in TRIALS:
        parts += [
            words((40, y + 6), "said", what, "start"),
            words((40, y + 26), "small", long, "start"),
        ]
        for name, begun, ended, why in members:
            parts.append(words((START - 14, y + 6), "small", name, "end"))
            if begun is None:
                parts += [
                    bar("rest", START, y - 10, DAY * 6, BAR),
                    words((START + 12, y + 6), "small", why, "start"),
                ]
            else:
                x, wide = START + DAY * begun, DAY * (ended - begun)
                parts.append(bar("bar", x, y - 10, wide, BAR))
                if why:
                    parts.append(words((x + wide + 10, y + 6), "refused", why, "start"))
            y += 32
        y += 24
    x = START + DAY * TODAY
    parts += [
        rule("now", x, 72, x, high - 66),
        words((x, high - 46), "refused", "today: 1 d 12 h and 8 d 12 h are left at ann's"),
        words((WIDTH / 2, high - 18), "void",
              CLOCKS),
    ]  # fmt: skip
    return page(high, TITLES["relations-trials.svg"], parts)


def pictures() -> dict[str, str]:
    """The content of each file by its name."""
    return {
        "relations-circle.svg": circle(),
        "relations-agreement.svg": agreement(),
        "relations-trials.svg": trials(),
    }


if __name__ == "__main__":
    for name, text in pictures().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
