"""What a vendor's model says, in words of no wire, and how each wire would say it.

A turn is played by a `ScriptedUpstream`: whole or streamed as the request asks, in the wire whose
path it came to. So one script serves every client and every model.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from dragoman.testing import Script
from dragoman.testing.upstream import End, Received, streamed, whole
from tests.support.tapes import named_sse, sse

INPUT_TOKENS: Final = 7
OUTPUT_TOKENS: Final = 5
THOUGHT_TOKENS: Final = 3
SIGNATURE: Final = "c2lnbmVkLWJ5LXRoZS12ZW5kb3I="
COUNTED: Final = 42
VECTORS: Final = [[0.25, -0.5], [1.0, 0.125]]

Json = dict[str, Any]


@dataclass(frozen=True)
class Call:
    """A tool that the model wants to have called."""

    id: str
    given: Json
    name: str = "get_weather"

    @property
    def arguments(self) -> str:
        return json.dumps(self.given)


@dataclass(frozen=True)
class Turn:
    """One answer of the model; `thought` is what it says to itself first."""

    words: tuple[str, ...] = ()
    calls: tuple[Call, ...] = ()
    thought: str = ""
    pause: float = 0.0
    end: End = "clean"
    breaks: Json | None = None
    """The error, by wire, that a stream tells in its middle instead of ending."""


@dataclass(frozen=True)
class Refusal:
    """An answer with an error's status; the body by wire."""

    status: int
    bodies: dict[str, Json]
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Silence:
    """No answer at all."""


Step = Turn | Refusal | Silence


Choice = Callable[[Received], Step]
"""An answer that depends on what is asked."""


def playing(step: Step | Choice) -> Callable[[Received], Script]:
    """Answer a request so, in its own wire and its own mode."""

    def answer(received: Received) -> Script:
        wire = wire_of(received)
        match step if isinstance(step, Step) else step(received):
            case Silence():
                return Script(before=30)
            case Refusal() as refusal:
                return whole(refusal.bodies[wire], status=refusal.status, **refusal.headers)
            case Turn() as turn:
                return _TELLING[wire](turn, received)

    return answer


def wire_of(received: Received) -> str:
    """Name the wire of a request by its path."""
    for ending, wire in _PATHS.items():
        if received.path.split("?")[0].endswith(ending):
            return wire
    raise AssertionError(f"no wire has the path {received.path}")


_PATHS: Final = {
    "/chat/completions": "openai_chat",
    "/embeddings": "openai_embeddings",
    "/responses": "openai_responses",
    "/responses/input_tokens": "openai_count",
    "/messages": "anthropic_messages",
    "/messages/count_tokens": "anthropic_count",
    ":generateContent": "gemini",
    ":streamGenerateContent": "gemini",
    ":countTokens": "gemini_count",
}


def _chat(turn: Turn, received: Received) -> Script:
    calls = [
        {
            "index": place,
            "id": call.id,
            "type": "function",
            "function": {"name": call.name, "arguments": call.arguments},
        }
        for place, call in enumerate(turn.calls)
    ]
    usage = {
        "prompt_tokens": INPUT_TOKENS,
        "completion_tokens": OUTPUT_TOKENS,
        "total_tokens": INPUT_TOKENS + OUTPUT_TOKENS,
        "completion_tokens_details": {"reasoning_tokens": THOUGHT_TOKENS if turn.thought else 0},
    }
    finish = "tool_calls" if calls else "stop"
    base = {"id": "chatcmpl-1", "created": 1, "model": "vendor-model"}
    if not received.json.get("stream"):
        told = [{name: x for name, x in call.items() if name != "index"} for call in calls]
        message: Json = {"role": "assistant", "content": "".join(turn.words) or None}
        message |= {"tool_calls": told} if told else {}
        choice = {"index": 0, "message": message, "finish_reason": finish}
        return whole({**base, "object": "chat.completion", "choices": [choice], "usage": usage})

    def chunk(delta: Json, finish: str | None = None) -> Json:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        return {**base, "object": "chat.completion.chunk", "choices": [choice]}

    def deltas() -> Iterator[Json]:
        yield chunk({"role": "assistant", "content": "" if turn.words else None})
        yield from (chunk({"content": word}) for word in turn.words)
        for call in calls:
            arguments = call["function"]["arguments"]
            begun = {**call, "function": {"name": call["function"]["name"], "arguments": ""}}
            yield chunk({"tool_calls": [begun]})
            for part in (arguments[:6], arguments[6:]):
                more = {"index": call["index"], "function": {"arguments": part}}
                yield chunk({"tool_calls": [more]})

    end = [chunk({}, finish), {**chunk({}), "choices": [], "usage": usage}, "[DONE]"]
    return _stream(turn, sse(*deltas()), sse(*end), lambda: sse((turn.breaks or {})["openai_chat"]))


def _messages(turn: Turn, received: Received) -> Script:
    blocks: list[Json] = []
    if turn.thought:
        blocks.append({"type": "thinking", "thinking": turn.thought, "signature": SIGNATURE})
    if turn.words:
        blocks.append({"type": "text", "text": "".join(turn.words)})
    for call in turn.calls:
        block = {"type": "tool_use", "id": call.id, "name": call.name, "input": call.given}
        blocks.append(block)
    message = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "vendor-model",
        "content": blocks,
        "stop_reason": "tool_use" if turn.calls else "end_turn",
        "stop_sequence": None,
        "usage": {"input_tokens": INPUT_TOKENS, "output_tokens": OUTPUT_TOKENS},
    }
    if not received.json.get("stream"):
        return whole(message)
    begun = {"content": [], "stop_reason": None, "usage": {**message["usage"], "output_tokens": 1}}
    events = [{"type": "message_start", "message": message | begun}]
    for place, block in enumerate(blocks):
        start, deltas = _block_events(block, turn)
        events.append({"type": "content_block_start", "index": place, "content_block": start})
        events += ({"type": "content_block_delta", "index": place, "delta": x} for x in deltas)
        events.append({"type": "content_block_stop", "index": place})
    final = {"stop_reason": message["stop_reason"], "stop_sequence": None}
    end = [
        {"type": "message_delta", "delta": final, "usage": {"output_tokens": OUTPUT_TOKENS}},
        {"type": "message_stop"},
    ]
    if turn.breaks:
        del events[-1]  # in the middle of the block
    return _stream(
        turn,
        named_sse(*events),
        named_sse(*end),
        lambda: named_sse((turn.breaks or {})["anthropic_messages"]),
    )


def _block_events(block: Json, turn: Turn) -> tuple[Json, list[Json]]:
    match block["type"]:
        case "thinking":
            start = {"type": "thinking", "thinking": "", "signature": ""}
            thought = {"type": "thinking_delta", "thinking": turn.thought}
            return start, [thought, {"type": "signature_delta", "signature": SIGNATURE}]
        case "text":
            said = [{"type": "text_delta", "text": word} for word in turn.words]
            return {"type": "text", "text": ""}, said
        case _:
            text = json.dumps(block["input"])
            parts = [{"type": "input_json_delta", "partial_json": x} for x in (text[:6], text[6:])]
            return block | {"input": {}}, parts


def _responses(turn: Turn, received: Received) -> Script:
    items = _response_items(turn)
    usage = {
        "input_tokens": INPUT_TOKENS,
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": OUTPUT_TOKENS,
        "output_tokens_details": {"reasoning_tokens": THOUGHT_TOKENS if turn.thought else 0},
        "total_tokens": INPUT_TOKENS + OUTPUT_TOKENS,
    }
    base = {"id": "resp_1", "object": "response", "created_at": 1, "model": "vendor-model"}
    base |= {"parallel_tool_calls": True, "tool_choice": "auto", "tools": [], "error": None}
    base |= {name: received.json[name] for name in _ECHOED if name in received.json}
    begun = {**base, "status": "in_progress", "output": [], "usage": None}
    done = {**base, "status": "completed", "output": items, "usage": usage}
    if not received.json.get("stream"):
        return whole(done)
    events: list[Json] = [{"type": "response.created", "response": begun}]
    events.append({"type": "response.in_progress", "response": begun})
    for place, item in enumerate(items):
        events += _item_events(item, place, turn)
    end = {"type": "response.completed", "response": done}
    numbered = [event | {"sequence_number": n} for n, event in enumerate([*events, end])]
    return _stream(
        turn,
        named_sse(*numbered[:-1]),
        named_sse(numbered[-1]),
        lambda: named_sse((turn.breaks or {})["openai_responses"]),
    )


# What was asked stands in a response, too.
_ECHOED: Final = ("text", "tools", "tool_choice", "instructions", "reasoning", "temperature")


def _response_items(turn: Turn) -> list[Json]:
    items: list[Json] = []
    if turn.thought:
        summary = [{"type": "summary_text", "text": turn.thought}]
        thought = {"id": "rs_1", "type": "reasoning", "summary": summary}
        items.append(thought | {"encrypted_content": SIGNATURE})
    if turn.words:
        text = {"type": "output_text", "text": "".join(turn.words), "annotations": []}
        message = {"id": "msg_1", "type": "message", "role": "assistant", "content": [text]}
        items.append(message | {"status": "completed"})
    for call in turn.calls:
        called = {"id": f"fc_{call.id}", "type": "function_call", "call_id": call.id}
        items.append(
            called | {"name": call.name, "arguments": call.arguments, "status": "completed"}
        )
    return items


def _item_events(item: Json, place: int, turn: Turn) -> Iterator[Json]:
    at = {"item_id": item["id"], "output_index": place}
    part_at = at | {"content_index": 0}
    match item["type"]:
        case "reasoning":
            part = {"type": "summary_text", "text": turn.thought}
            told = at | {"summary_index": 0}
            empty = item | {"summary": []}
            yield {"type": "response.output_item.added", "output_index": place, "item": empty}
            begun = part | {"text": ""}
            yield {"type": "response.reasoning_summary_part.added", **told, "part": begun}
            said = {"delta": turn.thought}
            yield {"type": "response.reasoning_summary_text.delta", **told, **said}
            said = {"text": turn.thought}
            yield {"type": "response.reasoning_summary_text.done", **told, **said}
            yield {"type": "response.reasoning_summary_part.done", **told, "part": part}
        case "message":
            (part,) = item["content"]
            empty = item | {"content": [], "status": "in_progress"}
            yield {"type": "response.output_item.added", "output_index": place, "item": empty}
            begun = part | {"text": ""}
            yield {"type": "response.content_part.added", **part_at, "part": begun}
            for word in turn.words:
                said = {"delta": word, "logprobs": []}
                yield {"type": "response.output_text.delta", **part_at, **said}
            said = {"text": part["text"], "logprobs": []}
            yield {"type": "response.output_text.done", **part_at, **said}
            yield {"type": "response.content_part.done", **part_at, "part": part}
        case _:
            empty = item | {"arguments": "", "status": "in_progress"}
            yield {"type": "response.output_item.added", "output_index": place, "item": empty}
            text = item["arguments"]
            for piece in (text[:6], text[6:]):
                yield {"type": "response.function_call_arguments.delta", **at, "delta": piece}
            said = {"name": item["name"], "arguments": text}
            yield {"type": "response.function_call_arguments.done", **at, **said}
    yield {"type": "response.output_item.done", "output_index": place, "item": item}


def _gemini(turn: Turn, received: Received) -> Script:
    usage = {
        "promptTokenCount": INPUT_TOKENS,
        "candidatesTokenCount": OUTPUT_TOKENS - (THOUGHT_TOKENS if turn.thought else 0),
        "totalTokenCount": INPUT_TOKENS + OUTPUT_TOKENS,
    }
    usage |= {"thoughtsTokenCount": THOUGHT_TOKENS} if turn.thought else {}
    thoughts = [{"text": turn.thought, "thought": True}] if turn.thought else []
    calls = [{"functionCall": {"id": x.id, "name": x.name, "args": x.given}} for x in turn.calls]
    if calls:
        calls[0]["thoughtSignature"] = SIGNATURE  # of parallel calls, the first one has it

    def chunk(parts: list[Json], **more: Any) -> Json:
        candidate = {"index": 0, "content": {"role": "model", "parts": parts}, **more}
        told = {"usageMetadata": usage, "modelVersion": "vendor-model", "responseId": "r1"}
        return {"candidates": [candidate], **told}

    if ":generateContent" in received.path:
        said = [{"text": "".join(turn.words)}] if turn.words else []
        return whole(chunk([*thoughts, *said, *calls], finishReason="STOP"))
    pieces = [*thoughts, *({"text": word} for word in turn.words), *calls]
    return _stream(
        turn,
        sse(*(chunk([piece]) for piece in pieces)),
        sse(chunk([], finishReason="STOP")),
        lambda: sse((turn.breaks or {})["gemini"]),
    )


def _openai_count(turn: Turn, received: Received) -> Script:
    return whole({"object": "response.input_tokens", "input_tokens": COUNTED})


def _gemini_count(turn: Turn, received: Received) -> Script:
    return whole({"totalTokens": COUNTED})


def _stream(
    turn: Turn, body: list[bytes], end: list[bytes], broken: Callable[[], list[bytes]]
) -> Script:
    if turn.breaks:
        return streamed([*body, *broken()], pause=turn.pause)
    if turn.end != "clean":
        return streamed(body, pause=turn.pause, end=turn.end)
    return streamed([*body, *end], pause=turn.pause)


def _embeddings(turn: Turn, received: Received) -> Script:
    found = [
        {"object": "embedding", "index": place, "embedding": vector}
        for place, vector in enumerate(VECTORS)
    ]
    usage = {"prompt_tokens": INPUT_TOKENS, "total_tokens": INPUT_TOKENS}
    return whole({"object": "list", "data": found, "model": "vendor-model", "usage": usage})


def _anthropic_count(turn: Turn, received: Received) -> Script:
    return whole({"input_tokens": COUNTED})


_TELLING: Final[dict[str, Callable[[Turn, Received], Script]]] = {
    "openai_chat": _chat,
    "openai_embeddings": _embeddings,
    "openai_responses": _responses,
    "anthropic_messages": _messages,
    "anthropic_count": _anthropic_count,
    "openai_count": _openai_count,
    "gemini": _gemini,
    "gemini_count": _gemini_count,
}
