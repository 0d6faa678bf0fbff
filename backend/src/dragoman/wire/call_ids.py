"""Ids of tool calls, in the letters that a format takes."""

import hashlib
import re
from collections.abc import Iterator
from typing import Final

from msgspec.structs import replace

from dragoman.chat import ChatRequest, Message, Part, ToolCall, ToolResult
from dragoman.wire.receipts import Receipts

# What every format takes is letters, digits, and these two.
_FOREIGN: Final = re.compile(r"[^a-zA-Z0-9_-]")


def with_safe_call_ids(request: ChatRequest, receipts: Receipts, *, taken: str) -> ChatRequest:
    """Rename the ids that a format refuses, in calls and results alike; `taken` is a pattern of
    those that it takes, and takes at least 53 of the letters `[a-zA-Z0-9_-]`.

    One id always gets the same name, in this request and in the next, so that a prompt cache holds.
    """
    names: dict[str, str] = {}
    for call_id in _ids(request):
        if call_id not in names and not re.fullmatch(taken, call_id):
            names[call_id] = _safe(call_id)
            receipts.renamed("tool_call.id", f"{call_id!r} is sent as {names[call_id]!r}")
    if not names:
        return request
    return replace(request, messages=tuple(_renamed(turn, names) for turn in request.messages))


def _safe(call_id: str) -> str:
    # The digest keeps two ids apart that differ only in what is replaced.
    digest = hashlib.blake2s(call_id.encode(), digest_size=6).hexdigest()
    return f"{_FOREIGN.sub('_', call_id)[:40]}_{digest}"


def _ids(request: ChatRequest) -> Iterator[str]:
    for message in request.messages:
        for part in message.parts:
            match part:
                case ToolCall(id=call_id) | ToolResult(call_id=call_id):
                    yield call_id


def _renamed(message: Message, names: dict[str, str]) -> Message:
    return replace(message, parts=tuple(_renamed_part(part, names) for part in message.parts))


def _renamed_part(part: Part, names: dict[str, str]) -> Part:
    match part:
        case ToolCall(id=call_id):
            return replace(part, id=names.get(call_id, call_id))
        case ToolResult(call_id=call_id):
            return replace(part, call_id=names.get(call_id, call_id))
        case _:
            return part
