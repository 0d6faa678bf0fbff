"""Token counts: the input includes what was cached, the output should include reasoning."""

from typing import Final

from dragoman.chat import Json, JsonObject, Usage, extras_of
from dragoman.wire.openai_chat.words import NAME, UNCOUNTED, forms_of, own, put_back, said_only

_SENT, _ANSWERED = "prompt_tokens_details", "completion_tokens_details"

# Where servers of before, or of their own mind, put what is OpenAI's `cached_tokens`: DeepSeek,
# Mistral, Moonshot. Read where the details do not tell; the mark is the field's name.
_CACHED_ELSEWHERE: Final = ("prompt_cache_hit_tokens", "num_cached_tokens", "cached_tokens")


def read_usage(said: Json) -> Usage | None:
    """Read a usage object; `None` if it is none, or empty. Never raises."""
    if not isinstance(said, dict) or not said:
        return None
    left = dict(said)
    cached, form = _cached(left)
    written = _take_detail(left, _SENT, "cache_write_tokens")
    reasoning = _take_detail(left, _ANSWERED, "reasoning_tokens")
    asked, answered = _take(left, "prompt_tokens"), _take(left, "completion_tokens")
    if asked is None or answered is None:
        form = (*form, UNCOUNTED)
    else:
        answered = _all_answered(left, asked, answered)
    return Usage(asked, answered, cached, written, reasoning, extras_of(NAME, left, *form))


def _all_answered(left: JsonObject, asked: int, answered: int) -> int:
    """Give what was generated, reasoning included."""
    total = _take(left, "total_tokens")
    if total is None or total == asked + answered:
        return answered
    if total < asked + answered:
        left["total_tokens"] = total
        return answered
    # xAI and Google leave reasoning out of the completion, but the total counts everything.
    left["completion_tokens"] = answered
    return total - asked


def _cached(left: JsonObject) -> tuple[int | None, tuple[str, ...]]:
    count = _take_detail(left, _SENT, "cached_tokens")
    if count is not None:
        return count, ()
    for name in _CACHED_ELSEWHERE:
        if (count := _take(left, name)) is not None:
            return count, (name,)
    return None, ()


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
    """Write a usage object. Clients need the three first counts: of them, the unknown are 0.

    A vendor's own that left one out stays as it came.
    """
    form, left = forms_of(usage.extras), own(usage.extras)
    elsewhere = {name: usage.cache_read for name in form if name in _CACHED_ELSEWHERE}
    unknown = None if UNCOUNTED in form else 0
    asked = unknown if usage.input is None else usage.input
    answered = unknown if usage.output is None else usage.output
    total = None if asked is None or answered is None else asked + answered
    sent = {
        "cached_tokens": None if elsewhere else usage.cache_read,
        "cache_write_tokens": usage.cache_write,
    }
    counts = {
        "prompt_tokens": asked,
        "completion_tokens": left.get("completion_tokens", answered),
        "total_tokens": left.get("total_tokens", total),
        **elsewhere,
        _SENT: said_only(sent) or None,
        _ANSWERED: said_only({"reasoning_tokens": usage.reasoning}) or None,
    }
    return put_back(said_only(counts), left)
