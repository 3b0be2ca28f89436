"""A board's folder with the boot selector, and firmware that does but one thing."""

import shutil
import subprocess

RESTART = 75
REPORTS = "def main(safe, good, failed, boot):\n    print('{}', 'safe' if safe else 'whole')\n"
GOOD = REPORTS + "    good()\n"
RAISES = REPORTS + "    raise ValueError('new and broken')\n"
ENDS = REPORTS + "    failed('settings: not understood')\n    raise SystemExit(1)\n"
ABSENT = "import mesh.device.nothing\n"
OLD = b"M\x05\x00\x1f"  # the beginning of a .mpy that no MicroPython loads any more
WAITS = (
    "import asyncio\n" + REPORTS + "    async def wait():\n        await asyncio.sleep(100)\n"
    "    asyncio.run(wait())\n"
)
# a board's machine, in so far as it tells how it came to start, and how it starts anew
MACHINE = """
import sys
WDT_RESET = 3
def reset_cause():
    try:
        with open("hung"):
            return 3
    except OSError:
        return 1
def reset():
    sys.exit(75)
"""
STAGE = "import start\nstart.Boot().stage({slot!r}, {{'version': '2'}}, {wait_s})\n"
STATE = "import start\nb = start.Boot()\nprint([b.slot, b.safe, b.on_trial, b.update])\n"


class Folder:
    """A board's folder with start.mpy and firmware that does but one thing."""

    def __init__(self, path, compiled, micropython):
        self.path = path
        self._micropython = micropython
        path.mkdir()
        for name in ("start.mpy", "main.py"):
            shutil.copy(compiled / name, path / name)
        (path / "machine.py").write_text(MACHINE)

    def put(self, slot, main):
        """Put firmware into a slot; "" is the base."""
        folder = self.path / slot / "mesh" / "device"
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("__init__.py", "device/__init__.py"):
            (folder.parent / name).write_text("")
        if isinstance(main, bytes):
            (folder / "main.mpy").write_bytes(main)
        else:
            (folder / "main.py").write_text(main.replace("{}", slot or "base"))

    def run(self, *arguments):
        """What a run prints, and its exit code."""
        done = subprocess.run(
            [self._micropython, *(arguments or ["main.py"])],
            cwd=self.path, env={"MICROPYPATH": ":.frozen"}, capture_output=True, text=True,
            timeout=20, check=False,
        )  # fmt: skip
        return done.stdout.strip(), done.returncode

    def code(self, code):
        """Run some code there."""
        said, exit_code = self.run("-c", code)
        assert exit_code == 0, said
        return said

    def stage(self, slot="next", wait_s=60):
        self.code(STAGE.format(slot=slot, wait_s=wait_s))

    def starts(self, most=20):
        """What runs, one start after the other, until a start does not ask for another."""
        ran = []
        for _ in range(most):
            said, exit_code = self.run()
            ran.append(said.split("Traceback")[0].strip())
            if exit_code != RESTART:
                return ran
        return [*ran, "and so on"]

    def record(self):
        """What became of the last update: as /peer tells it."""
        code = "import start\nstart.write = lambda state: None\nprint(start.read()['update'])\n"
        return self.code(code)

    def hang(self, hung=True):
        """Let the next starts find that the watchdog ended the one before."""
        if hung:
            (self.path / "hung").touch()
        else:
            (self.path / "hung").unlink()
