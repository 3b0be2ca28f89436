"""What holds for every test: nothing leaks, and in CI nothing is skipped."""

import asyncio
import os
import signal
import sys
import threading
from pathlib import Path

import hypothesis
import needs
import pytest

LONGEST = (
    "test_floods.py",
    "test_repl.py",
    "test_walk.py",
    "test_simulate.py",
    "test_lacking.py",
    "test_update.py",
    "test_fleet.py",
    "test_demo_relations.py",
)
PATIENCE = 5  # seconds that a thread or a task which was told to end may take for it

hypothesis.settings.register_profile(
    "ci", max_examples=50, derandomize=True, deadline=None, database=None
)
hypothesis.settings.register_profile("long", max_examples=100_000, deadline=None)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


@pytest.fixture(autouse=True, scope="session")
def default_signals():
    """Programs that tests start are ended by signals, though what runs the tests ignores some, as
    nohup does: a program inherits that.
    """
    usual = {signal.SIGHUP: signal.SIG_DFL, signal.SIGINT: signal.default_int_handler}
    ignored = [number for number in usual if signal.getsignal(number) is signal.SIG_IGN]
    for number in ignored:
        signal.signal(number, usual[number])
    yield
    for number in ignored:
        signal.signal(number, signal.SIG_IGN)


@pytest.fixture(autouse=True, scope="session")
def state_folder(tmp_path_factory):
    """What peers note outside of their homes does not go into that of whoever runs the tests."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        yield


@pytest.fixture
def micropython() -> str:
    """The path of the MicroPython interpreter."""
    found = needs.micropython()
    if found is None:
        needs.missing("no micropython: `make test` installs one, or set $MICROPYTHON")
    return found


@pytest.fixture
def root() -> Path:
    """The project's folder."""
    return needs.ROOT


@pytest.fixture(autouse=True)
def no_leaked_thread():
    """A test ends the threads that it started."""
    before = set(threading.enumerate())
    yield
    leaked = set(threading.enumerate()) - before
    for thread in leaked:
        thread.join(PATIENCE)
    alive = sorted(thread.name for thread in leaked if thread.is_alive())
    if alive:
        pytest.fail(f"threads still run after the test: {', '.join(alive)}", pytrace=False)


@pytest.fixture(autouse=True)
def no_leaked_task(monkeypatch):
    """What asyncio.run runs ends its tasks by itself, rather than by the loop's end."""
    run = asyncio.run
    leaked = []

    async def watched(main):
        try:
            return await main
        finally:
            rest = asyncio.all_tasks() - {asyncio.current_task()}
            if rest:
                _, pending = await asyncio.wait(rest, timeout=PATIENCE)
                leaked.extend(pending)

    def guarded(main, **options):
        return run(watched(main), **options)

    monkeypatch.setattr(asyncio, "run", guarded)
    yield
    if leaked:
        names = "\n".join(map(repr, leaked))
        pytest.fail(f"tasks were still open at the end of asyncio.run:\n{names}", pytrace=False)


def pytest_collection_modifyitems(items):
    """What takes longest begins first, so that it is not waited for alone at the end."""
    items.sort(key=lambda item: item.path.name not in LONGEST)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """In CI a skipped test is a lost one, so it fails."""
    report = yield
    if needs.CI and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped, and CI skips nothing: {call.excinfo.value}"
    return report


def pytest_runtest_logreport(report):
    """In CI a failure is told when it happens too, for a run that is cut off."""
    if needs.CI and report.failed and "PYTEST_XDIST_WORKER" not in os.environ:
        crash = getattr(report.longrepr, "reprcrash", None)
        reason = crash.message.splitlines()[0] if crash and crash.message else report.longrepr
        sys.stderr.write(f"\n{report.nodeid} ({report.when}, {report.duration:.0f} s): {reason}\n")
