"""The guard of a simulated peer: nothing from outside may end it."""

from types import TracebackType
from typing import Self

from mesh.lab.simulate.pretend_disk import PowerLoss
from mesh.lab.simulate.timeline import Broken


class Blame:
    """A guard that makes any exception of a node a broken invariant, as nothing from outside may
    cause one.
    """

    def __init__(self, label: str) -> None:
        self._label = label

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, raised: BaseException | None, at: object
    ) -> None:
        if isinstance(raised, Exception) and not isinstance(raised, Broken | PowerLoss):
            where = raised.__traceback__
            while isinstance(where, TracebackType) and where.tb_next is not None:
                where = where.tb_next
            place = ""
            if where is not None:
                code = where.tb_frame.f_code
                place = f" in {code.co_filename.rpartition('mesh/')[2]}:{where.tb_lineno}"
            detail = f"{self._label} raised {type(raised).__name__}: {raised}{place}"
            raise Broken("nothing ends a peer", detail) from raised
