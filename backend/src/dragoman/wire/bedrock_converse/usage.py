"""Token counts: here the input is counted without what the cache read and wrote.

https://docs.aws.amazon.com/bedrock/latest/userguide/prompt-caching.html
"""

from dragoman.chat import JsonObject, Usage, extras_of
from dragoman.wire.bedrock_converse.words import NAME, own, put_back, said_only


def read_usage(counts: JsonObject) -> Usage:
    """Read a usage object; what it says beside the counts is kept. Never raises."""
    left = dict(counts)
    fresh = _count(left, "inputTokens")
    read = _count(left, "cacheReadInputTokens")
    written = _count(left, "cacheWriteInputTokens")
    output = _count(left, "outputTokens")
    whole = None if fresh is None else fresh + (read or 0) + (written or 0)
    if left.get("totalTokens") == _sum(whole, output):
        left.pop("totalTokens", None)
    return Usage(
        input=whole,
        output=output,
        cache_read=read,
        cache_write=written,
        extras=extras_of(NAME, left),
    )


def _count(left: JsonObject, name: str) -> int | None:
    """Take a count; what is no number, or less than nothing, stays where it is."""
    count = left.get(name)
    if not isinstance(count, int) or isinstance(count, bool) or count < 0:
        return None
    del left[name]
    return count


def _sum(whole: int | None, output: int | None) -> int | None:
    return None if whole is None or output is None else whole + output


def write_usage(usage: Usage | None) -> JsonObject:
    """Write a usage object, whose numbers the format insists on: what is unknown is 0 here."""
    if usage is None:
        return {"inputTokens": 0, "outputTokens": 0, "totalTokens": 0}
    cached = (usage.cache_read or 0) + (usage.cache_write or 0)
    said = {
        "inputTokens": max(0, (usage.input or 0) - cached),
        "outputTokens": usage.output or 0,
        "totalTokens": own(usage.extras).get("totalTokens", usage.total or 0),
        "cacheReadInputTokens": usage.cache_read,
        "cacheWriteInputTokens": usage.cache_write,
    }
    return put_back(said_only(said), own(usage.extras))
