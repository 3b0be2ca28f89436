"""Machine code for each kind of processor: read by MicroPython's mpy-tool, and disassembled.

No board runs it here but of this machine's kind, so every byte has to be an instruction that the
processor has, up to the return at the end.
"""

from collections import namedtuple

import capstone
import pytest
from mpy_tool import disassembled, machine_code
from romboard import has_native

from mesh.boards.catalogue import hardware
from mesh.boards.firmware.link import linked
from mesh.boards.virtual.process import compile_file

THUMB = (capstone.CS_ARCH_ARM, capstone.CS_MODE_THUMB | capstone.CS_MODE_MCLASS)
ENGINES = {
    "x64": (capstone.CS_ARCH_X86, capstone.CS_MODE_64),
    "armv6m": THUMB,
    "armv7m": THUMB,
    "rv32imc": (capstone.CS_ARCH_RISCV, capstone.CS_MODE_RISCV32 | capstone.CS_MODE_RISCVC),
}
RETURNS = {"x64": "ret", "armv6m": "pop", "armv7m": "pop", "rv32imc": "c.jr"}
MARCHES = {board.march for board in hardware.boards().values()}
NATIVE = {path.stem: (path, text) for path, text in linked().texts.items() if has_native(text)}
Step = namedtuple("Step", ("at", "size", "name", "words"))


@pytest.fixture(scope="module", params=sorted(MARCHES))
def march(request):
    return request.param


@pytest.fixture(scope="module")
def compiled(march, tmp_path_factory):
    """By name of the module the .mpy for that processor."""
    folder = tmp_path_factory.mktemp(march)
    for name, (path, text) in NATIVE.items():
        compile_file(path, text, folder / f"{name}.mpy", march)
    return {name: folder / f"{name}.mpy" for name in NATIVE}


def steps(march, code):
    """The instructions of a function. Constants that one of them loads lie between them."""
    engine = capstone.Cs(*ENGINES[march])
    at, constants = 0, set()
    while at < len(code):
        if at in constants:
            at += 4
            continue
        found = next(engine.disasm(code[at : at + 16], at, 1), None)
        assert found, f"no instruction at {at} of {len(code)}: {code[at : at + 8].hex()}"
        yield Step(at, found.size, found.mnemonic, found.op_str)
        if engine.arch == capstone.CS_ARCH_ARM and "[pc, #" in found.op_str:
            away = int(found.op_str.rpartition("#")[2].rstrip("]"), 0)
            constants.add((at + 4 & ~3) + away)
        at += found.size


def windowed(code):
    """The instructions of Xtensa, whose first byte tells their size. Constants lie at the start,
    and the first instruction jumps over them.
    """
    assert code[0] & 63 == 6, "j"
    at = 4 + (int.from_bytes(code[:3], "little") >> 6)
    while at < len(code):
        size = 2 if code[at] & 15 in range(8, 14) else 3
        assert code[at] & 15 < 14, f"no instruction at {at}"
        yield code[at : at + size]
        at += size
    assert at == len(code)


def test_mpy_tool_reads_all_of_it(march, compiled):
    for name, path in compiled.items():
        functions = machine_code(path)
        assert len(functions) == NATIVE[name][1].count("@micropython."), name
        text = disassembled(path)
        assert text.count("raw data:") >= len(functions)


def test_every_byte_is_an_instruction_up_to_the_return(march, compiled):
    for path in compiled.values():
        for code in machine_code(path):
            if march == "xtensawin":
                *_, last = windowed(code)
                assert last == b"\x1d\xf0", "retw.n"
            else:
                *_, last = steps(march, code)
                assert last.name.startswith(RETURNS[march]), last


def test_a_cortex_m0_has_each_instruction(tmp_path):
    """It has those of 16 bits, and of 32 bits `bl` alone."""
    for name, (path, text) in NATIVE.items():
        compile_file(path, text, tmp_path / f"{name}.mpy", "armv6m")
        for code in machine_code(tmp_path / f"{name}.mpy"):
            for step in steps("armv6m", code):
                assert step.size == 2 or step.name == "bl", (name, step)
                assert step.name not in ("cbz", "cbnz", "it"), (name, step)
