"""What was joined for boards passes the core's own tests, under MicroPython."""

import json
import subprocess

import linked_core
import needs
import pytest

CORE = needs.ROOT / "tests/core"
# from bytes up to whole nodes: what a board loads for some settings only is among them
TESTS = (
    "codec/test_cbor",
    "coap/test_coap",
    "security/test_cose",
    "codec/test_senml",
    "policy/test_settings",
    "security/test_message",
    "coap/test_endpoint",
    "feed/test_feed",
    "feed/test_run",
    "discovery/test_mdns_found",
    "coap/test_observe",
    "replication/test_catching_up",
    "feed/test_keeping",
    "kinds/test_kinds",
    "resources/test_setup_door",
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
    test = CORE / name
    run = subprocess.run(
        [micropython, CORE / "run_micropython.py", joined, test.parent, test.name],
        capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip
    results = [json.loads(line[1:]) for line in run.stdout.splitlines() if line[0] == "@"]
    assert results, run.stdout + run.stderr
    failed = {test: error for test, error in results if error}
    assert not failed, "\n".join(failed.values())
