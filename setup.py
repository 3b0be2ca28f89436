"""Takes folders beside mesh/ into the wheel, inside mesh/; all else is in pyproject.toml."""

from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

DATA = {
    "hardware": (".toml", ".json"),
    "firmware": (".py", ".cmake", ".h"),
    "docs": (".md", ".svg"),
}


class WithFolders(build_py):
    """setuptools maps no folder beside the package into it."""

    def run(self) -> None:
        """Copy after the rest."""
        super().run()
        if self.editable_mode:  # there it is found where it lies
            return
        for folder, kinds in DATA.items():
            for source in sorted(p for p in Path(folder).rglob("*") if p.suffix in kinds):
                target = Path(self.build_lib, "mesh", source)
                self.mkpath(str(target.parent))
                self.copy_file(str(source), str(target))
        self.copy_file("README.md", str(Path(self.build_lib, "mesh", "docs", "README.md")))


setup(cmdclass={"build_py": WithFolders})
