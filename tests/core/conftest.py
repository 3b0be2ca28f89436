"""Every test here runs on three interpreters."""

from interpreters import SharedModule, Unix, Wasm


def pytest_pycollect_makemodule(module_path, parent):
    others = [Unix(), Wasm()]
    return SharedModule.from_parent(parent, path=module_path, others=others)
