"""The committed vectors are those that tests/vectors/make.py writes."""

import importlib.util

import needs
import pytest

FOLDER = needs.ROOT / "tests" / "vectors"


def made():
    spec = importlib.util.spec_from_file_location("make_vectors", FOLDER / "make.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.texts()


MADE = ("keys", "messages", "feeds", "updates", "settings", "exchanges", "tcp", "relations")


@pytest.mark.parametrize("name", [f"{one}.json" for one in MADE])
def test_current(name):
    assert made()[name] == (FOLDER / name).read_text(), "run `python tests/vectors/make.py`"
