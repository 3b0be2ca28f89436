"""Count what Ed25519 costs a board, in executed instructions, and check it on words of 32 bits.

Usage: python tools/count_instructions.py BOARD=FIRMWARE ...

FIRMWARE is MicroPython's port for QEMU, already built for one of its boards, as that port's own
README says: the file firmware.elf. With the port's own settings MPS2_AN385 and VIRT_RV32 do;
MICROBIT needs machine code switched on (MICROPY_EMIT_THUMB, without ARMV7M and inline assembler)
and a place for ROMFS of 256 KiB at 0x80000. Of Debian: qemu-system-arm, and for VIRT_RV32
qemu-system-misc. QEMU runs the files of a board as they are compiled for one, from ROMFS. Its
-icount gives each instruction one nanosecond of the board's time, so the board's own clock counts
instructions.
"""

import json
import os
import select
import subprocess
import sys
import tempfile
import time
from collections import namedtuple
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from mpremote.romfs import VfsRomWriter

from mesh.boards.firmware.flatten import flattened
from mesh.boards.firmware.lean import leaned
from mesh.boards.virtual.process import compile_file

ROOT = Path(__file__).resolve().parent.parent
MODULES = ("ed25519", "field25519", "scalar25519", "sha512", "tables25519")
PLAIN = ("plain_ed25519", "plain_sha512")
VECTORS = ("sha512", "rfc8032", "keys")
RANDOM = 30  # more vectors, made anew each time
PATIENCE_S = 100.0
# march; instructions in a microsecond of the board; where it has ROMFS; qemu and its machine.
# MICROBIT takes its clock of 16 MHz for one of 25 MHz
Emulated = namedtuple("Emulated", ("march", "unit", "rom", "qemu"))
BOARDS = {
    "MICROBIT": Emulated(
        "armv6m",
        1562.5,
        0x80000,
        ["qemu-system-arm", "-machine", "microbit", "-global", "nrf51-soc.flash-size=1048576",
         "-global", "nrf51-soc.sram-size=262144"],
    ),
    "MPS2_AN385": Emulated(
        "armv7m", 1000, 0x21000000, ["qemu-system-arm", "-machine", "mps2-an385"]
    ),
    "VIRT_RV32": Emulated(
        "rv32imc",
        1000,
        0x80610000,
        ["qemu-system-riscv32", "-machine", "virt", "-bios", "none", "-cpu", "rv32"],
    ),
}  # fmt: skip
ORDER = ("public_key", "sign", "verify", "sha512")


def image(march, folder):
    """A ROMFS image: the board's files of cryptography, the plain version, vectors, the script."""
    sources = flattened(leaned()).texts.items()
    texts = {path.stem: (path, text) for path, text in sources if "device" in path.parts}
    rom = VfsRomWriter()
    rom.opendir("mesh")
    rom.opendir("device")
    total = 0
    for name in MODULES:
        compile_file(*texts[name], folder / "x.mpy", march)
        data = (folder / "x.mpy").read_bytes()
        total += len(data)
        rom.mkfile(f"{name}.mpy", data)
    rom.closedir()
    rom.closedir()
    plain = [ROOT / "tests" / "core" / f"{name}.py" for name in PLAIN]
    for source in [*plain, ROOT / "tools" / "on_counted_board.py"]:
        compile_file(source, source.read_text(), folder / "x.mpy", march)
        rom.mkfile(f"{source.stem}.mpy", (folder / "x.mpy").read_bytes())
    for name in VECTORS:
        rom.mkfile(f"{name}.json", (ROOT / "tests" / "vectors" / f"{name}.json").read_bytes())
    rom.mkfile("random.json", json.dumps([case(n) for n in range(RANDOM)]).encode())
    return rom.finalise(), total


def case(n):
    """A vector by another implementation."""
    key = Ed25519PrivateKey.generate()
    data = os.urandom(17 * n)
    found = {
        "secret": key.private_bytes_raw(),
        "public": key.public_key().public_bytes_raw(),
        "signature": key.sign(data),
        "data": data,
    }
    return {name: value.hex() for name, value in found.items()}


class Board:
    """An emulated board, spoken to by its raw REPL on standard input and output."""

    def __init__(self, board, firmware, rom):
        loader = f"loader,file={rom},addr={BOARDS[board].rom:#x},force-raw=on"
        self._process = subprocess.Popen(
            [*BOARDS[board].qemu, "-semihosting", "-display", "none", "-monitor", "none",
             "-serial", "stdio", "-icount", "shift=0,sleep=off",
             "-device", loader, "-kernel", str(firmware)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0,
        )  # fmt: skip

    def run(self, code):
        """What the code prints. RuntimeError with its traceback."""
        self._until(b">>> ")
        self._process.stdin.write(b"\r\x01")
        self._until(b"exit\r\n>")
        for at in range(0, len(code), 8):
            self._process.stdin.write(code[at : at + 8].encode())
            time.sleep(0.02)
        self._process.stdin.write(b"\x04")
        self._until(b"OK")
        printed = self._until(b"\x04")
        error = self._until(b"\x04")
        if error != b"\x04":
            raise RuntimeError(error.decode(errors="replace"))
        return printed[:-1].decode()

    def _until(self, end):
        found = b""
        deadline = time.monotonic() + PATIENCE_S
        while not found.endswith(end):
            left = deadline - time.monotonic()
            if not select.select([self._process.stdout], [], [], max(0, left))[0]:
                raise TimeoutError(f"the board said only {found!r}")
            if not (more := self._process.stdout.read(1)):
                raise EOFError(f"the board ended: {found!r}")
            found += more
        return found

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.kill()
        self._process.communicate()


def measured(board, firmware, rom, plain=False, copied=False):
    """What on_counted_board.py found."""
    code = (
        "import sys\nsys.path.append('/rom')\nimport on_counted_board\n"
        f"on_counted_board.main({plain}, {copied})\n"
    )
    with Board(board, firmware, rom) as one:
        return json.loads(one.run(code))


def show(board, found, size):
    """One board's figures."""
    unit = BOARDS[board].unit
    print(f"{board} ({BOARDS[board].march}, {found['bits']} bits)")
    print(f"  a known loop takes {found['known'] * unit / 1e6:.3f} instructions a turn")
    if size:
        print(f"  {found['checked']} vectors right; {size:,} bytes of .mpy")
    print(f"  heap kept, from ROMFS: {found['heap']:,} bytes")
    for name in ORDER:
        took, used = found[name]
        count = took * unit
        ms = count / 133e3
        print(f"  {name:<12}{count / 1e6:8.2f} M instructions, {used:6,} bytes allocated"
              f"; {ms:6.1f} ms at one a cycle and 133 MHz")  # fmt: skip
    for took in found.get("signs", ()):
        print(f"  sign, by another secret: {took * unit / 1e6:.3f} M")
    print(flush=True)


def main(firmwares):
    for board, firmware in firmwares:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            data, size = image(BOARDS[board].march, folder)
            rom = folder / "romfs.img"
            rom.write_bytes(data)
            copied = measured(board, firmware, rom, copied=True)["heap"]
            show(board, measured(board, firmware, rom), size)
            print(f"  heap kept if loaded from an ordinary file system: {copied:,} bytes\n")
            print("the same by plain big integers:")
            show(board, measured(board, firmware, rom, plain=True), 0)


def asked(arguments):
    """(board, firmware) of each argument; a wrong one ends this with the usage."""
    found = [argument.partition("=")[::2] for argument in arguments]
    if not found or not all(board in BOARDS and Path(path).is_file() for board, path in found):
        sys.exit(__doc__)
    return found


if __name__ == "__main__":
    main(asked(sys.argv[1:]))
