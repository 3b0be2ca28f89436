"""Selectors PEER and SENSOR of commands: a name, a list with commas, or a pattern."""

from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

from mesh.core.errors import MeshError
from mesh.hub.failure import FAILED, NOBODY, PARTLY, USAGE, Failure, NotFound
from mesh.hub.home import choices, naming
from mesh.hub.home.naming import Known

SIGNS = "*?["  # characters that make a word a pattern


class Meant(NamedTuple):
    """A selected peer. `part`: as typed, None for all of it; `plain`: whether it was named, not
    matched.
    """

    peer: Known
    part: str | None = None
    plain: bool = True


class Chosen(NamedTuple):
    """The selected peers, and the words that select none, with the reason."""

    peers: list[Meant]
    missing: list[tuple[str, Failure]]


def is_pattern(word: str) -> bool:
    """Whether a word has wildcards."""
    return any(sign in word for sign in SIGNS)


def is_many(words: Sequence[str]) -> bool:
    """Whether these words can select several peers, or several parts of one."""
    return len(words) != 1 or "," in words[0] or is_pattern(words[0])


def words_of(wanted: str) -> list[str]:
    """Split a list with commas. Failure with code USAGE if an item is empty."""
    words = [word.strip() for word in wanted.split(",")]
    if not all(words):
        raise Failure(f"'{wanted}' has an empty item", "write a,b,c", USAGE)
    return words


def peers(wanted: str, known: Sequence[Known], there: Sequence[Known] | None = None) -> Chosen:
    """The peers that PEER selects of all `known`. Patterns only match those in `there`, if given.

    A name that has commas or wildcards itself takes precedence.
    """
    if len(whole := naming.matches(wanted, known)) == 1:
        return Chosen([Meant(whole[0])], [])
    found: dict[str, Meant] = {}
    missing: list[tuple[str, Failure]] = []
    for word in words_of(wanted):
        if is_pattern(word):
            fitting = [one for one in (known if there is None else there) if _fits(one, word)]
            for one in fitting:
                found.setdefault(one.id, Meant(one, None, plain=False))
            if not fitting:
                why = NotFound(f"no name fits '{word}'", naming.help_of(known), NOBODY)
                missing.append((word, why))
            continue
        try:
            one = naming.find(word, known)
        except Failure as failure:
            missing.append((word, failure))
        else:
            found[one.id] = Meant(one)
    return Chosen(list(found.values()), missing)


def targets(
    words: Iterable[str], known: Sequence[Known], there: Sequence[Known] | None = None
) -> Chosen:
    """The peers that several PEER or PEER/PART select, sorted by name."""
    found: dict[tuple[str, str | None], Meant] = {}
    missing: list[tuple[str, Failure]] = []
    for word in words:
        name, part = naming.split(word)
        chosen = peers(name, known, there)
        missing += chosen.missing
        for meant in chosen.peers:
            key = (meant.peer.id, part)
            if key not in found or meant.plain:
                found[key] = meant._replace(part=part)
    order = sorted(found.values(), key=lambda one: (one.peer.label.casefold(), one.peer.id))
    return Chosen(order, missing)


def only_peers(words: Iterable[str], help: str) -> None:
    """Failure with code USAGE if a word is PEER/PART where only peers are expected. {} in `help`
    is replaced by the word.
    """
    for word in words:
        if naming.split(word)[1] is not None:
            raise Failure(f"'{word}' is more than a peer", help.format(word), USAGE)


def pick(part: str | None, names: Sequence[str]) -> list[str]:
    """The sensors or actuators that PART selects; all for None."""
    if part is None:
        return list(names)
    words = words_of(part)
    return [name for name in names if any(fnmatchcase(name, word) for word in words)]


def lacking(part: str | None, names: Sequence[str]) -> list[str]:
    """The names in PART that do not exist."""
    words = [] if part is None else words_of(part)
    return [word for word in words if not is_pattern(word) and word not in names]


def no_such(what: str, words: Sequence[str], names: Sequence[str]) -> str:
    """The error for a sensor or actuator that does not exist, with a suggestion."""
    listed = ", ".join(words)
    return f"no {what} '{listed}'; {choices.offer(words[0], names, 'it has none')}"


def trouble(error: MeshError) -> dict[str, Any]:
    """The fields of a row for a peer that failed."""
    code = error.exit_code if isinstance(error, Failure) else FAILED
    return {"error": error.detail, "help": error.help, "code": code}


def failure(failed: Sequence[Mapping[str, Any]], done: int) -> Failure:
    """The error of a command over several peers, given the rows that failed: {"peer", "code"}.

    PARTLY if `done` others succeeded; else their common code, or FAILED.
    """
    names = ", ".join(dict.fromkeys(row["peer"] for row in failed))
    codes = {row["code"] for row in failed}
    code = PARTLY if done else codes.pop() if len(codes) == 1 else FAILED
    detail = f"{len(failed)} of {len(failed) + done} failed: {names}"
    return Failure(detail, "the reason of each is above; the others were not affected", code)


def _fits(one: Known, pattern: str) -> bool:
    folded = pattern.casefold()
    names = [name.casefold() for name in (one.petname, one.name) if name] or [one.short]
    return any(fnmatchcase(name, folded) for name in names)
