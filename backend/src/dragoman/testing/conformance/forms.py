"""The form of good answers, wire by wire: what clients of that format rely on being there."""

from collections.abc import Callable, Iterator
from typing import Final, TypeAlias

from dragoman.chat import Json
from dragoman.wire.sse import SseEvent, SseParser
from dragoman.wire.stream import decode_leniently

Path: TypeAlias = tuple[str | int, ...]
Wanted: TypeAlias = type | tuple[type, ...] | str

_NUMBER: Final = (int, float)

# openai 3.54, types/chat/chat_completion.py and chat_completion_chunk.py; types/responses/
# response.py; anthropic 2.12, types/message.py; google-genai 3.4, types.py
WHOLE: Final[dict[str, dict[Path, Wanted]]] = {
    "openai_chat": {
        ("id",): str,
        ("object",): "chat.completion",
        ("created",): int,
        ("model",): str,
        ("choices", 0, "index"): int,
        ("choices", 0, "finish_reason"): str,
        ("choices", 0, "message", "role"): "assistant",
        ("usage", "prompt_tokens"): int,
        ("usage", "completion_tokens"): int,
        ("usage", "total_tokens"): int,
    },
    "openai_responses": {
        ("id",): str,
        ("object",): "response",
        ("created_at",): _NUMBER,
        ("model",): str,
        ("status",): str,
        ("output",): list,
        ("usage", "input_tokens"): int,
        ("usage", "output_tokens"): int,
        ("usage", "total_tokens"): int,
    },
    "anthropic_messages": {
        ("id",): str,
        ("type",): "message",
        ("role",): "assistant",
        ("model",): str,
        ("content",): list,
        ("stop_reason",): str,
        ("usage", "input_tokens"): int,
        ("usage", "output_tokens"): int,
    },
    "gemini": {
        ("candidates", 0, "content", "role"): "model",
        ("candidates", 0, "content", "parts"): list,
        ("candidates", 0, "finishReason"): str,
        ("usageMetadata", "promptTokenCount"): int,
        ("usageMetadata", "totalTokenCount"): int,
    },
}

CHUNK: Final[dict[str, dict[Path, Wanted]]] = {
    "openai_chat": {
        ("id",): str,
        ("object",): "chat.completion.chunk",
        ("created",): int,
        ("model",): str,
        ("choices",): list,
    },
    "openai_responses": {("type",): str, ("sequence_number",): int},
    "anthropic_messages": {("type",): str},
    "gemini": {},
}

ERROR: Final[dict[str, dict[Path, Wanted]]] = {
    "openai_chat": {("error", "message"): str, ("error", "type"): str},
    "openai_responses": {("error", "message"): str, ("error", "type"): str},
    "anthropic_messages": {
        ("type",): "error",
        ("error", "type"): str,
        ("error", "message"): str,
    },
    "gemini": {("error", "code"): int, ("error", "message"): str, ("error", "status"): str},
}


def lacks(said: Json, wanted: dict[Path, Wanted]) -> str | None:
    """Say what of the form is missing or wrong in `said`; `None` if all is there."""
    for path, kind in wanted.items():
        found = _at(said, path)
        name = ".".join(map(str, path))
        if isinstance(kind, str):
            if found != kind:
                return f"{name}: saw {found!r}, expected {kind!r}"
        elif not isinstance(found, kind) or isinstance(found, bool):
            words = kind.__name__ if isinstance(kind, type) else "number"
            return f"{name}: saw {found!r}, expected a value of type {words}"
    return None


def stream_lacks(wire: str, body: bytes) -> str | None:
    """Say what is wrong with the form of a stream; `None` if nothing is."""
    events = list(SseParser().feed(body))
    for number, event in enumerate(events):
        if event.data == b"[DONE]":
            continue
        said = decode_leniently(event.data)
        if wire == "openai_chat" and isinstance(said, dict) and "error" in said:
            return f"event {number} is an error: {event.data[:200]!r}"
        if (problem := lacks(said, CHUNK.get(wire, {}))) is not None:
            return f"event {number}: {problem}"
    check = _ENDS.get(wire)
    return next(check(events), None) if check is not None else None


def _ends_with_mark(events: list[SseEvent]) -> Iterator[str]:
    last = events[-1].data if events else b""
    if last != b"[DONE]":
        yield f"the last event: saw {last[:80]!r}, expected [DONE]"


def _named_from_start_to_stop(events: list[SseEvent]) -> Iterator[str]:
    names = [event.name for event in events if event.name != "ping"]
    kinds = [_at(decode_leniently(event.data), ("type",)) for event in events]
    for event, kind in zip(events, kinds, strict=True):
        if event.name != kind:
            yield f"an event named {event.name!r} says that its type is {kind!r}"
    if names[:1] != ["message_start"] or names[-1:] != ["message_stop"]:
        yield (
            f"saw {names[:1]} to {names[-1:]}, expected message_start first and message_stop last"
        )


def _numbered_to_an_end(events: list[SseEvent]) -> Iterator[str]:
    said = [decode_leniently(event.data) for event in events]
    numbers = [_at(one, ("sequence_number",)) for one in said]
    if numbers != sorted(set(numbers)):
        yield f"sequence numbers: saw {numbers[:12]}, expected each higher than the one before"
    kinds = [_at(one, ("type",)) for one in said]
    if kinds[:1] != ["response.created"]:
        yield f"the first event: saw {kinds[:1]}, expected response.created"
    if not kinds or kinds[-1] not in ("response.completed", "response.incomplete"):
        yield f"the last event: saw {kinds[-1:]}, expected response.completed"


_ENDS: Final[dict[str, Callable[[list[SseEvent]], Iterator[str]]]] = {
    "openai_chat": _ends_with_mark,
    "openai_responses": _numbered_to_an_end,
    "anthropic_messages": _named_from_start_to_stop,
}


def _at(said: Json, path: Path) -> Json:
    for step in path:
        match said, step:
            case dict(), str():
                said = said.get(step)
            case list(), int() if step < len(said):
                said = said[step]
            case _:
                return None
    return said
