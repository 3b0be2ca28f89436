"""Run one test module under MicroPython; print one JSON line per test.

Arguments: root of the tree, folder of the tests, name of the module. run_wasm.mjs calls the same
functions, one test at a time.
"""

import io
import json
import sys


def load(root, folder, name):
    """The module with the tests, and their names."""
    sys.path[:0] = [root, folder, folder.rsplit("/", 1)[0]]  # helpers are in either
    module = __import__(name)
    return module, sorted(n for n in dir(module) if n.startswith("test_"))


def report(module, test):
    """Call one test; print its name with its traceback, or with null if it passed."""
    error = None
    try:
        getattr(module, test)()
    except Exception as e:  # noqa: BLE001 - whatever a test raises is its result
        text = io.StringIO()
        sys.print_exception(e, text)
        error = text.getvalue()
    print("@" + json.dumps([test, error]))


def main(root, folder, name):
    module, tests = load(root, folder, name)
    for test in tests:
        report(module, test)


if __name__ == "__main__":
    main(*sys.argv[1:])
