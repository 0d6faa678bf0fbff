"""Token counts: thinking is counted beside the answer, and a tool's prompt beside the prompt."""

from dragoman.chat import Json, JsonObject, Usage, extras_of
from dragoman.wire.gemini.words import NAME, NO_COUNT, NO_TOTAL, forms_of, own, said_only

_TOOLS = "toolUsePromptTokenCount"


def read_usage(said: Json) -> Usage | None:
    """Read a usage object; `None` if it is none, or counts nothing. Never raises.

    Counts of nothing are left out by the vendor; what the total says besides tells them.
    """
    if not isinstance(said, dict) or not said:
        return None
    left = dict(said)
    prompt, answer = _take(left, "promptTokenCount"), _take(left, "candidatesTokenCount")
    thought = _take(left, "thoughtsTokenCount")
    cached = _take(left, "cachedContentTokenCount")
    asked = _sum(prompt, _count(left.get(_TOOLS)))
    answered = _sum(answer, thought)
    if asked is None and answered is None:
        return None
    total = _count(left.get("totalTokenCount"))
    if answered is None and total is not None and asked is not None:
        answered = max(0, total - asked)
    if total is not None and total == _sum(asked, answered):
        del left["totalTokenCount"]
    absent = {NO_COUNT: answer, NO_TOTAL: total}
    form = (mark for mark, count in absent.items() if count is None)
    return Usage(asked, answered, cached, None, thought, extras_of(NAME, left, *form))


def _sum(first: int | None, second: int | None) -> int | None:
    if first is None:
        return second
    return first + (second or 0)


def _count(value: Json) -> int | None:
    whole = isinstance(value, int) and not isinstance(value, bool) and value >= 0
    return value if whole else None


def _take(left: JsonObject, name: str) -> int | None:
    """Take a count; what is no number, or less than nothing, stays where it is."""
    count = _count(left.get(name))
    if count is not None:
        del left[name]
    return count


def write_usage(usage: Usage) -> JsonObject:
    """Write a usage object; what is not known is not told."""
    left, form = own(usage.extras), forms_of(usage.extras)
    tools = _count(left.get(_TOOLS)) or 0
    prompt = None if usage.input is None else max(0, usage.input - tools)
    answer = None if usage.output is None else max(0, usage.output - (usage.reasoning or 0))
    counts = {
        "promptTokenCount": None if tools and not prompt else prompt,
        "candidatesTokenCount": None if NO_COUNT in form else answer,
        "totalTokenCount": None if NO_TOTAL in form else usage.total,
        "cachedContentTokenCount": usage.cache_read,
        "thoughtsTokenCount": usage.reasoning,
    }
    return said_only(counts) | left
