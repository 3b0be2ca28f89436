"""Free heap of this board."""

import gc

UNIT = "B"


class Sensor:
    """Free heap, by the garbage collector."""

    def __init__(self, options: "dict[str, str]") -> None:
        pass

    def read(self) -> int:
        """The free bytes after a collection."""
        gc.collect()
        return gc.mem_free()
