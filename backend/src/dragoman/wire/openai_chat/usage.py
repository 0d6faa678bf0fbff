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
    cached = _take_detail(left, _SENT, "cached_tokens")
    written = _take_detail(left, _SENT, "cache_write_tokens")
    reasoning = _take_detail(left, _ANSWERED, "reasoning_tokens")
    form: tuple[str, ...] = ()
    if cached is None:
        cached, form = _cached_elsewhere(left)
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


def _cached_elsewhere(left: JsonObject) -> tuple[int | None, tuple[str, ...]]:
    for name in _CACHED_ELSEWHERE:
        if (count := _take(left, name)) is not None:
            return count, (name,)
    return None, ()


def _take_detail(left: JsonObject, group: str, name: str) -> int | None:
    details = left.get(group)
    if not isinstance(details, dict) or name not in details:
        return None
    others = dict(details)
    count = _take(others, name)
    if others:
        left[group] = others
    else:
        del left[group]
    return count


def _take(left: JsonObject, name: str) -> int | None:
    """Take a count; what is no number, or less than nothing, stays where it is."""
    count = left.get(name)
    if type(count) is not int or count < 0:
        return None
    del left[name]
    return count


def write_usage(usage: Usage) -> JsonObject:
    """Write a usage object. Clients need the three first counts: of them, the unknown are 0.

    A vendor's own that left one out stays as it came.
    """
    form, left = forms_of(usage.extras), own(usage.extras)
    unknown = None if UNCOUNTED in form else 0
    asked = unknown if usage.input is None else usage.input
    answered = unknown if usage.output is None else usage.output
    total = None if asked is None or answered is None else asked + answered
    counts = said_only(
        {
            "prompt_tokens": asked,
            "completion_tokens": left.get("completion_tokens", answered),
            "total_tokens": left.get("total_tokens", total),
        }
    )
    sent = {}
    if usage.cache_read is not None:
        elsewhere = [name for name in form if name in _CACHED_ELSEWHERE]
        counts |= dict.fromkeys(elsewhere, usage.cache_read)
        if not elsewhere:
            sent["cached_tokens"] = usage.cache_read
    if usage.cache_write is not None:
        sent["cache_write_tokens"] = usage.cache_write
    if sent:
        counts[_SENT] = sent
    if usage.reasoning is not None:
        counts[_ANSWERED] = {"reasoning_tokens": usage.reasoning}
    return put_back(counts, left)
