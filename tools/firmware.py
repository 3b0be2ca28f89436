"""Lay out what goes on a board in build/firmware/<processor>/, to be copied there.

Usage: python tools/firmware.py [armv6m|armv7m|xtensawin|rv32imc ...]

RP2040: armv6m. RP2350: armv7m. ESP32 and S3: xtensawin. ESP32-C3 and C6: rv32imc. None named: all.
settings.json in it is empty: docs/settings.md says what can be in it.
"""

import sys
from pathlib import Path

from sizes import ARCHITECTURES

from mesh.hub.boards import build

ROOT = Path(__file__).resolve().parent.parent

wanted = sys.argv[1:] or ARCHITECTURES
if not set(wanted) <= set(ARCHITECTURES):
    sys.exit(__doc__)
for processor in wanted:
    folder = build(ROOT / "build" / "firmware" / processor, march=processor)
    total = sum(path.stat().st_size for path in folder.rglob("*.mpy"))
    print(f"{folder.relative_to(ROOT)}: {total:,} bytes of .mpy")
