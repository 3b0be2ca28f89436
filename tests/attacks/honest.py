"""An honest peer that goes on asking while another one is attacked."""

import contextlib
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from desk import Desk

from mesh.core import codes, peer_id
from mesh.core.coap import message as coap
from mesh.core.limits import Limits

PATIENCE_S = 60.0
# a board answers whom it only met so often, and a desktop as often as this one can ask
PAUSE_MS = {"board": 1500 // Limits.proven_per_s, "desktop": 0}


class Honest:
    """A small desktop in this process. `answered` of `asked` questions got a signed answer."""

    def __init__(self, victim):
        self.asked = self.answered = 0
        self.told = b""  # the last answer
        self._victim = victim
        self._pause_ms = PAUSE_MS[victim.kind]
        self._ready, self._over = threading.Event(), threading.Event()
        self._news = threading.Condition()

    @property
    def counts(self):
        """(answered, asked), as a row of figures has it."""
        return self.answered, self.asked

    @contextlib.contextmanager
    def asking(self, **settings):
        """Ask the victim for /peer again and again, in a thread, as long as the context lasts.

        Whom it asks is known to it, and knows it, before the context begins.
        """
        with ThreadPoolExecutor(1) as pool:
            work = pool.submit(self._work, settings)
            try:
                self._ready.wait()
                yield self
            finally:
                self._over.set()
                work.result()

    def goes_on(self, more=3):
        """Wait until so many more questions were answered, for each as long as patience lasts."""
        with self._news:
            enough = self.answered + more
            while self.answered < enough:
                one_more = self._news.wait_for(self._counting(), PATIENCE_S)
                assert one_more, self.counts

    def _counting(self):
        """Whether one more was answered since this was called, to be asked."""
        before = self.answered
        return lambda: self.answered > before

    def rate(self, more):
        """Wait for so many; how many a second that were."""
        start_s = time.monotonic()
        self.goes_on(more)
        return more / (time.monotonic() - start_s)

    def ask(self, desk, peer):
        """One question; whether it was answered, signed."""
        answer = desk.ask(peer, coap.FETCH, "peer")
        is_good = bool(answer.signed and answer.code == codes.CONTENT)
        with self._news:
            self.asked += 1
            self.answered += is_good
            self.told = answer.payload if is_good else self.told
            self._news.notify_all()
        return answer

    def _work(self, settings):
        """All that the desk does, as one thread alone uses it."""
        try:
            with Desk(**settings) as desk:
                peer = self._meet(desk)
                self._ready.set()
                while not self._over.is_set():
                    self.ask(desk, peer)
                    desk.rest(self._pause_ms)
        finally:
            self._ready.set()

    def _meet(self, desk):
        """Have a desk find the victim; its id."""
        desk.node.candidate(desk.now(), None, self._victim.address, "given")
        desk.until(lambda: desk.met(self._victim.id), "the victim")
        self.ask(desk, peer_id.from_text(self._victim.id))
        return self._victim.public
