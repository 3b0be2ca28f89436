"""Sensors of a board whose pace an agreement may change, until it ends
(mesh/core/relations/effects.py).
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from mesh.core.node import Node
    from mesh.core.policy.settings import Profile

    Jobs = list[tuple[int, Any]]

LOOK_MS = 1000  # how late a faster pace may begin, as a job of the loop is called when it said


class Paced:
    """A job of the loop: another one, which reads a sensor, at another pace. `own_ms`: the pace
    by the settings; `names`: what it reads. An input that tells changes at once is left alone.
    """

    def __init__(
        self,
        job: "Any",  # noqa: ANN401 - mesh.device.parts.Measuring
        own_ms: int,
        names: "list[str]",
        node: "Node",
    ) -> None:
        self._job = job
        self._own_ms = self._every_ms = own_ms
        self._names = names
        self._node = node
        self._due_ms = 0

    def __call__(self, now_ms: int) -> int:
        """Do the next step if it is due. Gives the ms until the next call."""
        if now_ms >= self._due_ms:
            before = self._taken()
            again = self._job(now_ms)
            # all of its steps are done, and it waits for the next time, not for a change
            if self._taken() != before and again > self._own_ms // 2:
                again = max(0, again + self._every_ms - self._own_ms)
            if again <= LOOK_MS:
                return int(again)
            self._due_ms = now_ms + again
        return min(LOOK_MS, self._due_ms - now_ms)

    def _taken(self) -> "list[int]":
        return [self._node.peer.sensors[name].taken_ms for name in self._names]

    def pace(self, now_ms: int, paces: "dict[str, int]") -> None:
        """Measure as often as the shortest of these says that is about one of its readings, in
        ms; else as the settings say.
        """
        wanted = [paces[name] for name in self._names if name in paces]
        every_ms = min(wanted) if wanted else self._own_ms
        if every_ms != self._every_ms:
            self._every_ms = every_ms
            self._due_ms = min(self._due_ms, now_ms + every_ms)


class Pacing:
    """The sensors among the jobs of a board, which it replaces there."""

    def __init__(self, node: "Node", profile: "Profile", jobs: "Jobs") -> None:
        self._all: list[Paced] = []
        for i, name in enumerate(sorted(profile.sensors)):  # the first jobs (mesh/device/parts.py)
            names = [one for one in node.peer.sensors if one.rpartition(".")[0] == name]
            paced = Paced(
                jobs[i][1], jobs[i][0], [name] if name in node.peer.sensors else names, node
            )
            self._all.append(paced)
            jobs[i] = LOOK_MS, paced

    def __call__(self, now_ms: int, paces: "dict[str, int]") -> None:
        """Set the pace of all: {reading: ms}; of those that are not there, as settings say."""
        for paced in self._all:
            paced.pace(now_ms, paces)
