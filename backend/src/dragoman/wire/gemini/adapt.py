"""A request made in other words, as nearly as this format can say it.

System messages stand before the conversation, user and model take turns, and what all tools of a
turn gave back stands in the one turn after it.
"""

import re
from typing import Final

from msgspec.structs import replace

from dragoman.chat import (
    Category,
    ChatRequest,
    Extras,
    Message,
    Opaque,
    Output,
    Part,
    Reasoning,
    Role,
    Sampling,
    Text,
    Tool,
    ToolCall,
    ToolResult,
    merge_extras,
)
from dragoman.wire.gemini.errors import refusal
from dragoman.wire.gemini.words import NAME, own
from dragoman.wire.receipts import Receipts

_UNSEALED: Final = "skip_thought_signature_validator"
"""What stands for the seal of a call that another model made; without one, a model that checks
seals refuses the conversation (https://ai.google.dev/gemini-api/docs/thought-signatures)."""

_MOST_STOPS: Final = 5
"""The vendor's limit; https://ai.google.dev/api/generate-content#generationconfig"""

# As of 2026-11: what came before Gemini 3 checks no seals.
_TRUSTING: Final = re.compile(r"gemini-[12](?:\.|-|$)|gemma")


def adapt(request: ChatRequest, receipts: Receipts) -> ChatRequest:
    """Make of another format's request one that this format can say, and tell what changed.

    Raises `LLMBadRequestError` for a conversation in which there is nothing to answer.
    """
    receipts.left_behind(request.extras)
    for name in request.metadata or {}:
        receipts.dropped(f"metadata.{name}", "this format has no word for it")
    if request.user is not None:
        receipts.dropped("user", "this format has no word for it")
    _tell_of_settings(request, receipts)
    system, turns = _in_turns(request, receipts)
    if not turns:
        if not system:
            problem = "there is nothing in them to answer"
            raise refusal("messages", problem, Category.INVALID_REQUEST)
        receipts.emulated("messages", "a conversation needs a turn: the last system message is it")
        turns.append(("user", [system.pop()]))
    messages = tuple(
        Message(role, _whole(role, parts, request.model, receipts)) for role, parts in turns
    )
    sampling = _without_idle_penalties(request.sampling)
    stop = _first_stops(request.stop, receipts)
    return replace(request, system=tuple(system), messages=messages, sampling=sampling, stop=stop)


def _first_stops(stop: tuple[str, ...], receipts: Receipts) -> tuple[str, ...]:
    if len(stop) > _MOST_STOPS:
        receipts.dropped("stop", f"only the first {_MOST_STOPS} sequences are taken")
    return stop[:_MOST_STOPS]


def _without_idle_penalties(sampling: Sampling) -> Sampling:
    """Leave out penalties of 0: they change nothing, and many of the vendor's models refuse any."""
    return replace(
        sampling,
        presence_penalty=sampling.presence_penalty or None,
        frequency_penalty=sampling.frequency_penalty or None,
    )


def _tell_of_settings(request: ChatRequest, receipts: Receipts) -> None:
    """Tell what this format has no words for, of the tools, the output and the thinking."""
    for place, tool in enumerate(request.tools):
        match tool:
            case Tool(strict=strict, extras=extras):
                receipts.left_behind(extras, f"tools[{place}]")
                if strict:
                    receipts.dropped(f"tools[{place}].strict", "this format has no word for it")
    match request.output:
        case Output(description=description, extras=extras):
            receipts.left_behind(extras, "output")
            if description is not None:
                receipts.dropped("output.description", "this format has no word for it")
    if request.tool_choice is not None:
        receipts.left_behind(request.tool_choice.extras, "tool_choice")
    if request.reasoning is not None:
        receipts.left_behind(request.reasoning.extras, "reasoning")


def _in_turns(
    request: ChatRequest, receipts: Receipts
) -> tuple[list[Text], list[tuple[Role, list[Part]]]]:
    system = [text for text in request.system if text.text]
    for place, text in enumerate(system):
        receipts.left_behind(text.extras, f"system[{place}]")
    turns: list[tuple[Role, list[Part]]] = []
    for place, message in enumerate(request.messages):
        path = f"messages[{place}]"
        receipts.left_behind(message.extras, path)
        parts = _said(message, path, receipts)
        if message.role == "system":
            system += (part for part in parts if isinstance(part, Text))
            if turns:
                receipts.renamed(path, "a system message in the conversation moved before it")
        elif parts and turns and turns[-1][0] == message.role:
            turns[-1][1].extend(parts)
        elif parts:
            turns.append((message.role, parts))
    return system, turns


def _said(message: Message, path: str, receipts: Receipts) -> list[Part]:
    """Give the parts of a message that say something; what is another's alone is told of."""
    said: list[Part] = []
    for place, part in enumerate(message.parts):
        at = f"{path}.content[{place}]"
        match part:
            case Opaque(wire, kind) if wire != NAME:
                receipts.dropped(at, f"only {wire} has words for {kind!r}")
                continue
            case Opaque():
                pass
            case _ if part.extras is not None:
                receipts.left_behind(part.extras, at)
        match part:
            case Text("", extras) if not own(extras):
                pass
            case Reasoning(origin=origin) if origin != NAME:
                receipts.dropped(at, "reasoning is understood only where it came from")
            case _:
                said.append(part)
    return said


def _whole(role: Role, parts: list[Part], model: str, receipts: Receipts) -> tuple[Part, ...]:
    if role == "user":
        return tuple(sorted(parts, key=lambda part: not isinstance(part, ToolResult)))
    if not _TRUSTING.search(model):
        _seal(parts, receipts)
    return tuple(parts)


def _seal(parts: list[Part], receipts: Receipts) -> None:
    """Give the first call of a turn a seal, if it has none of its own."""
    for place, part in enumerate(parts):
        if isinstance(part, ToolCall):
            if "thoughtSignature" not in own(part.extras):
                seal = Extras(NAME, {"thoughtSignature": _UNSEALED})
                extras = merge_extras(part.extras, seal)
                parts[place] = replace(part, extras=extras)
                reason = "a call of another model's needs a seal: one that is not checked"
                receipts.emulated(f"{part.name}.thoughtSignature", reason)
            return
