"""The independent witness: what a recording says, read from its bytes by the vendors' own pages.

Nothing of Dragoman is imported here, and nothing here was written after it: where the two differ,
one of them is wrong.
"""

import base64
import json
from collections.abc import Iterable, Iterator
from typing import Any, Final, NamedTuple

from botocore.eventstream import EventStreamBuffer

from . import walker_gemini

Json = Any


class Facts(NamedTuple):
    """What was said, a refusal with the text. `calls` are (id, name, arguments). `usage` is (input,
    output, cache read, cache write, reasoning) in totals. `stop` is the vendor's word for the end,
    `error` for what broke the reply off. `custom_calls` counts calls that are no function's.
    """

    text: str
    reasoning: str
    calls: list[tuple[str, str, Json]]
    usage: tuple[int | None, ...]
    stop: str | None
    refused: bool = False
    error: str | None = None
    custom_calls: int = 0


def walk(wire: str, body: bytes, *, streamed: bool) -> Facts:
    events = events_in(body) if streamed else [json.loads(body)]
    return _WALKS[wire](events)


def events_in(body: bytes) -> list[Json]:
    if body.startswith(b"\0"):
        return list(frames_in(body))
    if body.startswith(b"["):
        return list(json.loads(body))  # Gemini's other way to stream
    if b'"done":' in body.partition(b"\n")[0]:
        return [json.loads(line) for line in body.splitlines()]  # Ollama's
    data = [line[5:].strip() for line in body.splitlines() if line.startswith(b"data:")]
    return [json.loads(line) for line in data if line != b"[DONE]"]


def frames_in(body: bytes) -> Iterator[Json]:
    """Give what Amazon's frames hold: events by their name, or Anthropic's in base64."""
    frames = EventStreamBuffer()
    frames.add_data(body)
    for frame in frames:
        said = json.loads(frame.payload)
        if "bytes" in said:
            yield json.loads(base64.b64decode(said["bytes"]))
        else:
            yield {frame.headers[":event-type"]: said}


def _converse(events: list[Json]) -> Facts:
    if "output" in events[0]:
        content, said = events[0]["output"]["message"]["content"], events[0]
    else:
        content, said = list(_blocks(events)), _joined(events)
    thoughts = [block.get("reasoningContent", {}).get("reasoningText", {}) for block in content]
    calls = [block["toolUse"] for block in content if "toolUse" in block]
    usage = said["usage"]
    read, written = usage.get("cacheReadInputTokens"), usage.get("cacheWriteInputTokens")
    return Facts(
        text="".join(block.get("text", "") for block in content),
        reasoning="".join(thought.get("text", "") for thought in thoughts),
        calls=[
            (call["toolUseId"], call["name"], call["input"])
            for call in calls
            if call.get("type") != "server_tool_use"  # Amazon's own, that no client answers
        ],
        usage=(
            usage["inputTokens"] + (read or 0) + (written or 0),
            usage["outputTokens"],
            read,
            written,
            None,
        ),
        stop=said["stopReason"],
    )


def _ollama(objects: list[Json]) -> Facts:
    pieces = [one["message"] for one in objects]
    calls = [call for piece in pieces for call in piece.get("tool_calls") or ()]
    functions = [(call.get("id", ""), call["function"]) for call in calls]
    last = objects[-1]
    return Facts(
        text=_join(pieces, "content"),
        reasoning=_join(pieces, "thinking"),
        calls=[(key, called["name"], called["arguments"]) for key, called in functions],
        usage=(last.get("prompt_eval_count"), last.get("eval_count"), None, None, None),
        stop=last.get("done_reason"),
    )


def _joined(events: list[Json]) -> Json:
    return {name: said for event in events for one in event.values() for name, said in one.items()}


def _blocks(events: list[Json]) -> Iterator[Json]:
    """Put the blocks of a stream together."""
    indexes = {one.get("contentBlockIndex") for event in events for one in event.values()}
    for index in sorted(indexes - {None}):
        pieces = [
            one.get("start") or one.get("delta") or {}
            for event in events
            for one in event.values()
            if one.get("contentBlockIndex") == index
        ]
        call = [piece["toolUse"] for piece in pieces if "toolUse" in piece]
        thought = "".join(piece.get("reasoningContent", {}).get("text", "") for piece in pieces)
        if call:
            arguments = parsed("".join(piece.get("input", "") for piece in call))
            yield {"toolUse": {**call[0], "input": arguments}}
        elif thought:
            yield {"reasoningContent": {"reasoningText": {"text": thought}}}
        else:
            yield {"text": "".join(piece.get("text", "") for piece in pieces)}


def _chat(chunks: list[Json]) -> Facts:
    choices = [choice for chunk in chunks for choice in chunk.get("choices") or ()]
    pieces = [choice.get("message") or choice.get("delta") or {} for choice in choices]
    text, reasoning = "", ""
    calls: dict[Json, tuple[str, str, str]] = {}
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
            so_far, said = calls.get(key, ("", "", "")), call["function"]
            calls[key] = (
                so_far[0] or call.get("id") or "",
                so_far[1] or said.get("name") or "",
                so_far[2] + (said.get("arguments") or ""),
            )
    stops = [choice["finish_reason"] for choice in choices if choice.get("finish_reason")]
    errors = [str(chunk["error"]["code"]) for chunk in chunks if chunk.get("error")]
    return Facts(
        text=text,
        reasoning=reasoning,
        calls=[(key, name, parsed(arguments)) for key, name, arguments in calls.values()],
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


def stood_beside(chunks: list[Json]) -> Json:
    """Give the fields around the choices and the usage: who answers as it was said first (xAI dates
    every chunk anew, Groq names each), the others as they were said last.
    """
    own = {"choices", "usage", "object", "x_groq", "obfuscation", "p"}
    said = [(name, value) for chunk in chunks for name, value in chunk.items() if value]
    first = {name: value for name, value in reversed(said) if name in {"id", "created", "model"}}
    return {name: value for name, value in said if name not in own} | first


def _messages(events: list[Json]) -> Facts:
    message = events[0] if events[0]["type"] == "message" else added_up(events)
    blocks = message["content"]
    calls = [block for block in blocks if block["type"] == "tool_use"]
    errors = [event["error"]["type"] for event in events if event["type"] == "error"]
    return Facts(
        text=_join((block for block in blocks if block["type"] == "text"), "text"),
        reasoning=_join(blocks, "thinking"),
        calls=[(call["id"], call["name"], call["input"]) for call in calls],
        usage=_messages_usage(message["usage"]),
        stop=message["stop_reason"],
        refused=message["stop_reason"] == "refusal",
        error=errors[0] if errors else None,
    )


def added_up(events: list[Json]) -> Json:
    """Give the whole message that the events of a stream add up to."""
    message: Json = {}
    for event in events:
        match event:
            case {"type": "message_start", "message": message}:
                blocks = message["content"]
            case {"type": "content_block_start", "content_block": block}:
                blocks.append(block)
            case {"type": "content_block_delta", "delta": {"citation": citation}}:
                blocks[-1].setdefault("citations", []).append(citation)
            case {"type": "content_block_delta", "delta": {"type": _, **pieces}}:
                for field, piece in pieces.items():
                    blocks[-1][field] = f"{blocks[-1].get(field) or ''}{piece}"
            case {"type": "content_block_stop"} if blocks[-1].get("partial_json") is not None:
                blocks[-1]["input"] = parsed(blocks[-1].pop("partial_json"))
            case {"type": "message_delta", "delta": last_words, "usage": usage, **others}:
                known = {name: count for name, count in usage.items() if count is not None}
                message |= {k: v for k, v in others.items() if k != "type"} | last_words
                message["usage"] |= known
    return message


def _messages_usage(usage: Json) -> tuple[int | None, ...]:
    read, written = usage.get("cache_read_input_tokens"), usage.get("cache_creation_input_tokens")
    total = (
        usage["input_tokens"] + (read or 0) + (written or 0)
    )  # what was cached is not in "input"
    thought = (usage.get("output_tokens_details") or {}).get("thinking_tokens")
    return total, usage.get("output_tokens"), read, written, thought


def _responses(events: list[Json]) -> Facts:
    errors = [event["error"]["code"] for event in events if event.get("type") == "error"]
    response = {"output": []} if errors else final_response(events)
    items = response["output"]
    spoken = [part for item in items if item["type"] == "message" for part in item["content"]]
    thoughts = [item for item in items if item["type"] == "reasoning"]
    calls = [item for item in items if item["type"] == "function_call"]
    details = response.get("incomplete_details") or {}
    return Facts(
        text="".join(part.get("text") or part.get("refusal") or "" for part in spoken),
        reasoning="".join(
            "\n\n".join(part["text"] for part in item["summary"] + item.get("content", []))
            for item in thoughts
        ),
        calls=[(call["call_id"], call["name"], parsed(call["arguments"])) for call in calls],
        usage=_responses_usage(response.get("usage") or {}),
        stop=details.get("reason") or response.get("status"),
        refused=any(part["type"] == "refusal" for part in spoken),
        error=errors[0] if errors else None,
        custom_calls=sum(item["type"] == "custom_tool_call" for item in items),
    )


def final_response(events: list[Json]) -> Json:
    """Give the response that a stream ends with, or that is all there is; each item in it as its
    own last event has it, which is the one to go on with: what is sealed is sealed anew each time.
    """
    if events[-1].get("object") == "response":
        return events[-1]
    response = events[-1]["response"]
    done = {event["output_index"]: event["item"] for event in events if _ends_an_item(event)}
    places = sorted({event["output_index"] for event in events if "output_index" in event})
    said = dict(enumerate(response["output"]))
    items = [done.get(place, said.get(rank)) for rank, place in enumerate(places)]
    return response | {"output": items}


def _ends_an_item(event: Json) -> bool:
    return bool(event["type"] == "response.output_item.done")


def _responses_usage(usage: Json) -> tuple[int | None, ...]:
    sent, made = usage.get("input_tokens_details") or {}, usage.get("output_tokens_details") or {}
    cached, written = sent.get("cached_tokens"), sent.get("cache_write_tokens")
    counts = usage.get("input_tokens"), usage.get("output_tokens")
    return *counts, cached, written, made.get("reasoning_tokens")


def _gemini(chunks: list[Json]) -> Facts:
    return Facts(
        text=walker_gemini.text_of(chunks, thought=False),
        reasoning=walker_gemini.text_of(chunks, thought=True),
        calls=walker_gemini.calls_of(chunks),
        usage=walker_gemini.usage_of(chunks),
        stop=walker_gemini.stop_of(chunks),
    )


_WALKS: Final = {
    "openai_chat": _chat,
    "anthropic_messages": _messages,
    "openai_responses": _responses,
    "gemini": _gemini,
    "bedrock_converse": _converse,
    "bedrock_invoke": _messages,
    "ollama_chat": _ollama,
}


def parsed(arguments: str | None) -> Json:
    """Read a tool's arguments: none are an empty object, and broken ones stay as they are."""
    try:
        return json.loads(arguments or "{}")
    except ValueError:
        return arguments
