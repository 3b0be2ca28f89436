"""Checks decoded settings against a schema. The first error names the path in the settings."""

from mesh.core.errors import LocalError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any, NoReturn


def fail(
    path: str,
    value: object,
    what: str,
    known: "Iterable[str]" = (),
    hide: object = False,
) -> "NoReturn":
    """Raise LocalError: `value` at `path` is not `what`. Suggests a similar word of `known`.

    `hide`: whether the value is a secret, which is not shown.
    """
    shown = "this" if hide else repr(value)[:60]
    from mesh.core.policy.suggest import near  # noqa: PLC0415 - heap only where something is wrong

    meant = near(value, known) if isinstance(value, str) else None
    help = f'did you mean "{meant}"?' if meant else None
    raise LocalError(f"{path or 'settings'}: {shown} is not {what}", help)


def word(value: object, path: str, known: "Iterable[str]", hide: object = False) -> None:
    """Check that a value is one of the words `known`. LocalError otherwise."""
    if not isinstance(value, str) or value not in known:
        fail(path, value, "one of " + ", ".join(sorted(known)), known, hide)


def check(value: "Any", path: str, spec: "Any", hide: object = False) -> None:  # noqa: ANN401
    """Check a value against a schema. LocalError names the path of what is wrong.

    A schema is {key: schema, "*": schema of other keys}; [schema of each item]; "one of these
    words"; (types, description); or (types, description, least, most), for texts in bytes.
    `hide`: as in fail().
    """
    if isinstance(spec, dict):
        check(value, path, (dict, "a table"), hide)
        for key in value:
            inner = spec.get(key) or spec.get("*")
            if inner is None:
                word(key, path or "settings", spec, hide)
            check(value[key], f"{path}.{key}" if path else key, inner, hide)
    elif isinstance(spec, list):
        check(value, path, (list, "a list"), hide)
        for i, item in enumerate(value):
            check(item, f"{path}[{i}]", spec[0], hide)
    elif isinstance(spec, str):
        word(value, path, spec.split(), hide)
    else:
        _leaf(value, path, spec, hide)


def _leaf(value: "Any", path: str, spec: "tuple[Any, ...]", hide: object) -> None:  # noqa: ANN401
    types, what = spec[:2]
    good = isinstance(value, types)
    if good and len(spec) > 2:
        size = len(value.encode()) if types is str else value
        good = not isinstance(value, bool) and spec[2] <= size <= spec[3]
    if not good:
        shown = what if len(spec) == 2 else "{} ({} to {})".format(*spec[1:])
        fail(path, value, shown, (), hide)
