"""Compile what goes on a board, and tell how much of its flash each file takes.

Every board loads what `mesh.device.main` and all that it leads to import when they are loaded.
What is imported where it is used counts as optional: kinds of sensors and actuators, and what
some settings or a free port 5353 ask for. Machine code for Ed25519 is counted apart: it is a
trade of its own between size and time.
"""

import ast
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from mesh.boards.firmware.lean import ports
from mesh.boards.firmware.link import linked
from mesh.boards.virtual.process import compile_file

BUDGET = 64 * 1024  # the aim for what every board loads, without Ed25519
MOST = 101_000  # what nobody may exceed: lower it whenever something gets smaller
ED25519 = ("mesh/device/ed25519.py",)
# they import in functions, to go on
ENTRIES = ("mesh/__init__.py", "mesh/device/start.py", "mesh/device/main.py")
ANY = "any port"  # not the files that only boards of some ports get
ALWAYS, CRYPTO, OPTIONAL = "every board", "Ed25519", "optional"
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
        for source, text in linked().texts.items()
    }


def loaded() -> set[str]:
    """The files that every board loads."""
    texts = {
        source.as_posix(): text
        for source, text in linked().texts.items()
        if ports(text, ANY) == (ANY,)
    }
    found: set[str] = set()
    left = list(ENTRIES)
    while left:
        name = left.pop()
        if name in found or name not in texts:
            continue
        found.add(name)
        tree = ast.parse(texts[name])
        statements = ast.walk(tree) if name in ENTRIES else tree.body
        for module in _imported(statements):
            path = module.replace(".", "/")
            left += [f"{path}.py", f"{path}/__init__.py"]
    return found


def _imported(statements: Iterable[ast.AST]) -> Iterator[str]:
    for statement in statements:
        if isinstance(statement, ast.ImportFrom) and statement.module:
            yield statement.module
            yield from (f"{statement.module}.{alias.name}" for alias in statement.names)
        elif isinstance(statement, ast.Import):
            yield from (alias.name for alias in statement.names)


def totals(found: dict[str, int]) -> dict[str, int]:
    """Bytes of what every board loads, of Ed25519, and of what is optional."""
    always = loaded()
    sums = {ALWAYS: 0, CRYPTO: 0, OPTIONAL: 0}
    for name, size in found.items():
        sums[CRYPTO if name in ED25519 else ALWAYS if name in always else OPTIONAL] += size
    return sums


def uses_machine_code(text: str) -> bool:
    """Whether this source is compiled differently for each kind of processor."""
    return "micropython.viper" in text or "micropython.native" in text


def main() -> None:
    """Print a line for each file, the largest first, and the sums."""
    found = sizes()
    always = loaded()
    for name, size in sorted(found.items(), key=lambda item: -item[1]):
        print(f"{size:7,} {name}{'' if name in always else ' (optional)'}")
    for group, total in totals(found).items():
        print(f"{total:7,} bytes of .mpy: {group}{f', of {BUDGET:,}' if group == ALWAYS else ''}")


if __name__ == "__main__":
    main()
