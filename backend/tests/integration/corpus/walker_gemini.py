"""The independent witness of Gemini's format: what a recording says, by Google's own pages.

Nothing of Dragoman is imported here, and nothing here was written after it.
"""

import re
from itertools import pairwise
from typing import Any

Json = Any

_NUMBERED = {1: "STOP", 2: "MAX_TOKENS", 3: "SAFETY"}


def parts_in(chunks: list[Json]) -> list[Json]:
    contents = [candidate.get("content") or {} for candidate in _candidates(chunks)]
    return [part for content in contents for part in content.get("parts") or ()]


def _candidates(chunks: list[Json]) -> list[Json]:
    return [candidate for chunk in chunks for candidate in chunk.get("candidates") or ()]


def text_of(chunks: list[Json], *, thought: bool) -> str:
    said = [part for part in parts_in(chunks) if bool(part.get("thought")) is thought]
    return "".join(part.get("text", "") for part in said)


def calls_of(chunks: list[Json]) -> list[tuple[str, str, Json]]:
    """Give each call; one in pieces goes on while pieces without a name follow."""
    calls: list[tuple[str, str, Json]] = []
    for part in parts_in(chunks):
        call = part.get("functionCall")
        if call is None:
            continue
        if "name" in call:
            calls.append((call.get("id", ""), call["name"], dict(call.get("args") or {})))
        for piece in call.get("partialArgs") or ():
            _put(calls[-1][2], piece)
    return calls


def _put(whole: Json, piece: Json) -> None:
    """Put a piece where its path says; text goes on where there is some."""
    keys = re.findall(r"\.(\w+)|\[(\d+)\]", piece["jsonPath"])
    steps = [int(number) if number else name for name, number in keys]
    for step, following in pairwise(steps):
        fresh: Json = [] if isinstance(following, int) else {}
        if isinstance(step, int):
            whole.extend([fresh] * (step + 1 - len(whole)))
        else:
            whole.setdefault(step, fresh)
        whole = whole[step]
    value = piece.get("stringValue", piece.get("numberValue", piece.get("boolValue")))
    last = steps[-1]
    if isinstance(last, int):
        whole.extend([""] * (last + 1 - len(whole)))
    else:
        whole.setdefault(last, "")
    whole[last] = whole[last] + value if isinstance(value, str) else value


def usage_of(chunks: list[Json]) -> tuple[int | None, ...]:
    """Give the last counts; one of nothing is left out, as protocol buffers have it."""
    counts = [chunk["usageMetadata"] for chunk in chunks if chunk.get("usageMetadata")]
    if not counts:
        return (None,) * 5
    usage = counts[-1]
    if "promptTokenCount" not in usage:  # nothing was counted
        return (None,) * 5
    asked = usage["promptTokenCount"] + usage.get("toolUsePromptTokenCount", 0)
    answered = usage.get("candidatesTokenCount", 0) + usage.get("thoughtsTokenCount", 0)
    cached = usage.get("cachedContentTokenCount")
    return asked, answered, cached, None, usage.get("thoughtsTokenCount")


def stop_of(chunks: list[Json]) -> str | None:
    words = [one["finishReason"] for one in _candidates(chunks) if one.get("finishReason")]
    words += [
        chunk["promptFeedback"]["blockReason"] for chunk in chunks if chunk.get("promptFeedback")
    ]
    return _NUMBERED.get(words[-1], words[-1]) if words else None


def stood_beside(chunks: list[Json]) -> tuple[Json, Json]:
    """Give the fields around the candidates, and around their content, as they were said last."""
    top = {name: value for chunk in chunks for name, value in chunk.items() if value}
    told = {name: value for one in _candidates(chunks) for name, value in one.items() if value}
    top.pop("candidates", None)
    told.pop("content", None)
    return top, told
