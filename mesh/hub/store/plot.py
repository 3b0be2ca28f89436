"""Readings drawn: in the terminal, as SVG, as PNG."""

import math
from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from mesh.core.errors import LocalError
from mesh.hub.failure import USAGE, Failure
from mesh.hub.store.queries import Point
from mesh.hub.svg import GREY, Drawing

WIDTH, HEIGHT = 900.0, 360.0  # pixels of a picture
LEFT, RIGHT, TOP, BOTTOM = 70.0, 20.0, 40.0, 40.0
LINE, BAND = "#1f6fb4", "#c6dcef"
TICKS = 6
GAP = 8  # times the usual distance between points: there nothing was measured
DAY_MS = 86_400_000


class Plot(NamedTuple):
    """What to draw: points in order, and what they are of."""

    title: str
    unit: str
    points: Sequence[Point]


def text(plot: Plot, width: int, height: int) -> str:
    """The plot in characters, for a terminal of that size."""
    import plotext  # noqa: PLC0415 - slow to load, and few commands draw

    figure = plotext
    figure.clear_figure()
    figure.theme("clear")
    figure.plotsize(width, height)
    figure.title(plot.title)
    figure.ylabel(plot.unit)
    times = [point.time / 1000 for point in plot.points]
    if any(point.n > 1 for point in plot.points):
        figure.plot(times, [point.most for point in plot.points], marker="dot")
        figure.plot(times, [point.least for point in plot.points], marker="dot")
    figure.plot(times, [point.mean for point in plot.points], marker="braille")
    ticks = [_s / 1000 for _s in time_ticks(plot)]
    figure.xticks(ticks, [label(int(tick * 1000), plot) for tick in ticks])
    drawn: str = figure.uncolorize(figure.build())
    return drawn.rstrip()


def save(plot: Plot, path: Path) -> None:
    """Draw into a file: SVG, or PNG if matplotlib is there. LocalError."""
    suffix = path.suffix.lower()
    if suffix not in (".svg", ".png"):
        raise Failure(f"{path.name}: a picture ends in .svg or .png", None, USAGE)
    try:
        if suffix == ".svg":
            path.write_text(svg(plot), encoding="utf-8")
        else:
            _png(plot, path)
    except OSError as error:
        raise LocalError(f"{path} cannot be written: {error.strerror or error}") from error


def svg(plot: Plot) -> str:
    """The plot as the text of an SVG file: the means as a line, least to most as a band."""
    points = plot.points
    low, high, step = _scale(
        min(point.least for point in points), max(point.most for point in points)
    )
    start, end = points[0].time, max(points[-1].time, points[0].time + 1)

    def x(time: float) -> float:
        return round(LEFT + (time - start) / (end - start) * (WIDTH - LEFT - RIGHT), 1)

    def y(value: float) -> float:
        return round(HEIGHT - BOTTOM - (value - low) / (high - low) * (HEIGHT - TOP - BOTTOM), 1)

    drawing = Drawing()
    drawing.text(LEFT, 24, plot.title, 15)
    for part in _parts(points):
        band = [(x(p.time), y(p.most)) for p in part] + [
            (x(p.time), y(p.least)) for p in reversed(part)
        ]
        drawing.polygon(band, fill=BAND)
        drawing.line([(x(p.time), y(p.mean)) for p in part], stroke=LINE, stroke_width="1.5")
    for count in range(round((high - low) / step) + 1):
        value = low + count * step
        drawing.line([(LEFT, y(value)), (WIDTH - RIGHT, y(value))], stroke="#e5e5e5")
        drawing.text(LEFT - 8, y(value) + 4, f"{value:.6g}", 12, text_anchor="end", fill=GREY)
    drawing.text(8, TOP - 8, plot.unit, 12, fill=GREY)
    for time in time_ticks(plot):
        drawing.text(
            x(time), HEIGHT - BOTTOM + 20, label(time, plot), 12, text_anchor="middle", fill=GREY
        )
    return drawing.page(WIDTH, HEIGHT, plot.title)


def _png(plot: Plot, path: Path) -> None:
    try:
        from matplotlib.figure import Figure  # noqa: PLC0415 - large, and few need it
        from numpy import datetime64  # noqa: PLC0415 - comes with it
    except ImportError as error:
        raise LocalError(
            "PNG needs the package matplotlib, which is not installed",
            "pip install 'othermesh[plot]'; SVG needs nothing more",
        ) from error
    figure = Figure(figsize=(WIDTH / 100, HEIGHT / 100), dpi=150, layout="constrained")
    axes = figure.subplots()
    for part in _parts(plot.points):
        times = [datetime64(point.time, "ms") for point in part]
        least = [point.least for point in part]
        axes.fill_between(times, least, [point.most for point in part], color=BAND)
        axes.plot(times, [point.mean for point in part], color=LINE, linewidth=1.2)
    axes.set_title(plot.title)
    axes.set_ylabel(plot.unit)
    axes.grid(alpha=0.3)
    figure.savefig(path, metadata={"Software": None})


def _parts(points: Sequence[Point]) -> list[list[Point]]:
    """The points, apart where for long nothing was measured: no line is drawn over that."""
    steps = sorted(b.time - a.time for a, b in pairwise(points))
    usual = steps[len(steps) // 2] if steps else 0
    parts = [[points[0]]]
    for before, point in pairwise(points):
        if point.time - before.time > GAP * usual:
            parts.append([])
        parts[-1].append(point)
    return parts


def _scale(least: float, most: float) -> tuple[float, float, float]:
    """Round numbers around the values: least, most, and the step between lines."""
    room = (most - least) or abs(most) or 1.0
    rough = room / TICKS
    power: float = 10.0 ** math.floor(math.log10(rough))
    step = next(power * n for n in (1, 2, 5, 10) if power * n >= rough)
    low = math.floor(least / step) * step
    high = math.ceil(most / step) * step
    return (low, high, step) if high > low else (low - step, high + step, step)


def time_ticks(plot: Plot) -> list[int]:
    """Some times along the plot, in Unix ms."""
    start, end = plot.points[0].time, plot.points[-1].time
    if start == end:
        return [start]
    return [start + (end - start) * n // (TICKS - 1) for n in range(TICKS)]


def label(time_ms: int, plot: Plot) -> str:
    """A time as it is written along the plot: local time, as exact as the plot is."""
    long_ms = plot.points[-1].time - plot.points[0].time
    form = "%H:%M:%S" if long_ms < DAY_MS // 24 else "%H:%M" if long_ms < DAY_MS else "%d %b %H:%M"
    if long_ms > 14 * DAY_MS:
        form = "%d %b %Y"
    try:
        return datetime.fromtimestamp(time_ms / 1000).strftime(form)  # noqa: DTZ006 - local time
    except (OverflowError, ValueError, OSError):
        return "?"
