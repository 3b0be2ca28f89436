"""An honest peer that goes on asking while another one is attacked."""

import contextlib
import threading

from desk import Desk

from mesh.core import coap, ids


class Honest:
    """A small desktop in this process. `answered` of `asked` questions got a signed answer."""

    def __init__(self, victim):
        self.asked = self.answered = 0
        self._victim = victim
        self._over = threading.Event()

    @property
    def counts(self):
        """(answered, asked), as a row of figures has it."""
        return self.answered, self.asked

    @contextlib.contextmanager
    def asking(self, **settings):
        """Ask the victim for /peer again and again, in a thread, as long as the context lasts.

        Whom it asks is known to it, and knows it, before the context begins.
        """
        with Desk(**settings) as desk:
            peer = self.meet(desk)
            thread = threading.Thread(target=self._ask, args=(desk, peer))
            thread.start()
            try:
                yield desk
            finally:
                self._over.set()
                thread.join()

    def meet(self, desk):
        """Have a desk find the victim; its id."""
        desk.node.candidate(desk.now(), None, self._victim.address, "given")
        desk.until(lambda: desk.met(self._victim.id), "the victim")
        self.ask(desk, ids.from_text(self._victim.id))
        return self._victim.public

    def ask(self, desk, peer):
        """One question; whether it was answered, signed."""
        answer = desk.ask(peer, coap.FETCH, "peer")
        self.asked += 1
        self.answered += bool(answer.signed and answer.code == coap.CONTENT)

    def _ask(self, desk, peer):
        while not self._over.is_set():
            self.ask(desk, peer)
