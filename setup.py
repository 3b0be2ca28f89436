"""Takes hardware/ into the wheel as mesh/hardware; all else is in pyproject.toml."""

from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

DATA = Path("hardware")
KINDS = (".toml", ".json")


class WithHardware(build_py):
    """setuptools maps no folder beside the package into it."""

    def run(self) -> None:
        """Copy after the rest."""
        super().run()
        if self.editable_mode:  # there it is found where it lies
            return
        for source in sorted(path for path in DATA.rglob("*") if path.suffix in KINDS):
            target = Path(self.build_lib, "mesh", source)
            self.mkpath(str(target.parent))
            self.copy_file(str(source), str(target))


setup(cmdclass={"build_py": WithHardware})
