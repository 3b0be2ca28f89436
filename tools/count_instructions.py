"""Count what Ed25519 costs a board, in executed instructions, and check it on words of 32 bits.

Usage: python tools/count_instructions.py MICROPYTHON [BOARD ...]

MICROPYTHON is a checkout of its sources. Of Debian: gcc-arm-none-eabi, libnewlib-arm-none-eabi,
qemu-system-arm; for VIRT_RV32 also gcc-riscv64-unknown-elf, picolibc-riscv64-unknown-elf and
qemu-system-misc. MicroPython's port for QEMU is built for each board, and runs the files of a
board as they are compiled for one, from ROMFS. QEMU's -icount gives each instruction one
nanosecond of the board's time, so the board's own clock counts instructions.
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

from mesh.hub.boards import compile_file
from mesh.hub.lean import leaned

ROOT = Path(__file__).resolve().parent.parent
MODULES = ("base25519", "ed25519", "field25519", "scalar25519", "sha512", "sha512_words")
PLAIN = ("plain_ed25519", "plain_sha512")
VECTORS = ("sha512", "rfc8032", "keys")
RANDOM = 30  # more vectors, made anew each time
PATIENCE_S = 100.0
# march; instructions in a microsecond of the board; qemu's program and machine; make's variables.
# MICROBIT has ROMFS in its flash here, and runs machine code, which its own configuration lacks;
# it takes its clock of 16 MHz for one of 25 MHz
Emulated = namedtuple("Emulated", ("march", "unit", "qemu", "make"))
BOARDS = {
    "MICROBIT": Emulated(
        "armv6m",
        1562.5,
        ["qemu-system-arm", "-machine", "microbit", "-global", "nrf51-soc.flash-size=1048576",
         "-global", "nrf51-soc.sram-size=262144"],
        ["CFLAGS_EXTRA=-DMICROPY_EMIT_THUMB=1 -DMICROPY_EMIT_THUMB_ARMV7M=0"
         " -DMICROPY_EMIT_INLINE_THUMB=0",
         "MICROPY_HW_ROMFS_PART0_START=0x80000", "MICROPY_HW_ROMFS_PART0_SIZE=0x40000"],
    ),
    "MPS2_AN385": Emulated("armv7m", 1000, ["qemu-system-arm", "-machine", "mps2-an385"], []),
    "VIRT_RV32": Emulated(
        "rv32imc",
        1000,
        ["qemu-system-riscv32", "-machine", "virt", "-bios", "none", "-cpu", "rv32"],
        ["LDFLAGS=-EL -melf32lriscv -nostdlib -T mcu/rv32/virt.ld --gc-sections"],
    ),
}  # fmt: skip
STARTS = {"MICROBIT": 0x80000, "MPS2_AN385": 0x21000000, "VIRT_RV32": 0x80610000}
ORDER = ("public_key", "sign", "verify", "sha512")


def built(checkout, board):
    """The firmware of the port for QEMU."""
    folder = checkout / "ports" / "qemu" / f"build-counting-{board}"
    extra = list(BOARDS[board].make)
    if board == "VIRT_RV32":
        # Debian's compiler knows its own library by another name of the processor
        name = ["riscv64-unknown-elf-gcc", "-march=rv32imac", "-mabi=ilp32"]
        library = subprocess.check_output([*name, "-print-libgcc-file-name"], text=True)
        extra.append(f"LIBS={library.strip()}")
    jobs = f"-j{os.cpu_count()}"
    subprocess.run(["make", "-s", jobs, "-C", checkout / "mpy-cross"], check=True)
    command = ["make", "-s", jobs, "-C", checkout / "ports" / "qemu", f"BOARD={board}"]
    command += [f"BUILD={folder}", "FROZEN_MANIFEST=", *extra]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return folder / "firmware.elf"


def image(march, folder):
    """A ROMFS image: the board's files of cryptography, the plain version, vectors, the script."""
    texts = {path.stem: (path, text) for path, text in leaned().items() if "device" in path.parts}
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
    sources = [ROOT / "tests" / "core" / f"{name}.py" for name in PLAIN]
    for source in [*sources, ROOT / "tools" / "on_counted_board.py"]:
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
        loader = f"loader,file={rom},addr={STARTS[board]:#x},force-raw=on"
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


def measured(board, firmware, rom, plain):
    """What on_counted_board.py found."""
    code = (
        "import sys\nsys.path.append('/rom')\nimport on_counted_board\n"
        f"on_counted_board.main({plain})\n"
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
    print(f"  heap kept {found['heap']:,} bytes")
    for name in ORDER:
        took, used = found[name]
        count = took * unit
        ms = count / 133e3
        print(f"  {name:<12}{count / 1e6:8.2f} M instructions, {used:6,} bytes allocated"
              f"; {ms:6.1f} ms at one a cycle and 133 MHz")  # fmt: skip
    for took in found.get("signs", ()):
        print(f"  sign, by another secret: {took * unit / 1e6:.3f} M")
    print(flush=True)


def main(checkout, boards):
    for board in boards:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            firmware = built(checkout.resolve(), board)
            data, size = image(BOARDS[board].march, folder)
            rom = folder / "romfs.img"
            rom.write_bytes(data)
            show(board, measured(board, firmware, rom, False), size)
            print("the same by plain big integers:")
            show(board, measured(board, firmware, rom, True), 0)


if __name__ == "__main__":
    if len(sys.argv) < 2 or not set(sys.argv[2:]) <= set(BOARDS):
        sys.exit(__doc__)
    main(Path(sys.argv[1]), sys.argv[2:] or BOARDS)
