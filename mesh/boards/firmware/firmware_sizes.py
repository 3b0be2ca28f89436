"""Sizes of a built firmware, compared with its board's flash."""

from collections.abc import Mapping
from dataclasses import dataclass

from mesh.core.errors import LocalError

KIB = 1024
BLOCK = 4 * KIB  # block of LittleFS and of a board's flash
DIRECTORY = 2 * BLOCK  # LittleFS uses a pair of blocks for a folder


@dataclass(frozen=True)
class Sizes:
    """Bytes of each file by path, and of the ROM image; the board's space in KiB (0: unknown)."""

    files: Mapping[str, int]
    romfs: int
    fs_kib: int
    flash_kib: int

    @property
    def total(self) -> int:
        """Bytes of all files."""
        return sum(self.files.values())

    @property
    def blocks(self) -> int:
        """Bytes of the files on LittleFS, in whole blocks: rather too many."""
        folders = {name[:at] for name in self.files for at, c in enumerate(name) if c == "/"}
        used = sum(-(-size // BLOCK) * BLOCK for size in self.files.values())
        return used + DIRECTORY * len(folders)

    @property
    def groups(self) -> dict[str, int]:
        """Bytes by folder. Of sensors and actuators a board loads those in its settings."""
        found: dict[str, int] = {}
        for name, size in sorted(self.files.items()):
            folder = name.rpartition("/")[0] or "/"
            found[folder] = found.get(folder, 0) + size
        return found

    def check_room(self, board: str) -> None:
        """LocalError if the board's file system cannot hold the files."""
        if self.fs_kib and self.blocks > self.fs_kib * KIB:
            raise LocalError(
                f"the firmware takes {self.blocks // KIB} KiB, and {board} has {self.fs_kib} KiB",
                "leave kinds of sensors out, or build MicroPython with the manifest",
            )

    def text(self) -> str:
        """A table for people."""
        lines = _section("file", self.files) + _section("folder", self.groups)
        lines += [f"{self.total:9,}  all {len(self.files)} files"]
        lines += [f"{self.blocks:9,}  copied to LittleFS{_of(self.blocks, self.fs_kib)}"]
        lines += [f"{self.romfs:9,}  as a ROM image{_of(self.romfs, self.flash_kib)}"]
        return "\n".join(lines) + "\n"


def _section(title: str, sizes: Mapping[str, int]) -> list[str]:
    """The largest first."""
    rows = sorted(sizes.items(), key=lambda item: (-item[1], item[0]))
    return [f"{'bytes':>9}  {title}", *(f"{size:9,}  {name}" for name, size in rows), ""]


def _of(size: int, kib: int) -> str:
    return f": {100 * size / (kib * KIB):.0f} % of {kib:,} KiB" if kib else ""
