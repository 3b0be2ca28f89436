"""What PEER and SENSOR stand for in every command: a name, several with commas, or a pattern."""

from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

from mesh.core.errors import MeshError
from mesh.hub import choices, naming
from mesh.hub.failure import FAILED, NOBODY, PARTLY, USAGE, Failure
from mesh.hub.naming import Known

SIGNS = "*?["  # what makes a word a pattern


class Meant(NamedTuple):
    """One who is meant: `part` as it was typed, None for all of it; `plain` if its name was."""

    peer: Known
    part: str | None = None
    plain: bool = True


class Chosen(NamedTuple):
    """Who is meant, and the words that are nobody's, each with the reason."""

    peers: list[Meant]
    missing: list[tuple[str, Failure]]


def is_pattern(word: str) -> bool:
    """Whether a word has signs that stand for any characters."""
    return any(sign in word for sign in SIGNS)


def is_many(words: Sequence[str]) -> bool:
    """Whether these words can mean several peers, or several parts of one."""
    return len(words) != 1 or "," in words[0] or is_pattern(words[0])


def words_of(wanted: str) -> list[str]:
    """The words of a list with commas. Failure with code USAGE if one of them is empty."""
    words = [word.strip() for word in wanted.split(",")]
    if not all(words):
        raise Failure(f"'{wanted}' has a comma with nothing beside it", "write a,b,c", USAGE)
    return words


def peers(wanted: str, known: Sequence[Known], there: Sequence[Known] | None = None) -> Chosen:
    """Who is meant by PEER among all `known`; patterns look at those in `there` alone, if given.

    A name that holds commas or signs itself comes before lists and patterns.
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
                why = Failure(f"no name fits '{word}'", naming.help_of(known), NOBODY)
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
    """Who is meant by several PEER or PEER/PART, in order of their names."""
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


def pick(part: str | None, names: Sequence[str]) -> list[str]:
    """Those of a peer's sensors or actuators that PART means; all of them for None."""
    if part is None:
        return list(names)
    words = words_of(part)
    return [name for name in names if any(fnmatchcase(name, word) for word in words)]


def lacking(part: str | None, names: Sequence[str]) -> list[str]:
    """The plain words of PART that are none of the names."""
    words = [] if part is None else words_of(part)
    return [word for word in words if not is_pattern(word) and word not in names]


def no_such(what: str, words: Sequence[str], names: Sequence[str]) -> str:
    """That there is no such sensor or actuator, and what may have been meant."""
    listed = ", ".join(words)
    return f"no {what} '{listed}'; {choices.offer(words[0], names, 'it has none')}"


def trouble(error: MeshError) -> dict[str, Any]:
    """What a row says of a peer with which it failed."""
    code = error.code if isinstance(error, Failure) else FAILED
    return {"error": error.detail, "help": error.help, "code": code}


def failure(failed: Sequence[Mapping[str, Any]], done: int) -> Failure:
    """How a command over several ends of which these rows failed: {"peer", "code"}.

    PARTLY if `done` others are done; else the code that all have in common, or FAILED.
    """
    names = ", ".join(dict.fromkeys(row["peer"] for row in failed))
    codes = {row["code"] for row in failed}
    code = PARTLY if done else codes.pop() if len(codes) == 1 else FAILED
    detail = f"{len(failed)} of {len(failed) + done} failed: {names}"
    return Failure(detail, "what each said is above; none held up the others", code)


def _fits(one: Known, pattern: str) -> bool:
    folded = pattern.casefold()
    names = [name.casefold() for name in (one.petname, one.name) if name] or [one.short]
    return any(fnmatchcase(name, folded) for name in names)
