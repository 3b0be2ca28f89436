"""Two hosts of their own on one link, in network namespaces: one with avahi, one beside it.

Nothing outside is touched: each has its own interfaces; the D-Bus and avahi-daemon that run in the
first have their own settings, sockets and /run. Needs root, which CI has.
"""

import itertools
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import needs

PROGRAMS = ("ip", "unshare", "dbus-daemon", "avahi-daemon", "avahi-browse", "avahi-publish")
COUNT = itertools.count()
PATIENCE = 20  # seconds until what was started must be ready, and until it must have ended
PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
INTERFACE = "mesh0"
BUS = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path={folder}/bus</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/><allow own="*"/><allow send_destination="*"/><allow receive_sender="*"/>
  </policy>
</busconfig>
"""
DAEMON = f"""[server]
host-name=judge
use-ipv4=yes
use-ipv6=no
allow-interfaces={INTERFACE}
ratelimit-interval-usec=0
[wide-area]
enable-wide-area=no
[publish]
publish-hinfo=no
publish-workstation=no
"""


class Host:
    """One namespace. `address` is its IPv4 address, on INTERFACE; `beside` the other host."""

    def __init__(self, namespace: str, address: str, environment: dict[str, str]) -> None:
        self.namespace = namespace
        self.address = address
        self.environment = environment
        self.beside: Host = self

    def run(self, *command: str | Path, **options: object) -> subprocess.CompletedProcess[str]:
        """Run a command there to its end, which must be a good one; its output is text."""
        options = {"timeout": PATIENCE, "capture_output": True, "text": True} | options
        run = subprocess.run(self._inside(command), check=False, **self._with(options))
        assert run.returncode == 0, (command, run.stdout, run.stderr)
        return run

    @contextmanager
    def running(self, *command: str | Path, **options: object) -> Iterator[subprocess.Popen]:
        """Have a command run there for as long as the `with` lasts."""
        process = subprocess.Popen(self._inside(command), **self._with(options))
        try:
            yield process
        finally:
            end(process)

    def _inside(self, command: tuple[str | Path, ...]) -> list[str]:
        return [needs.program("ip"), "netns", "exec", self.namespace, *map(str, command)]

    def _with(self, options: dict) -> dict:
        return {"env": os.environ | self.environment} | options


@contextmanager
def avahi_host() -> Iterator[Host]:
    """The host with avahi; host.beside is the one without. Both end with the `with`."""
    lacking = [name for name in PROGRAMS if not needs.program(name)]
    if lacking:
        needs.missing(f"not installed: {', '.join(lacking)}")
    if os.geteuid():
        needs.missing("only root may make network namespaces")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        environment = {"DBUS_SYSTEM_BUS_ADDRESS": f"unix:path={folder}/bus", "PATH": PATH}
        names = [f"othermesh-avahi-{os.getpid()}-{next(COUNT)}" for _ in range(2)]
        host, beside = hosts = [
            Host(name, f"10.99.0.{at}", environment) for at, name in enumerate(names, 1)
        ]
        host.beside, beside.beside = beside, host
        for name in names:
            system("ip", "netns", "add", name)
            stack.callback(system, "ip", "netns", "delete", name)
        link = ["link", "add", INTERFACE, "type", "veth", "peer", INTERFACE, "netns", names[1]]
        system("ip", "-netns", names[0], *link)
        for each in hosts:
            system("ip", "-netns", each.namespace, "link", "set", "lo", "up")
            system("ip", "-netns", each.namespace, "link", "set", INTERFACE, "up")
            address = ["addr", "add", f"{each.address}/24", "dev", INTERFACE]
            system("ip", "-netns", each.namespace, *address)
        (folder / "bus.conf").write_text(BUS.format(folder=folder))
        (folder / "avahi.conf").write_text(DAEMON)
        bus = ["dbus-daemon", f"--config-file={folder}/bus.conf", "--nofork", "--nopidfile"]
        log = stack.enter_context((folder / "bus.log").open("w"))
        process = stack.enter_context(host.running(*bus, stdout=log, stderr=log))
        wait(process, (folder / "bus").exists, folder / "bus.log")
        daemon = f"avahi-daemon --no-drop-root --no-chroot --no-rlimits -f {folder}/avahi.conf"
        private = ["unshare", "--mount", "sh", "-c", f"mount -t tmpfs run /run && exec {daemon}"]
        log = stack.enter_context((folder / "avahi.log").open("w"))
        process = stack.enter_context(host.running(*private, stdout=log, stderr=log))
        said = (folder / "avahi.log").read_text
        wait(process, lambda: "Server startup complete" in said(), folder / "avahi.log")
        yield host


def system(*command: str) -> None:
    """Run a command outside of the namespaces, which must go well."""
    command = (needs.program(command[0]), *command[1:])
    run = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert run.returncode == 0, (command, run.stderr)


def wait(process: subprocess.Popen, ready: object, log: Path) -> None:
    """Until it is ready; if it ended, or does not become so, its log says why."""
    deadline = time.monotonic() + PATIENCE
    while not ready():
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.01)


def end(process: subprocess.Popen) -> None:
    """End a process that we started, and see it go."""
    process.terminate()
    try:
        process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(PATIENCE)
