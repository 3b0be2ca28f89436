"""What tests of the budget for strangers share."""

from mesh.core.errors import RemoteError
from mesh.core.limits import Limits
from mesh.hub.desktop_kit import make_identity
from mesh.hub.store.quota import Budget

SMALL = {"strange_mb": 1, "strange_authors": 20, "strange_sensors": 50, "author_sensors": 8}
TELLERS = [bytes([n]) * 32 for n in range(200, 220)]
CROWD = 600


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


def budget(chosen=(), floor=None, clock=None, **limits):
    return Budget(Limits(**(SMALL | limits)), chosen, floor, now_s=clock or Clock())


def who(number):
    return number.to_bytes(32, "big")


def refusal(budget, author, size=300, teller=None, asked=True):
    """Why it is not let in, or None. It always says what would help."""
    try:
        budget.admit(author, size, teller, asked=asked)
    except RemoteError as error:
        return error if error.help else "no help"
    return None


def taken(budget, author, teller=None, cost=1000):
    """Whether it was let in and written, without what goes for it."""
    why = refusal(budget, author, teller=teller)
    if why is not None:
        assert why.code == 0xA3
        return False
    budget.spent(author, cost, 0)
    return True


def hosts(budget, peers):
    for number, peer in enumerate(peers):
        assert budget.meet(peer, f"192.0.2.{number}")


def identity_of(number):
    return make_identity(number.to_bytes(32, "little"), lambda: 1)
