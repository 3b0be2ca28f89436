"""Every test here runs on both interpreters."""

from twice import TwiceModule


def pytest_pycollect_makemodule(module_path, parent):
    return TwiceModule.from_parent(parent, path=module_path)
