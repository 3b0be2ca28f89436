"""Settings on trial: read in place of settings.json until who gave them has answered.

settings.json stays as it is until then, and is replaced by a rename: so whenever power goes, the
old ones or the new ones are there, whole.
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
CHECK = 8  # bytes of SHA-256 that tell a damaged file
TRIES = 2  # starts that they have: one may end by a power cut
TRIAL = "trial"


def digest(path: str) -> str:
    """The SHA-256 of a file in hex; nothing if there is no such file."""
    try:
        with open(path, "rb") as file:
            return hashlib.sha256(file.read()).digest().hex()
    except OSError:
        return ""


def read() -> "State":
    """What became of the last settings that were offered: {"state", "made", "by", ...}, or {}."""
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
    """Write all of it or nothing."""
    body = json.dumps(state).encode()
    with open(FILE + ".new", "wb") as file:
        file.write(body + hashlib.sha256(body).digest()[:CHECK])
    os.rename(FILE + ".new", FILE)


def load(read_file: "Callable[[str, bool], Any]", safe: bool) -> "Any":  # noqa: ANN401 - as config.load
    """Read the settings of this start by config.load: those on trial, as long as they are."""
    state = read()
    if state.get("state") == TRIAL and _may_go_on(state):
        state["tries"] += 1
        write(state)  # before anything of them is looked at
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
    """Whether settings on trial are to be read once more."""
    is_whole = digest(NEW) == state["new"]
    there = digest(OLD)
    if is_whole and not there:  # a FAT file system has for a moment only the new ones
        os.rename(NEW, OLD)
        there = state["new"]
    if there == state["new"]:  # power went after they had become good
        end(state)
    elif there != state["base"]:
        end(state, "the settings were changed by cable meanwhile")
    elif not is_whole:
        end(state, NEW + " is damaged")
    elif state["tries"] >= TRIES:
        end(state, f"not good after {TRIES} starts")
    return bool(state["state"] == TRIAL)


def good(state: "State") -> None:
    """Have the settings on trial for good."""
    os.rename(NEW, OLD)
    end(state)


def end(state: "State", why: str = "") -> None:
    """Note that they are good; or that they were taken back, and why."""
    state["state"] = "taken back" if why else "good"
    if why:
        state["why"] = why[:240]
    write(state)
    try:
        os.remove(NEW)
    except OSError:
        pass
