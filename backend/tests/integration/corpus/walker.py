"""The independent witness: what a recording says, read from its bytes by the vendors' own pages.

Nothing of Dragoman is imported here, and nothing here was written after it: where the two differ,
one of them is wrong.
"""

import json
from collections.abc import Iterable
from typing import Any, NamedTuple

Json = Any


class Facts(NamedTuple):
    """What was said, a refusal with the text. `usage` is (input, output, cache read, cache write,
    reasoning) in totals; `stop` is the vendor's word for the end, `error` for what broke it off.
    """

    text: str
    reasoning: str
    calls: list[tuple[str, Json]]
    usage: tuple[int | None, ...]
    stop: str | None
    refused: bool = False
    error: str | None = None


def walk(wire: str, body: bytes, *, streamed: bool) -> Facts:
    events = [json.loads(line) for line in _payloads(body)] if streamed else [json.loads(body)]
    return {"openai_chat": _chat, "anthropic_messages": _messages}[wire](events)


def _payloads(body: bytes) -> Iterable[bytes]:
    lines = (
        line.removeprefix(b"data:").strip() for line in body.splitlines() if line[:5] == b"data:"
    )
    return (line for line in lines if line != b"[DONE]")


def _chat(chunks: list[Json]) -> Facts:
    choices = [choice for chunk in chunks for choice in chunk.get("choices") or ()]
    pieces = [choice.get("message") or choice.get("delta") or {} for choice in choices]
    text, reasoning = "", ""
    calls: dict[Json, tuple[str, str]] = {}
    for piece in pieces:
        content = piece.get("content") or ""
        blocks = content if isinstance(content, list) else [{"type": "text", "text": content}]
        text += _join(blocks, "text") + (piece.get("refusal") or "")
        # Mistral thinks in content blocks; the others in one field or another, sometimes in two.
        reasoning += "".join(_join(block.get("thinking", ()), "text") for block in blocks)
        details = piece.get("reasoning_details") or ()
        plain = piece.get("reasoning_content") or piece.get("reasoning")
        reasoning += plain or _join(details, "text") + _join(details, "summary")
        for place, call in enumerate(piece.get("tool_calls") or ()):
            key = place if "message" in choices[0] else call.get("index", call.get("id"))
            name, arguments = calls.get(key, ("", ""))
            said = call["function"]
            calls[key] = name or said.get("name"), arguments + (said.get("arguments") or "")
    stops = [choice["finish_reason"] for choice in choices if choice.get("finish_reason")]
    errors = [str(chunk["error"]["code"]) for chunk in chunks if chunk.get("error")]
    return Facts(
        text=text,
        reasoning=reasoning,
        calls=[(name, parsed(arguments)) for name, arguments in calls.values()],
        usage=_chat_usage([usage for chunk in chunks for usage in _usages(chunk) if usage]),
        stop=stops[-1] if stops else None,
        refused=any(piece.get("refusal") for piece in pieces),
        error=errors[0] if errors else None,
    )


def _join(blocks: Iterable[Json], field: str) -> str:
    return "".join(block.get(field) or "" for block in blocks)


def _usages(chunk: Json) -> tuple[Json, Json]:
    return (chunk.get("x_groq") or {}).get("usage"), chunk.get("usage")  # Groq's older place first


def _chat_usage(usages: list[Json]) -> tuple[int | None, ...]:
    usage = usages[-1] if usages else {}
    asked, answered = usage.get("prompt_tokens"), usage.get("completion_tokens")
    if usage.get("total_tokens") is not None:
        # xAI and Google leave thinking out of the completion, but the total counts everything.
        answered = usage["total_tokens"] - asked
    sent = usage.get("prompt_tokens_details") or {}
    # DeepSeek, Mistral and Moonshot have a field of their own each.
    spellings = (
        sent.get("cached_tokens"),
        usage.get("prompt_cache_hit_tokens"),
        usage.get("num_cached_tokens"),
        usage.get("cached_tokens"),
    )
    cached = next((count for count in spellings if count is not None), None)
    thought = (usage.get("completion_tokens_details") or {}).get("reasoning_tokens")
    return asked, answered, cached, sent.get("cache_write_tokens"), thought


def _messages(events: list[Json]) -> Facts:
    blocks: list[Json] = []
    usage: Json = {}
    stop = error = None
    for event in events:
        match event["type"]:
            case "message" | "message_start":
                message = event.get("message", event)
                blocks += message["content"]
                usage, stop = dict(message["usage"]), message["stop_reason"]
            case "content_block_start":
                blocks.append(dict(event["content_block"]))
            case "content_block_delta":
                for field in ("text", "thinking", "partial_json"):
                    blocks[-1][field] = blocks[-1].get(field, "") + event["delta"].get(field, "")
            case "message_delta":
                usage |= {
                    name: count for name, count in event["usage"].items() if count is not None
                }
                stop = event["delta"]["stop_reason"]
            case "error":
                error = event["error"]["type"]
    calls = [block for block in blocks if block["type"] == "tool_use"]
    return Facts(
        text=_join((block for block in blocks if block["type"] == "text"), "text"),
        reasoning=_join(blocks, "thinking"),
        calls=[(call["name"], parsed(call.get("partial_json")) or call["input"]) for call in calls],
        usage=_messages_usage(usage),
        stop=stop,
        refused=stop == "refusal",
        error=error,
    )


def _messages_usage(usage: Json) -> tuple[int | None, ...]:
    read, written = usage.get("cache_read_input_tokens"), usage.get("cache_creation_input_tokens")
    total = (
        usage["input_tokens"] + (read or 0) + (written or 0)
    )  # what was cached is not in "input"
    thought = (usage.get("output_tokens_details") or {}).get("thinking_tokens")
    return total, usage.get("output_tokens"), read, written, thought


def parsed(arguments: str | None) -> Json:
    """Read a tool's arguments: none are an empty object, and broken ones stay as they are."""
    try:
        return json.loads(arguments or "{}")
    except ValueError:
        return arguments
