"""What was joined for boards passes the core's own tests, under MicroPython."""

import json
import subprocess

import linked_core
import needs
import pytest

CORE = needs.ROOT / "tests/core"
# from bytes up to whole nodes: what a board loads for some settings only is among them
TESTS = (
    "test_cbor",
    "test_coap",
    "test_cose",
    "test_senml",
    "test_settings",
    "test_message",
    "test_endpoint",
    "test_feed",
    "test_run",
    "test_mdns_found",
    "test_observe",
    "test_catching_up",
    "test_keeping",
    "test_node",
)


@pytest.fixture(scope="module")
def joined(tmp_path_factory):
    folder = tmp_path_factory.mktemp("linked")
    linked_core.lay_out(folder)
    assert "class" not in (folder / "mesh/core/node.py").read_text()
    return folder


@pytest.mark.parametrize("name", TESTS)
def test_the_core_passes_its_tests_when_it_is_joined(joined, micropython, name):
    run = subprocess.run(
        [micropython, CORE / "run_micropython.py", joined, CORE, name],
        capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip
    results = [json.loads(line[1:]) for line in run.stdout.splitlines() if line[0] == "@"]
    assert results, run.stdout + run.stderr
    failed = {test: error for test, error in results if error}
    assert not failed, "\n".join(failed.values())
