"""A node that only notes what it is called with, and a loop around it: code for MicroPython."""

NODE = """
import asyncio
from mesh.device.ticks import Ticks
from mesh.device.loop import Loop, is_for_group
from mesh.device.sockets import Socket


class Node:
    def __init__(self):
        self.log, self.sends, self.events, self.wake = [], [], [], None

    def receive(self, now_ms, channel, source, data):
        self.log.append((channel, source, data))
        if data == b"ping":
            self.sends.append((0, source, b"pong"))
        if data == b"bad":
            raise KeyError("a fault of ours")

    def tick(self, now_ms):
        self.log.append("tick")

    def wake_at(self):
        return self.wake

    def next_send(self):
        return self.sends.pop(0) if self.sends else None

    def next_event(self):
        return self.events.pop(0) if self.events else None


def bind(most=64):
    for port in range(20000, 60000, 7):
        try:
            return Socket(("127.0.0.1", port), "127.0.0.1", most), ("127.0.0.1", port)
        except OSError:
            pass


node = Node()
here, address = bind()
there, other = bind(2000)
now = Ticks()
events = []
loop = Loop(node, {0: here}, events.append, now)


async def work():
    while True:
        await asyncio.sleep_ms(1)
        if met():
            return


async def until(limit_ms=5000):
    running = asyncio.create_task(loop.run())
    waiting = asyncio.create_task(work())
    try:
        await asyncio.wait_for_ms(waiting, limit_ms)
    except asyncio.TimeoutError:
        print(json.dumps("too late: " + repr(node.log[-5:])))
    if running.done():
        await running
    running.cancel()


def heard():
    return [entry for entry in node.log if entry != "tick"]
"""
