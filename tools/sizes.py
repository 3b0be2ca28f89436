"""Compile what goes on a board, and tell how much of its flash each file takes."""

import tempfile
from pathlib import Path

from mesh.hub.boards import compile_file
from mesh.hub.lean import leaned, sources

BUDGET = 64 * 1024  # the aim; with each name counted once, as a board's memory holds it, 69 KiB
MOST = 86_000  # what nobody may exceed: lower it whenever something gets smaller
# counted apart: a fast Ed25519 is a trade of its own between size and time; of all the kinds of
# sensors and actuators, a board loads those that its settings name
APART = tuple(
    f"mesh/device/{name}.py"
    for name in ("base25519", "ed25519", "field25519", "scalar25519", "sha512", "sha512_words")
) + tuple(
    source.as_posix()
    for source in sources()
    if source.parts[2:3] in (("sensors",), ("actuators",)) and source.stem != "__init__"
)
# RP2040; RP2350; ESP32 and S3; ESP32-C3 and C6
ARCHITECTURES = ("armv6m", "armv7m", "xtensawin", "rv32imc")


def compiled(source: Path, text: str, architecture: str) -> int:
    """The bytes of this file's .mpy; LocalError with the compiler's words if there is none."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "x.mpy"
        compile_file(source, text, out, architecture)
        return out.stat().st_size


def sizes() -> dict[str, int]:
    """Bytes of .mpy by file name."""
    return {
        source.as_posix(): compiled(source, text, ARCHITECTURES[0])
        for source, text in leaned().items()
    }


def uses_machine_code(text: str) -> bool:
    """Whether this source is compiled differently for each kind of processor."""
    return "micropython.viper" in text or "micropython.native" in text


def main() -> None:
    """Print a line for each file, the largest first, and the sum."""
    found = sizes()
    for name, size in sorted(found.items(), key=lambda item: -item[1]):
        print(f"{size:7,} {name}")
    total = sum(size for name, size in found.items() if name not in APART)
    print(f"{total:7,} bytes of .mpy without Ed25519 and kinds, of {BUDGET:,}")


if __name__ == "__main__":
    main()
