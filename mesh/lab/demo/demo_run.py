"""Plays a demo in a folder that is gone afterwards."""

import asyncio
import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol


class Play(Protocol):
    """A demo: its screen, and its course, which gives whether all was seen."""

    @property
    def view(self) -> AbstractContextManager[Any]: ...
    async def run(self) -> bool: ...


def played(make: Callable[[Path], Play]) -> int:
    """Play what `make` makes for a folder. Exit code 0 only if all was seen."""

    async def play(folder: str) -> bool:
        demo = make(Path(folder))
        with demo.view:
            return await demo.run()

    with tempfile.TemporaryDirectory(prefix="othermesh-demo-") as folder:
        return 0 if asyncio.run(play(folder)) else 1
