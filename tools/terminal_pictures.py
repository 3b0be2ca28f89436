"""Draw docs/pictures/flash*.svg: what `mesh flash` shows, out of real runs against virtual boards.

Usage: .venv/bin/python tools/terminal_pictures.py
"""

import asyncio
import io
import tempfile
from pathlib import Path

from rich.console import Console
from rich.text import Text

from mesh.boards.cable import images
from mesh.boards.catalogue import hardware
from mesh.boards.flash import flashing as flash
from mesh.boards.flash.order import Order
from mesh.boards.virtual.virtual_board import Virtual
from mesh.cli.views.flash_view import bar
from mesh.cli.views.flash_view import flash as view
from mesh.core.errors import MeshError
from mesh.hub.home.home import Home

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "pictures"
WIDTH = 88
LOOPBACK = {"discovery": {"interface": "127.0.0.1", "layers": []}}
PORT = "/dev/pts/5"  # instead of the virtual board's, whose number is another each time
# rich's own frame without the fonts that it would fetch from a server
FRAME = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img">
<style>
.{unique_id}-matrix {{ font-family: ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace;
  font-size: {char_height}px; line-height: {line_height}px }}
.{unique_id}-title {{ font-family: system-ui, sans-serif; font-size: 18px }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" />
</clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""


class Screen:
    """A terminal that is drawn instead of shown."""

    def __init__(self, typed) -> None:
        self._console = Console(
            record=True, file=io.StringIO(), width=WIDTH, force_terminal=True, highlight=False
        )
        self.show(Text().append("$ ", "dim").append(typed, "bold"))

    def show(self, what) -> None:
        self._console.print(what)

    def fail(self, error) -> None:
        """As the command tells a failure."""
        self.show(Text("mesh: ", "bold red").append(error.detail, "default"))
        for line in (error.help or "").splitlines():
            self.show(Text(f"  {line}"))

    def save(self, name) -> None:
        self._console.save_svg(
            str(FOLDER / f"{name}.svg"), title="mesh flash", code_format=FRAME, unique_id=name
        )


async def run(screen, order, port) -> None:
    """Flash, and show each step with one of its bars."""
    shown = False
    async for event in flash.flash(order, ["127.0.0.1"]):
        if event["event"] == "progress" and not shown and event["done"] * 3 > event["of"] * 2:
            screen.show(bar(event))
            shown = True
        if "where" in event:
            event["where"] = event["where"].replace(port, PORT)
        what = view(event)
        if what is not None:
            screen.show(what)


def first(folder) -> None:
    """A blank board; then the same command again."""
    settings = LOOPBACK | {"name": "greenhouse", "sensors": {"load": {"every_s": 10}}}
    with Virtual(folder / "board") as board:
        for name in ("flash", "flash-again"):
            screen = Screen(f"mesh flash {PORT} --name greenhouse --sensor load,every_s=10")
            order = Order(Home(folder / "home"), board.port, settings=settings)
            asyncio.run(run(screen, order, board.port))
            screen.save(name)


def refused(folder) -> None:
    """An image for another chip, and half of a download."""
    file = folder / "ESP32_GENERIC-20250911-v1.26.1.bin"
    file.write_bytes(b"\xe9" + bytes(5000))
    screen = Screen(f"mesh flash --board pico_w --image {file.name}")
    try:
        images.load(file, hardware.board("pico_w"))
    except MeshError as error:
        error.detail = error.detail.replace(f"{folder}/", "")
        screen.fail(error)
    screen.save("flash-refused")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made:
        first(Path(made))
        refused(Path(made))
