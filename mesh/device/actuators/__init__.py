"""Kinds of actuators, found by file name.

Each has OPTIONS (a schema of core.policy.checking) and a class Actuator: Actuator(name, options)
raises OSError or ValueError; `value` is its state; apply(value) raises LocalError.
"""

from mesh.core.errors import LocalError


def show(name: str, text: str) -> None:
    """Write a state to the file NAME.state, where there are no pins."""
    path = name + ".state"
    try:
        with open(path, "w") as file:
            file.write(text + "\n")
    except OSError as error:
        raise LocalError(f"{path}: {error}")
