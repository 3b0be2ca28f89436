"""What is installed finds hardware/ too."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[3]
ASK = "from mesh.boards.catalogue import hardware, devices as d\n"
ASK += "print(len(hardware.boards()), len(d.sensors()))"


def test_a_wheel_has_the_hardware(tmp_path):
    source, out, installed = tmp_path / "source", tmp_path / "out", tmp_path / "installed"
    kept = shutil.ignore_patterns("__pycache__")
    for name in ("mesh", "hardware", "firmware", "docs"):
        shutil.copytree(ROOT / name, source / name, ignore=kept)
    for name in ("pyproject.toml", "setup.py", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source / name)
    build = "import setuptools.build_meta as b, sys; b.build_wheel(sys.argv[1])"
    subprocess.run(
        [sys.executable, "-c", build, str(out)], cwd=source, check=True, capture_output=True
    )
    (wheel,) = out.glob("*.whl")
    zipfile.ZipFile(wheel).extractall(installed)
    found = {
        str(p.relative_to(installed / "mesh")) for p in (installed / "mesh/hardware").rglob("*.*")
    }
    assert found == {str(p.relative_to(ROOT)) for p in (ROOT / "hardware").rglob("*.*")}
    for template in (ROOT / "firmware").glob("*/**/*.*"):
        assert (installed / "mesh" / template.relative_to(ROOT)).is_file(), template
    assert (installed / "mesh/py.typed").is_file(), "type checkers look for it"
    told = subprocess.run(
        [sys.executable, "-c", ASK], cwd=installed, check=True, capture_output=True, text=True
    )
    count = len(list((ROOT / "hardware/boards").glob("*/board.toml")))
    assert told.stdout.split()[0] == str(count)
