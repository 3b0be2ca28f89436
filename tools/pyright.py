"""Run pyright with MicroPython's types over core and device; without node say it was left out."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PYRIGHT = ROOT / ".venv" / "node" / "node_modules" / ".bin" / "pyright"

if not PYRIGHT.exists():
    sys.exit(print("pyright is left out: tools/setup.py found no node to install it"))
sys.exit(subprocess.run([PYRIGHT, "--project", ROOT, *sys.argv[1:]], check=False).returncode)
