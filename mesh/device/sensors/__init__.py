"""Kinds of sensors, found by file name.

Each has UNIT (SenML registry); OPTIONS, if it has any (as core.settings.check reads them); and
class Sensor: Sensor(options), read() -> int, float, Decimal, text or bool. Both raise OSError or
ValueError with the reason why there is nothing to read.
"""


def words(path: str, first: str) -> "list[str]":
    """The words after `first` in the first line that begins with it; ValueError if none does."""
    with open(path) as file:
        for line in file:
            if line.strip().startswith(first):
                return line.strip()[len(first) :].split()
    raise ValueError(first + " is not in " + path)
