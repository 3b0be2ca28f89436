"""Actuators that agreements set, and what each is put back to when that is over.

A peer sets one for a while (a loan), a rule as long as its agreement runs. Whoever else sets it
meanwhile, its holder or an own rule, has it: then nothing is put back.
"""

from collections import namedtuple

from mesh.core.errors import RemoteError
from mesh.core.events import Refused
from mesh.core.kit import nothing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

# before: the value to be put back; by: the peer that set it, None for a rule, which knows no more;
# ref: by which agreement
Loan = namedtuple("Loan", ("before", "value", "by", "until_ms", "ref"))
RETRY_MS = 10_000  # until what could not be put back is tried again


class Lent:
    """See above. `remember(what)` is called with [[actuator, value to be put back]] after each
    change, to be given to restore() at the next start.
    """

    def __init__(self, node: "Any") -> None:  # noqa: ANN401 - a Node
        self._node = node
        self._remember: Callable[[list[list[object]]], object] = nothing
        self.loans: dict[str, Loan] = {}
        self._ruled: dict[str, Loan] = {}
        self._back: dict[str, list[Any]] = {}  # [value, ms when to try that again]

    def remembered_by(self, remember: "Callable[[list[list[object]]], object]") -> None:
        """Set what is told after each change."""
        self._remember = remember

    def restore(self, now_ms: int, kept: "list[list[Any]]") -> None:
        """Put back what was set by agreement when this peer stopped: what runs begins anew."""
        for name, value in kept:
            if name in self._node.peer.actuators:
                self._put_back(now_ms, name, value)

    def lend(self, now_ms: int, name: str, value: object, by: bytes, until: "Any") -> None:  # noqa: ANN401
        """Set an actuator for a peer, until (ms, by which agreement). RemoteError if that fails;
        then it is as before.
        """
        had = self.loans.get(name)
        back = self._back.pop(name, None)
        before = had.before if had else back[0] if back else self._value(name)
        self.loans[name] = Loan(before, value, by, *until)
        try:
            self._node.peer.actuate(now_ms, name, value, by)
        except RemoteError:
            self.loans.pop(name)
            if had:
                self.loans[name] = had
            if back:
                self._back[name] = back
            raise
        finally:  # a desktop's slow actuator is set later, and says so by an exception
            self._told()

    def rule(self, now_ms: int, name: str, value: object) -> None:
        """Set an actuator for a rule; while it is lent, when that is over."""
        loan = self.loans.get(name)
        had = self._ruled.get(name) or loan
        back = self._back.pop(name, None)
        before = had.before if had else back[0] if back else self._value(name)
        self._ruled[name] = Loan(before, value, None, 0, b"")
        if loan:
            self.loans[name] = Loan(value, *loan[1:])
        else:
            self._set(now_ms, name, value)
        self._told()

    def keep_loans(self, now_ms: int, refs: "list[bytes]") -> None:
        """End those by agreements that do not run any more."""
        for name in sorted(self.loans):
            if self.loans[name].ref not in refs:
                self._end(now_ms, name)

    def keep_rules(self, now_ms: int, names: "list[str]") -> "list[str]":
        """Put back what rules set that are not there any more. `names`: actuators for which there
        is one. Gives those that were put back.
        """
        over = [name for name in sorted(self._ruled) if name not in names]
        for name in over:
            ruled = self._ruled.pop(name)
            loan = self.loans.get(name)
            if loan:
                self.loans[name] = Loan(ruled.before, *loan[1:])
            else:
                self._put_back(now_ms, name, ruled.before)
        if over:
            self._told()
        return over

    def did(self, name: str, value: object, by: "bytes | None") -> bool:
        """Note that an actuator was set, and give whether it was by what is here: else nothing is
        put back.
        """
        loan, ruled, back = self.loans.get(name), self._ruled.get(name), self._back.get(name)
        if loan and (by, value) == (loan.by, loan.value):
            return True
        if back and by is None and value == back[0]:
            self._back.pop(name)
            self._told()
            return True
        if ruled and not loan and by is None and value == ruled.value:
            return True
        self.loans.pop(name, None)
        self._ruled.pop(name, None)
        self._back.pop(name, None)
        self._told()
        return False

    def due_ms(self) -> "int | None":
        """When the next one is over, or is to be tried again."""
        due = [loan.until_ms for loan in self.loans.values()]
        due += [back[1] for back in self._back.values()]
        return min(due) if due else None

    def tick(self, now_ms: int) -> None:
        """Put back what is over."""
        for name in sorted(self.loans):
            if now_ms >= self.loans[name].until_ms:
                self._end(now_ms, name)
        for name in sorted(self._back):
            if now_ms >= self._back[name][1]:
                self._put_back(now_ms, name, self._back[name][0])

    def _end(self, now_ms: int, name: str) -> None:
        self._put_back(now_ms, name, self.loans.pop(name).before)
        self._told()

    def _put_back(self, now_ms: int, name: str, value: object) -> None:
        """Set a value until that succeeds, or somebody sets another."""
        self._back[name] = [value, now_ms + RETRY_MS]
        self._set(now_ms, name, value)

    def _set(self, now_ms: int, name: str, value: object) -> None:
        peer = self._node.peer
        try:
            peer.actuate(now_ms, name, value, None)
        except RemoteError as error:
            self._node.emit(Refused(None, None, error.code, "agreement: " + error.detail))

    def _value(self, name: str) -> object:
        return self._node.peer.actuators[name][1]

    def _told(self) -> None:
        kept = {name: back[0] for name, back in self._back.items()}
        for held in (self.loans, self._ruled):
            kept.update({name: held[name].before for name in held})
        self._remember([[name, kept[name]] for name in sorted(kept)])
