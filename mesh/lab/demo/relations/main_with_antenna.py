# mypy: ignore-errors
# ruff: noqa
"""main.py of a board of the demo: data to reach.py, which lays it into the board's folder.

While there is a file cut-off, its sockets neither send nor receive. It needs no rights for that,
and the rest of the board is as always: it measures, keeps its time, and does what runs there.
"""


def _with_antenna():
    import os

    def is_cut():
        try:
            os.stat("cut-off")
        except OSError:
            return False
        return True

    number = 1  # which of the joined files has it, depends on the build
    while True:
        made = getattr(__import__("mesh.linked%d" % number, None, None, ("Socket",)), "Socket", 0)
        if made:
            break
        number += 1
    send, receive = made.send, made.receive

    def gated_send(self, address, data):
        if not is_cut():
            send(self, address, data)

    def gated_receive(self):
        while True:
            found = yield from receive(self)
            if not is_cut():
                return found

    made.send, made.receive = gated_send, gated_receive


_with_antenna()

from start import start

start()
