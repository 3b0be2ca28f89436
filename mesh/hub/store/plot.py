"""Charts of readings: in the terminal, as SVG, as PNG."""

import io
import math
import warnings
from collections.abc import Sequence
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from mesh.core.errors import LocalError
from mesh.hub import extras
from mesh.hub.failure import USAGE, Failure
from mesh.hub.home import files
from mesh.hub.show.local_time import DAY_MS, local, round_times, shown
from mesh.hub.show.svg import GREY, Drawing
from mesh.hub.show.words import printable
from mesh.hub.store.queries import Point

WIDTH, HEIGHT = 900.0, 360.0  # pixels of a picture
LEFT, RIGHT, TOP, BOTTOM = 70.0, 20.0, 40.0, 40.0
LINE, BAND = "#1f6fb4", "#c6dcef"
TICKS, LINES = 6, 8  # about how many labels along, and lines up
GAP = 8  # times the usual distance of points: a longer one is shown as a gap
MINUTE_MS, YEAR_MS = 60_000, 300 * DAY_MS  # a year or so, in which names of months repeat
STEPS_S = (  # steps between labels of time
    *(1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800),
    *(3600, 7200, 10_800, 21_600, 43_200, 86_400, 172_800, 604_800),
)


class Plot(NamedTuple):
    """A chart: points in order, title, and notes."""

    title: str
    unit: str
    points: Sequence[Point]
    note: str = ""


def text(plot: Plot, width: int, height: int) -> str:
    """The plot as characters, for a terminal of that size."""
    import plotext  # noqa: PLC0415 - slow to load, and few commands draw

    figure = plotext
    figure.clear_figure()
    figure.theme("clear")
    figure.plotsize(width, height)
    figure.title(_title(plot))
    many = any(point.n > 1 for point in plot.points)
    for part in _parts(plot.points):
        times = [point.time / 1000 for point in part]
        if many:
            figure.plot(times, [point.most for point in part], marker="dot")
            figure.plot(times, [point.least for point in part], marker="dot")
        figure.plot(times, [point.mean for point in part], marker="braille")
    low, high, step = _scale_of(plot)
    figure.ylim(low, high)
    values = [low + count * step for count in range(round((high - low) / step) + 1)]
    figure.yticks(values, [f"{value:.6g}" for value in values])
    ticks = time_ticks(plot)
    figure.xticks([tick / 1000 for tick in ticks], [label(tick, plot) for tick in ticks])
    drawn: str = figure.uncolorize(figure.build())
    return drawn.rstrip()


def save(plot: Plot, path: Path) -> None:
    """Draw into a file: SVG, or PNG with matplotlib. LocalError, with the file unchanged."""
    drawn = svg(plot).encode() if kind_of(path) == ".svg" else _png(plot)
    try:
        files.write(path, drawn)
    except OSError as error:
        raise LocalError(f"{path} cannot be written: {error.strerror or error}") from error


def kind_of(path: Path) -> str:
    """The kind of picture, by the end of a file's name. Failure."""
    suffix = path.suffix.lower()
    if suffix not in (".svg", ".png"):
        raise Failure(f"{path}: a picture ends in .svg or .png", None, USAGE)
    return suffix


def svg(plot: Plot) -> str:
    """The plot as SVG: means as a line, minimum to maximum as a band."""
    points = plot.points
    low, high, step = _scale_of(plot)
    start, end = points[0].time, max(points[-1].time, points[0].time + 1)

    def x(time: float) -> float:
        return round(LEFT + (time - start) / (end - start) * (WIDTH - LEFT - RIGHT), 1)

    def y(value: float) -> float:
        return round(HEIGHT - BOTTOM - (value - low) / (high - low) * (HEIGHT - TOP - BOTTOM), 1)

    drawing = Drawing()
    drawing.text(LEFT, 24, _title(plot), 15)
    if plot.note:
        drawing.text(LEFT, 38, plot.note, 10, fill=GREY)
    for count in range(round((high - low) / step) + 1):
        value = low + count * step
        drawing.line([(LEFT, y(value)), (WIDTH - RIGHT, y(value))], stroke="#e5e5e5")
        drawing.text(LEFT - 8, y(value) + 4, f"{value:.6g}", 12, text_anchor="end", fill=GREY)
    for part in _parts(points):
        band = [(x(p.time), y(p.most)) for p in part] + [
            (x(p.time), y(p.least)) for p in reversed(part)
        ]
        drawing.polygon(band, fill=BAND)
        drawing.line([(x(p.time), y(p.mean)) for p in part], stroke=LINE, stroke_width="1.5")
    for time in time_ticks(plot):
        drawing.text(
            x(time), HEIGHT - BOTTOM + 20, label(time, plot), 12, text_anchor="middle", fill=GREY
        )
    return drawing.page(WIDTH, HEIGHT, plot.title)


def _png(plot: Plot) -> bytes:
    try:
        from matplotlib.figure import Figure  # noqa: PLC0415 - large, and few need it
        from numpy import datetime64  # noqa: PLC0415 - comes with it
    except ImportError as error:
        raise LocalError(
            "PNG needs the package matplotlib, which is not installed",
            f"{extras.PLOT}; SVG needs nothing more",
        ) from error
    figure = Figure(figsize=(WIDTH / 100, HEIGHT / 100), dpi=150, layout="constrained")
    axes = figure.subplots()
    for part in _parts(plot.points):
        times = [datetime64(point.time, "ms") for point in part]
        least = [point.least for point in part]
        axes.fill_between(times, least, [point.most for point in part], color=BAND)
        axes.plot(times, [point.mean for point in part], color=LINE, linewidth=1.2)
    ticks = time_ticks(plot)
    axes.set_xticks([datetime64(tick, "ms") for tick in ticks], [label(t, plot) for t in ticks])
    title = _title(plot) + (f"\n{printable(plot.note)}" if plot.note else "")
    axes.set_title(title, fontsize=10, parse_math=False)
    axes.grid(alpha=0.3)
    drawn = io.BytesIO()
    with warnings.catch_warnings():  # about characters that the font lacks
        warnings.simplefilter("ignore")
        figure.savefig(drawn, format="png", metadata={"Software": None})
    return drawn.getvalue()


def _title(plot: Plot) -> str:
    """Name, unit, and the day if the labels of time do not show it."""
    title = printable(f"{plot.title}, {plot.unit}" if plot.unit else plot.title)
    first, last = (local(point.time) for point in (plot.points[0], plot.points[-1]))
    if first is None or last is None or last - first >= timedelta(days=1):
        return title
    return f"{title}, {first:%d %b %Y}"


def _parts(points: Sequence[Point]) -> list[list[Point]]:
    """Split the points at gaps, over which no line is drawn."""
    steps = sorted(b.time - a.time for a, b in pairwise(points))
    usual = steps[len(steps) // 2] if steps else 0
    parts = [[points[0]]]
    for before, point in pairwise(points):
        if point.time - before.time > GAP * usual:
            parts.append([])
        parts[-1].append(point)
    return parts


def _scale_of(plot: Plot) -> tuple[float, float, float]:
    return _scale(min(p.least for p in plot.points), max(p.most for p in plot.points))


def _scale(least: float, most: float) -> tuple[float, float, float]:
    """Round numbers around the values: least, most, and step."""
    room = (most - least) or abs(most) or 1.0
    rough = room / LINES
    power: float = 10.0 ** math.floor(math.log10(rough))
    step = next(power * n for n in (1, 2, 5, 10) if power * n >= rough)
    low = math.floor(least / step) * step
    high = math.ceil(most / step) * step
    return (low, high, step) if high > low else (low - step, high + step, step)


def time_ticks(plot: Plot) -> list[int]:
    """Round local times along the plot, in Unix ms."""
    start, end = plot.points[0].time, plot.points[-1].time
    return list(round_times(start, end, _step(plot))) or [start]


def _step(plot: Plot) -> int:
    """Milliseconds between labels of time."""
    whole = plot.points[-1].time - plot.points[0].time
    steps = (second * 1000 for second in STEPS_S if whole <= second * 1000 * TICKS)
    return next(steps, math.ceil(whole / TICKS / DAY_MS) * DAY_MS)


def label(time_ms: int, plot: Plot) -> str:
    """A local time as a label, as exact as the plot needs."""
    step, whole = _step(plot), plot.points[-1].time - plot.points[0].time
    if step >= DAY_MS:
        form = "%d %b %Y" if whole >= YEAR_MS else "%d %b"
    else:
        clock = "%H:%M:%S" if step < MINUTE_MS else "%H:%M"
        form = f"%d %b {clock}" if whole >= DAY_MS else clock
    moment = local(time_ms)
    if moment is None:
        return "?"
    return moment.strftime(form) if step >= DAY_MS else shown(moment, form)
