"""A pretend network: loss, delay, duplicates and reordering, under a clock that jumps."""

import heapq

from mesh.core import codes
from mesh.core.coap import message as coap
from mesh.core.coap.endpoint import Endpoint
from mesh.core.events import Requested
from mesh.core.limits import Limits

GROUP = ("224.0.1.187", 5683)


class Dice:
    """random(n) that gives the same bytes in every run."""

    def __init__(self, seed=1):
        self.state = seed

    def __call__(self, n):
        out = bytearray()
        for _ in range(n):
            self.state = self.state * 1103515245 + 12345 & 0x7FFFFFFF
            out.append(self.state >> 16 & 255)
        return bytes(out)


class Link:
    """Endpoints by address. fate(number, data) -> the delays (ms) of its copies; [] loses it.

    events: (address, event) in order; sent: (ms, source, target, data) of every datagram.
    serve[address](event) -> an answer to a Requested, or None to leave that to the test.
    """

    def __init__(self, *addresses, fate=None, **limits):
        self.now = 1000
        self.ends = {}
        self.serve = {}
        self.events = []
        self.sent = []
        self.count = 0
        self.fate = fate
        self.keep = True
        self._air = []
        for n, address in enumerate(addresses):
            self.ends[address] = Endpoint(Limits(**limits), Dice(n + 1))

    def run(self, ms=60_000):
        """Let everything happen that does within `ms`, and let that time pass."""
        end = self.now + ms
        self._settle()
        for _ in range(1_000_000):
            at = self._next()
            if at is None or at > end:
                self.now = end
                return
            self.now = max(self.now, at)
            while self._air and self._air[0][0] <= self.now:
                _, _, source, target, data = heapq.heappop(self._air)
                for address, end_point in sorted(self.ends.items()):
                    if address == target or (target == GROUP and address != source):
                        end_point.receive(self.now, source, data, target == GROUP)
                self._settle()
            for _, end_point in sorted(self.ends.items()):
                end_point.tick(self.now)
            self._settle()
        raise AssertionError("the network never comes to rest")

    def of(self, address):
        """The events of one endpoint."""
        return [event for a, event in self.events if a == address]

    def heard(self, target):
        """The messages sent to an address so far."""
        return [coap.parse(data) for _, _, to, data in self.sent if to == target]

    def _next(self):
        times = [self._air[0][0]] if self._air else []
        for end_point in self.ends.values():
            at = end_point.wake_at()
            if at is not None:
                times.append(at)
        return min(times) if times else None

    def _settle(self):
        """Take out what the endpoints have to send and to say, until there is no more."""
        busy = True
        while busy:
            busy = False
            for address, end_point in sorted(self.ends.items()):
                while (event := end_point.next_event()) is not None:
                    busy = True
                    self._say(address, end_point, event)
                while (datagram := end_point.next_send()) is not None:
                    busy = True
                    self._send(address, datagram[0], datagram[1])

    def _say(self, address, end_point, event):
        if self.keep:
            self.events.append((address, event))
        if isinstance(event, Requested) and address in self.serve:
            answer = self.serve[address](event)
            if answer is not None:
                end_point.respond(self.now, event.ticket, answer)

    def _send(self, source, target, data):
        if self.keep:
            self.sent.append((self.now, source, target, data))
        self.count += 1
        for delay in [1] if self.fate is None else self.fate(self.count, data):
            self.count += 1
            heapq.heappush(self._air, (self.now + delay, self.count, source, target, data))


def losing(*numbers):
    """A fate that loses the datagrams of these numbers, counted from 1."""
    seen = []

    def fate(_, data):
        seen.append(None)
        return [] if len(seen) in numbers else [1]

    return fate


def get(*path):
    """A GET."""
    return asking(coap.GET, path)


def asking(code, path, payload=b"", **options):
    """A request, with options by the names they have in coap."""
    message = coap.Message(code, payload)
    for segment in path:
        message.add(coap.URI_PATH, segment)
    for name in sorted(options):
        message.add(getattr(coap, name), options[name])
    return message


def content(payload=b"", **options):
    """A 2.05 answer."""
    return asking(codes.CONTENT, (), payload, **options)


def sizes(end_point):
    """How much an endpoint holds, by table."""
    return {
        "open": len(end_point.open),
        "seen": len(end_point.seen),
        "flight": len(end_point.flight),
        "bodies": len(end_point.bodies),
        "observers": len(end_point.observers),
        "remotes": len(end_point.remotes),
        "timers": len(end_point._heap),
        "order": len(end_point._order[0]) + len(end_point._order[1]),
        "line": sum([len(r.line or ()) for r in end_point.remotes.values()]),
    }
