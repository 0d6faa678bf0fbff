"""A whole reply, or one line of a stream, written."""

from collections.abc import Iterable
from datetime import UTC, datetime

from dragoman.chat import (
    ChatRequest,
    JsonObject,
    Part,
    Reasoning,
    Reply,
    Text,
    ToolCall,
    Usage,
)
from dragoman.wire.ollama_chat.calls import sent_id
from dragoman.wire.ollama_chat.words import STOP_WORDS, encode, own, put_back, said_only
from dragoman.wire.stream import decode_leniently


def write_reply(reply: Reply, _request: ChatRequest | None = None, /) -> bytes:
    """Write a whole reply. What this format has no word for, it leaves out."""
    return encode(write_object(reply))


def write_object(reply: Reply) -> JsonObject:
    """Write one object: with an end if `reply` has one, else a line in the midst of a stream."""
    left = own(reply.extras)
    said = {
        "model": reply.model or "",
        "created_at": left.get("created_at") or _moment(reply.created),
        "message": {"role": "assistant", **write_assistant(reply.parts)},
        "done": reply.stop is not None,
        "done_reason": _end(reply),
        **_counts(reply.usage),
    }
    return put_back(said_only(said), left)


def write_assistant(parts: Iterable[Part]) -> JsonObject:
    """Write what a model said: its words, its thoughts, its calls."""
    said: JsonObject = {"content": ""}
    for part in parts:
        match part:
            case Text(text):
                said["content"] += text
            case Reasoning(text) if text:
                said["thinking"] = said.get("thinking", "") + text
            case ToolCall():
                said.setdefault("tool_calls", []).append(_call(part))
    return said


def _call(part: ToolCall) -> JsonObject:
    function = {"name": part.name, "arguments": arguments_of(part)}
    said = {"id": sent_id(part.id), "function": function}
    return put_back(said_only(said), own(part.extras))


def arguments_of(call: ToolCall) -> JsonObject | None:
    """Give a call's arguments as the object that they must be; `None` if they are none."""
    text = call.arguments.strip()
    said = decode_leniently(text.encode()) if text else {}
    return said if isinstance(said, dict) else None


def _end(reply: Reply) -> str | None:
    if reply.stop is None:
        return None
    # Older servers say that they are done, and not why.
    return reply.stop.word if own(reply.extras) else STOP_WORDS[reply.stop.reason]


def _counts(usage: Usage | None) -> JsonObject:
    if usage is None:
        return {}
    return {"prompt_eval_count": usage.input, "eval_count": usage.output}


def _moment(created: int | None) -> str:
    return datetime.fromtimestamp(created or 0, UTC).isoformat().replace("+00:00", "Z")
