"""Run one test module under MicroPython; print one JSON line per test.

Arguments: root of the tree, folder of the tests, name of the module.
"""

import io
import json
import sys


def main(root, folder, name):
    sys.path[:0] = [root, folder]
    module = __import__(name)
    for test in sorted(n for n in dir(module) if n.startswith("test_")):
        error = None
        try:
            getattr(module, test)()
        except Exception as e:  # noqa: BLE001 - whatever a test raises is its result
            text = io.StringIO()
            sys.print_exception(e, text)
            error = text.getvalue()
        print("@" + json.dumps([test, error]))


main(*sys.argv[1:])
