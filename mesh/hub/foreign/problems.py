"""Problem details of error responses (RFC 9290) as text."""

from typing import Any

from mesh.core import codes
from mesh.core.errors import RemoteError
from mesh.hub.foreign import diagnostic
from mesh.hub.foreign.diagnostic import Map, Tag

# s.2 and s.3.1.1; keys from 0 on, and URIs, are application-specific
NAMES = {
    -1: "title", -2: "detail", -3: "instance", -4: "response_code", -5: "base_uri",
    -6: "base_lang", -7: "base_rtl", -8: "unprocessed_options",
}  # fmt: skip
RESPONSE_CODE = -4
LANGUAGE = 38  # a tag: [language, text, direction] (RFC 9290 app. A)
MOST = 300  # characters of a reason that are shown,


def words(item: Any) -> dict[str, Any]:  # noqa: ANN401 - any item
    """Problem details with names as keys. RemoteError if they are no map."""
    if not isinstance(item, Map):
        raise RemoteError("problem details are a map")
    found: dict[str, Any] = {}
    for key, value in item.pairs:
        name = NAMES.get(key) if type(key) is int else None
        name = name or (key if isinstance(key, str) else diagnostic.notation(key))
        plain = _worded(key, value)
        found.setdefault(name, plain)
    return found


def reason(content: Any) -> str:  # noqa: ANN401 - whatever a refusal holds
    """The reason of an error response, as a sentence."""
    if isinstance(content, dict):
        told = [content.get("detail") or content.get("title")]
        if content.get("unprocessed_options") is not None:
            told.append(f"options it could not process: {content['unprocessed_options']}")
        content = "; ".join(str(one) for one in told if one) or content
    text = str(content) or "no reason given"
    return text if len(text) <= MOST else f"{text[:MOST]} ({len(text) - MOST:,} characters more)"


def _worded(key: Any, value: Any) -> Any:  # noqa: ANN401 - any item
    if isinstance(value, Tag) and value.number == LANGUAGE and isinstance(value.value, list):
        texts = [part for part in value.value[1:2] if isinstance(part, str)]
        if texts:
            return texts[0]
    if type(key) is int and key == RESPONSE_CODE and type(value) is int and 0 <= value < 256:  # noqa: PLR2004
        return codes.text(value)
    return diagnostic.plain(value)
