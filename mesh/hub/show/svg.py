"""Writer of SVG: a few shapes. Coordinates in pixels, with y downwards."""

from xml.sax.saxutils import escape

from mesh.hub.show.words import printable

FONT = "DejaVu Sans, Verdana, Arial, sans-serif"
INK = "#1a1a1a"
GREY = "#777777"

Point = tuple[float, float]


class Drawing:
    """Shapes in painting order."""

    def __init__(self) -> None:
        self._parts: list[str] = []

    def rect(self, corner: Point, size: Point, **style: str) -> None:
        """A rectangle. Style as SVG attributes, with `_` for `-`."""
        (x, y), (width, height) = corner, size
        self._add(f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}"', style)

    def circle(self, x: float, y: float, radius: float, **style: str) -> None:
        """A circle."""
        self._add(f'<circle cx="{x:g}" cy="{y:g}" r="{radius:g}"', style)

    def wire(self, pieces: list[tuple[Point, Point]], colour: str) -> None:
        """A wire of straight pieces with a light rim, so that crossing wires are distinct."""
        path = " ".join(f"M{x:g},{y:g} L{to_x:g},{to_y:g}" for (x, y), (to_x, to_y) in pieces)
        for stroke, width, cap in (("#ffffff", "7", "butt"), (colour, "3", "round")):
            style = {"stroke": stroke, "stroke_width": width, "stroke_linecap": cap}
            self._add(f'<path d="{path}"', {"fill": "none"} | style)

    def line(self, points: list[Point], **style: str) -> None:
        """A polyline."""
        path = " ".join(f"{x:g},{y:g}" for x, y in points)
        self._add(f'<polyline points="{path}"', {"fill": "none"} | style)

    def polygon(self, points: list[Point], **style: str) -> None:
        """A polygon."""
        path = " ".join(f"{x:g},{y:g}" for x, y in points)
        self._add(f'<polygon points="{path}"', style)

    def text(self, x: float, y: float, words: str, size: int = 12, **style: str) -> None:
        """A line of text, at its baseline."""
        self._add(
            f'<text x="{x:g}" y="{y:g}" font-size="{size}"',
            {"fill": INK} | style,
            f">{escape(printable(words))}</text>",
        )

    def _add(self, start: str, style: dict[str, str], end: str = "/>") -> None:
        attributes = "".join(f' {key.replace("_", "-")}="{value}"' for key, value in style.items())
        self._parts.append(start + attributes + end)

    def page(self, width: float, height: float, title: str) -> str:
        """The whole picture as SVG."""
        head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:g}" height="{height:g}" '
            f'viewBox="0 0 {width:g} {height:g}" font-family="{FONT}">'
        )
        ground = f'<rect width="{width:g}" height="{height:g}" fill="#ffffff"/>'
        lines = [
            head,
            f"<title>{escape(printable(title))}</title>",
            ground,
            *self._parts,
            "</svg>",
        ]
        return "\n".join(lines) + "\n"


def wrapped(words: str, most: int) -> list[str]:
    """Wrap a text into lines of at most `most` characters."""
    lines: list[str] = []
    for word in words.split():
        if lines and len(lines[-1]) + 1 + len(word) <= most:
            lines[-1] += " " + word
        else:
            lines.append(word)
    return lines
