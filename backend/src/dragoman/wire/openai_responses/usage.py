"""Token counts: the input includes what was cached, the output includes reasoning."""

from typing import Final

from msgspec.structs import replace

from dragoman.chat import Extras, Json, JsonObject, Usage
from dragoman.wire.openai_responses.words import (
    NAME,
    NO_TOTAL,
    forms_of,
    is_own,
    own,
    put_back,
    said_only,
)

_SENT: Final = "input_tokens_details"
_ANSWERED: Final = "output_tokens_details"


def read_usage(said: Json) -> Usage | None:
    """Read a usage object; `None` if it is none, or empty. Never raises."""
    if not isinstance(said, dict) or not said:
        return None
    left = dict(said)
    cached = _take_detail(left, _SENT, "cached_tokens")
    written = _take_detail(left, _SENT, "cache_write_tokens")
    reasoning = _take_detail(left, _ANSWERED, "reasoning_tokens")
    usage = Usage(
        _take(left, "input_tokens"), _take(left, "output_tokens"), cached, written, reasoning
    )
    form = () if "total_tokens" in left else (NO_TOTAL,)
    if left.get("total_tokens") == usage.total:
        left.pop("total_tokens", None)
    return replace(usage, extras=Extras(NAME, left, form))


def _take_detail(left: JsonObject, group: str, name: str) -> int | None:
    if not isinstance(left.get(group), dict):
        return None
    others = dict(left[group])
    count = _take(others, name)
    if count is not None:
        left[group] = others
        if not others:
            del left[group]
    return count


def _take(left: JsonObject, name: str) -> int | None:
    """Take a count; what is no number, or less than nothing, stays where it is."""
    count = left.get(name)
    if not isinstance(count, int) or isinstance(count, bool) or count < 0:
        return None
    del left[name]
    return count


def write_usage(usage: Usage) -> JsonObject:
    """Write a usage object. Clients need each number: what another format did not say is 0."""
    unknown = None if is_own(usage.extras) else 0
    form, left = forms_of(usage.extras), own(usage.extras)
    sent = {
        "cached_tokens": _or(usage.cache_read, unknown),
        "cache_write_tokens": _or(usage.cache_write, unknown),
    }
    counts = {
        "input_tokens": _or(usage.input, unknown),
        _SENT: said_only(sent) or None,
        "output_tokens": _or(usage.output, unknown),
        _ANSWERED: said_only({"reasoning_tokens": _or(usage.reasoning, unknown)}) or None,
        "total_tokens": None if NO_TOTAL in form else left.get("total_tokens", _total(usage)),
    }
    return put_back(said_only(counts), left)


def _or(count: int | None, unknown: int | None) -> int | None:
    return unknown if count is None else count


def _total(usage: Usage) -> int | None:
    if is_own(usage.extras):
        return usage.total
    return (usage.input or 0) + (usage.output or 0)
