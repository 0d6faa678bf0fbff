"""Token counts: here the input is counted without what the cache read and wrote."""

from dragoman.chat import JsonObject, Usage, extras_of
from dragoman.wire.anthropic_messages.words import NAME, own, put_back


def read_usage(counts: JsonObject) -> Usage:
    """Read a usage object; what it says beside the counts is kept. Never raises."""
    left = dict(counts)
    fresh = _count(left, "input_tokens")
    written = _count(left, "cache_creation_input_tokens")
    cached = _count(left, "cache_read_input_tokens")
    return Usage(
        input=None if fresh is None else fresh + (written or 0) + (cached or 0),
        output=_count(left, "output_tokens"),
        cache_read=cached,
        cache_write=written,
        reasoning=_thinking_count(left),
        extras=extras_of(NAME, left),
    )


def _count(left: JsonObject, name: str) -> int | None:
    """Take a count; what is no number, or less than nothing, stays where it is."""
    count = left.get(name)
    if type(count) is not int or count < 0:
        return None
    del left[name]
    return count


def _thinking_count(left: JsonObject) -> int | None:
    details = left.get("output_tokens_details")
    if not isinstance(details, dict):
        return None
    others = dict(details)
    count = _count(others, "thinking_tokens")
    if others or count is None:
        left["output_tokens_details"] = others
    else:
        del left["output_tokens_details"]
    return count


def write_usage(usage: Usage | None) -> JsonObject:
    """Write a usage object. Clients of this format need numbers: what is unknown is 0 here.

    Where a vendor counts more for its cache than for the whole input, the whole holds.
    """
    if usage is None:
        return {"input_tokens": 0, "output_tokens": 0}
    cached = (usage.cache_read or 0) + (usage.cache_write or 0)
    whole = cached if usage.input is None else usage.input
    read = _at_most(whole, usage.cache_read)
    written = _at_most(whole - (read or 0), usage.cache_write)
    counts: JsonObject = {"input_tokens": whole - (read or 0) - (written or 0)}
    if written is not None:
        counts["cache_creation_input_tokens"] = written
    if read is not None:
        counts["cache_read_input_tokens"] = read
    counts["output_tokens"] = usage.output or 0
    if usage.reasoning is not None:
        counts["output_tokens_details"] = {"thinking_tokens": usage.reasoning}
    return put_back(counts, own(usage.extras))


def _at_most(most: int, count: int | None) -> int | None:
    return None if count is None else min(count, most)
