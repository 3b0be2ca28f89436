"""Settings on trial: used instead of settings.json until the peer that gave them answers.

settings.json is unchanged until then, and replaced by a rename, so that after a power cut the old
or the new ones are there, whole.
"""

import hashlib
import json
import os

from mesh.core.errors import LocalError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    State = dict[str, Any]

FILE, NEW, OLD = "settings.trial", "settings.new", "settings.json"
CHECK = 8  # bytes of SHA-256 as a check sum
TRIES = 2  # starts for the trial: one may end by a power cut
TRIAL = "trial"


def digest(path: str) -> str:
    """The SHA-256 of a file in hex; "" if there is no such file."""
    try:
        with open(path, "rb") as file:
            return hashlib.sha256(file.read()).digest().hex()
    except OSError:
        return ""


def read() -> "State":
    """The state of the last offered settings: {"state", "made", "by", ...}, or {}."""
    try:
        with open(FILE, "rb") as file:
            data = file.read()
        body = data[:-CHECK]
        if hashlib.sha256(body).digest()[:CHECK] == data[-CHECK:]:
            found: State = json.loads(body)
            return found
    except (OSError, ValueError):
        pass
    return {}


def write(state: "State") -> None:
    """Write the state, whole or not at all."""
    body = json.dumps(state).encode()
    with open(FILE + ".new", "wb") as file:
        file.write(body + hashlib.sha256(body).digest()[:CHECK])
    os.rename(FILE + ".new", FILE)


def load(read_file: "Callable[[str, bool], Any]", safe: bool) -> "Any":  # noqa: ANN401 - as config.load
    """Read the settings of this start by config.load: those on trial, if there are any."""
    state = read()
    if state.get("state") == TRIAL and _may_go_on(state):
        state["tries"] += 1
        write(state)  # before they are read
        found: Any = None
        try:
            found = read_file(NEW, safe)
            wrong = found[2]
        except LocalError as error:
            wrong = error
        if wrong is None:
            return found
        end(state, wrong.detail)
    return read_file(OLD, safe)


def _may_go_on(state: "State") -> bool:
    """Whether settings on trial may be used once more."""
    is_whole = digest(NEW) == state["new"]
    there = digest(OLD)
    if is_whole and not there:  # a FAT file system may have only the new ones for a moment
        os.rename(NEW, OLD)
        there = state["new"]
    if there == state["new"]:  # power was cut after they were confirmed
        end(state)
    elif there != state["base"]:
        end(state, "changed by cable meanwhile")
    elif not is_whole:
        end(state, NEW + " is damaged")
    elif state["tries"] >= TRIES:
        end(state, f"not good after {TRIES} starts")
    return bool(state["state"] == TRIAL)


def good(state: "State") -> None:
    """Confirm the settings on trial."""
    os.rename(NEW, OLD)
    end(state)


def end(state: "State", why: str = "") -> None:
    """Record that they were confirmed, or why they were rolled back."""
    state["state"] = "taken back" if why else "good"
    if why:
        state["why"] = why[:240]
    write(state)
    try:
        os.remove(NEW)
    except OSError:
        pass
