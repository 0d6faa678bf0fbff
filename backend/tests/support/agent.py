"""A model's turns of thoughts, words and calls, as three formats stream them; and how a client of
Anthropic's puts a stream together.
"""

import json
from collections.abc import Callable
from typing import Any, Final

from msgspec import Struct

from dragoman.testing import Script
from dragoman.testing.upstream import streamed
from tests.support.tapes import named_sse, sse

SEALS: Final = {"responses": "gAAAAsealed-by_openai==", "gemini": "CuABsealed/by+google=="}
"""What two vendors want back with their model's thoughts."""


class Call(Struct, frozen=True):
    """A tool's call: what the model calls it by, if its vendor has ids, and its input."""

    id: str
    name: str
    input: dict[str, Any]

    @property
    def arguments(self) -> str:
        return json.dumps(self.input)


class Turn(Struct, frozen=True):
    """What a model says: its thought, its words, its calls."""

    thought: str
    text: str
    calls: tuple[Call, ...] = ()


def halves(text: str) -> tuple[str, str]:
    middle = len(text) // 2
    return text[:middle], text[middle:]


def chat(turn: Turn) -> Script:
    def chunk(delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        return {
            "id": "chatcmpl-1",
            "object": "chat.completion.chunk",
            "created": 1,
            "model": "vendor-model",
            "choices": [choice],
        }

    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
    deltas += [{"reasoning_content": half} for half in halves(turn.thought) if half]
    deltas += [{"content": half} for half in halves(turn.text) if half]
    for index, call in enumerate(turn.calls):
        function = {"name": call.name, "arguments": ""}
        begun = {"index": index, "id": call.id, "type": "function", "function": function}
        more = [
            {"index": index, "function": {"arguments": half}} for half in halves(call.arguments)
        ]
        deltas += [{"tool_calls": [piece]} for piece in (begun, *more)]
    usage = {"prompt_tokens": 70, "completion_tokens": 20, "total_tokens": 90}
    finish = chunk({}, "tool_calls" if turn.calls else "stop")
    last = chunk({}) | {"choices": [], "usage": usage}
    return streamed(sse(*map(chunk, deltas), finish, last, "[DONE]"))


def responses(turn: Turn) -> Script:
    output: list[dict[str, Any]] = []
    if turn.thought:
        summary = [{"type": "summary_text", "text": turn.thought}]
        output.append(
            {
                "type": "reasoning",
                "id": "rs_1",
                "summary": summary,
                "encrypted_content": SEALS["responses"],
            }
        )
    if turn.text:
        part = {"type": "output_text", "text": turn.text, "annotations": [], "logprobs": []}
        message = {"role": "assistant", "status": "completed", "content": [part]}
        output.append({"type": "message", "id": "msg_1", **message})
    output += [
        {
            "type": "function_call",
            "id": f"fc_{call.id}",
            "call_id": call.id,
            "name": call.name,
            "arguments": call.arguments,
            "status": "completed",
        }
        for call in turn.calls
    ]
    events: list[dict[str, Any]] = []
    for place, item in enumerate(output):
        events += _item_events(place, item)
    response = {
        "id": "resp_1",
        "object": "response",
        "created_at": 1,
        "status": "completed",
        "model": "vendor-model",
        "output": output,
        "usage": {"input_tokens": 70, "output_tokens": 20, "total_tokens": 90},
    }
    begun = response | {"status": "in_progress", "output": [], "usage": None}
    events = [
        {"type": "response.created", "response": begun},
        *events,
        {"type": "response.completed", "response": response},
    ]
    return streamed(named_sse(*({**one, "sequence_number": n} for n, one in enumerate(events))))


def _item_events(place: int, item: dict[str, Any]) -> list[dict[str, Any]]:
    at = {"output_index": place, "item_id": item["id"]}
    match item:
        case {"type": "function_call", "arguments": str(said)}:
            begun = item | {"arguments": "", "status": "in_progress"}
            kind, where, field = "function_call_arguments", at, "arguments"
        case {"type": "message", "content": [{"text": str(said)}]}:
            begun = item | {"content": [], "status": "in_progress"}
            kind, where, field = "output_text", at | {"content_index": 0}, "text"
        case _:
            said = item["summary"][0]["text"]
            begun = item | {"summary": []}
            kind, where, field = "reasoning_summary_text", at | {"summary_index": 0}, "text"
    return [
        {"type": "response.output_item.added", "output_index": place, "item": begun},
        *({"type": f"response.{kind}.delta", **where, "delta": half} for half in halves(said)),
        {"type": f"response.{kind}.done", **where, field: said},
        {"type": "response.output_item.done", "output_index": place, "item": item},
    ]


def gemini(turn: Turn) -> Script:
    """Calls here have no ids: they are told apart by their order and names."""
    calls: list[dict[str, Any]] = [
        {"functionCall": {"name": call.name, "args": call.input}} for call in turn.calls
    ]
    if calls:
        calls[0]["thoughtSignature"] = SEALS["gemini"]
    thoughts = [{"text": half, "thought": True} for half in halves(turn.thought) if half]
    parts = [*thoughts, *({"text": half} for half in halves(turn.text) if half), *calls]
    chunks = [{"content": {"role": "model", "parts": [part]}, "index": 0} for part in parts]
    chunks[-1] |= {"finishReason": "STOP"}
    usage = {"promptTokenCount": 70, "candidatesTokenCount": 20, "totalTokenCount": 90}
    rest = {"usageMetadata": usage, "modelVersion": "vendor-model", "responseId": "r-1"}
    return streamed(sse(*({"candidates": [chunk]} | rest for chunk in chunks)))


SCRIPTS: Final[dict[str, Callable[[Turn], Script]]] = {
    "chat": chat,
    "responses": responses,
    "gemini": gemini,
}


def events_in(stream: bytes) -> list[dict[str, Any]]:
    return [json.loads(line[6:]) for line in stream.splitlines() if line.startswith(b"data: ")]


def message_in(stream: bytes) -> dict[str, Any]:
    """Put a stream of Anthropic's format together as its vendor's SDK does."""
    message: dict[str, Any] = {}
    for event in events_in(stream):
        match event:
            case {"type": "message_start"}:
                message = event["message"]
            case {"type": "content_block_start"}:
                message["content"].append(event["content_block"])
            case {"type": "content_block_delta", "index": place, "delta": delta}:
                _grow(message["content"][place], delta)
            case {"type": "message_delta"}:
                message |= event["delta"]
                message["usage"] |= event["usage"]
    for block in message["content"]:
        if block["type"] == "tool_use":
            block["input"] = json.loads(block.pop("partial", "{}"))
    return message


def _grow(block: dict[str, Any], delta: dict[str, Any]) -> None:
    match delta:
        case {"thinking": str(text)}:
            block["thinking"] += text
        case {"signature": str(text)}:
            block["signature"] = text
        case {"text": str(text)}:
            block["text"] += text
        case {"partial_json": str(text)}:
            block["partial"] = block.get("partial", "") + text
