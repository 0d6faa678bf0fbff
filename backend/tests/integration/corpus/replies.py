"""Our own side of the comparison: what a reply says, and when two of them are the same."""

import json
from collections.abc import Iterable
from typing import Final

from msgspec.structs import replace

from dragoman.chat import (
    Extras,
    Opaque,
    Part,
    Reasoning,
    Reply,
    StopReason,
    StreamEvent,
    ToolCall,
    Usage,
    extras_of,
)
from dragoman.wire.gemini import words as gemini
from dragoman.wire.openai_chat.words import (
    EMPTY_ARGUMENTS,
    INDEXED,
    NO_ARGUMENTS,
    NO_CONTENT,
)

from .walker import Facts, parsed

STOP_WORDS: Final = {
    "stop": StopReason.STOP,
    "eos": StopReason.STOP,
    "length": StopReason.LENGTH,
    "tool_calls": StopReason.TOOL,
    "content_filter": StopReason.CONTENT_FILTER,
    "end_turn": StopReason.STOP,
    "max_tokens": StopReason.LENGTH,
    "tool_use": StopReason.TOOL,
    "stop_sequence": StopReason.STOP_SEQUENCE,
    "pause_turn": StopReason.PAUSE,
    "refusal": StopReason.REFUSAL,
    "max_output_tokens": StopReason.LENGTH,
    "queued": StopReason.PAUSE,
    "MAX_TOKENS": StopReason.LENGTH,
    "SAFETY": StopReason.CONTENT_FILTER,
    "MODEL_ARMOR": StopReason.CONTENT_FILTER,
    "UNEXPECTED_TOOL_CALL": StopReason.MALFORMED,
    "MALFORMED_FUNCTION_CALL": StopReason.MALFORMED,
}

SPELT_BY_A_STREAM: Final = frozenset({EMPTY_ARGUMENTS, INDEXED, NO_ARGUMENTS, NO_CONTENT})
"""What a whole reply of OpenAI's format may say or leave out without a difference in meaning, and
a stream must say: a call's place in the list, empty arguments, an empty text to begin with.
"""

NAMELESS_IN_A_STREAM: Final = frozenset({gemini.NO_CONTENT, gemini.NO_PARTS, gemini.ROLE})
"""What a whole reply of Gemini's format may leave out, and a stream says: a role, an empty text."""


def reason_of(said: Facts) -> StopReason | None:
    """Give the reason to stop that the vendor's word means; `None` where it said no word.

    OpenAI says "stop" after a refusal too, and the refusal in a field of its own.
    """
    if said.refused:
        return StopReason.REFUSAL
    if said.stop in ("completed", "STOP"):
        return StopReason.TOOL if said.calls or said.custom_calls else StopReason.STOP
    return None if said.stop is None else STOP_WORDS[said.stop]


def facts_of(reply: Reply, error: str | None = None) -> Facts:
    """Put a reply into the witness's terms."""
    usage = reply.usage or Usage()
    return Facts(
        text=reply.text,
        reasoning="".join(part.text for part in reply.parts if isinstance(part, Reasoning)),
        calls=[
            (given_id(part.id), part.name, parsed(part.arguments))
            for part in reply.parts
            if isinstance(part, ToolCall)
        ],
        usage=(usage.input, usage.output, usage.cache_read, usage.cache_write, usage.reasoning),
        stop=(reply.stop.word or None) if reply.stop else None,
        refused=reply.stop is not None and reply.stop.reason is StopReason.REFUSAL,
        error=error,
        custom_calls=sum(
            isinstance(part, Opaque) and part.kind == "custom_tool_call" for part in reply.parts
        ),
    )


def given_id(call_id: str) -> str:
    """Give the vendor's id of a call; one that was made here, for a call without one, is none."""
    return "" if call_id.startswith("call_gemini_") else call_id


def in_words(events: Iterable[StreamEvent]) -> list[StreamEvent]:
    """Forget the bytes that events came from, so that they have to be told."""
    return [replace(event, source=None) for event in events]


def comparable(reply: Reply) -> Reply:
    """Spell every tool's arguments in one way: the same JSON may be written in many."""
    return replace(reply, parts=tuple(_comparable(part) for part in reply.parts))


def _comparable(part: Part) -> Part:
    match part:
        case ToolCall(arguments=arguments):
            return replace(part, arguments=json.dumps(parsed(arguments), sort_keys=True))
        case Opaque(fields={"input": _}, text=streamed) if streamed:
            return replace(part, fields=part.fields | {"input": parsed(streamed)}, text="")
        case _:
            return part


def retold(reply: Reply) -> Reply:
    """Forget the spellings that a stream has no choice in (`SPELT_BY_A_STREAM`)."""
    parts = tuple(
        part if isinstance(part, Opaque) else replace(part, extras=_retold(part.extras))
        for part in comparable(reply).parts
    )
    return replace(reply, parts=parts, extras=_retold(reply.extras))


def _retold(extras: Extras | None) -> Extras | None:
    if extras is None:
        return None
    form = (mark for mark in extras.form if mark not in SPELT_BY_A_STREAM | NAMELESS_IN_A_STREAM)
    return extras_of(extras.wire, extras.fields, *form)
