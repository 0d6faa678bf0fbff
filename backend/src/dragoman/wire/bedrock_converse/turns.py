"""A conversation held in other words, put into the turns of this format.

System messages stand before the conversation, user and assistant take turns, what a tool gave back
opens the turn right after the one that asked, and a document has words beside it.
"""

from typing import Final, assert_never

from msgspec.structs import replace

from dragoman.chat import (
    Audio,
    Category,
    ChatRequest,
    Document,
    Image,
    Message,
    Opaque,
    Part,
    Reasoning,
    Role,
    Text,
    ToolCall,
    ToolResult,
)
from dragoman.wire.bedrock_converse.content_out import parsed_arguments
from dragoman.wire.bedrock_converse.errors import refusal
from dragoman.wire.bedrock_converse.files import Naming, sendable
from dragoman.wire.bedrock_converse.words import NAME
from dragoman.wire.call_ids import with_safe_call_ids
from dragoman.wire.receipts import Receipts

_IDS: Final = r"[a-zA-Z0-9_.:-]{1,64}"

_BESIDE_A_DOCUMENT: Final = "Here is a document."


def in_turns(request: ChatRequest, receipts: Receipts) -> ChatRequest:
    """Put the conversation of `request` into turns. Raises `LLMBadRequestError` if it cannot be."""
    system = [text for text in request.system if text.text.strip()]
    for place, text in enumerate(system):
        receipts.left_behind(text.extras, f"system[{place}]")
    turns: list[tuple[Role, list[Part]]] = []
    naming = Naming(receipts)
    for place, message in enumerate(request.messages):
        path = f"messages[{place}]"
        receipts.left_behind(message.extras, path)
        parts = _sayable(message.parts, message.role, path, naming, receipts)
        if message.role == "system":
            system += (part for part in parts if isinstance(part, Text))
            if turns:
                receipts.renamed(path, "a system message in the conversation moved before it")
        elif parts and turns and turns[-1][0] == message.role:
            turns[-1][1].extend(parts)
        elif parts:
            turns.append((message.role, parts))
    if system and not turns:
        receipts.emulated("messages", "a conversation needs a turn: the last system message is it")
        turns.append(("user", [system.pop()]))
    if not turns:
        raise refusal("messages", "there is nothing in them to answer", Category.INVALID_REQUEST)
    messages = tuple(Message(role, _in_order(parts, receipts)) for role, parts in turns)
    whole = replace(request, system=tuple(system), messages=messages)
    return with_safe_call_ids(whole, receipts, taken=_IDS)


def _in_order(parts: list[Part], receipts: Receipts) -> tuple[Part, ...]:
    kinds = {type(part) for part in parts}
    if Document in kinds and Text not in kinds:
        # The documentation of `Message.content`: a document needs words beside it.
        receipts.emulated("messages", "a document needs words beside it")
        parts = [*parts, Text(_BESIDE_A_DOCUMENT)]
    return tuple(sorted(parts, key=lambda part: not isinstance(part, ToolResult)))


def _sayable(
    parts: tuple[Part, ...], role: Role, path: str, naming: Naming, receipts: Receipts
) -> list[Part]:
    """Give the parts that this format can say, as it says them."""
    said = []
    for place, part in enumerate(parts):
        at = f"{path}.content[{place}]"
        if not isinstance(part, Opaque):
            receipts.left_behind(part.extras, at)
        if (sayable := _sayable_part(part, role, at, naming, receipts)) is not None:
            said.append(sayable)
    return said


def _sayable_part(
    part: Part, role: Role, at: str, naming: Naming, receipts: Receipts
) -> Part | None:
    match part:
        case Text(text):
            return part if text.strip() else None
        case Image() | Document() | Audio() if role == "assistant":
            receipts.dropped(at, "an assistant's turn holds no files here")
            return None
        case Image() | Document() | Audio():
            return sendable(part, at, naming, receipts)
        case ToolCall():
            return _well_formed(part, at)
        case ToolResult(content=content, is_error=failed):
            inner = tuple(_sayable(content, "user", at, naming, receipts))
            # What went well need not be said, and not every model takes the word for it.
            return replace(part, content=inner, is_error=failed or None)
        case Reasoning() | Opaque():
            return _at_home(part, at, receipts)
        case _:
            assert_never(part)


def _well_formed(call: ToolCall, at: str) -> ToolCall:
    if parsed_arguments(call.arguments) is None:
        problem = f"the arguments of the call of {call.name!r} are no JSON object"
        raise refusal(at, problem, Category.INVALID_REQUEST)
    return call


def _at_home(part: Reasoning | Opaque, at: str, receipts: Receipts) -> Part | None:
    """Give what came from this format; another's means nothing here."""
    match part:
        case Reasoning(origin=origin) if origin != NAME:
            receipts.dropped(at, "reasoning is understood only where it came from")
        case Opaque(wire, kind) if wire != NAME:
            receipts.dropped(at, f"only {wire} has words for {kind!r}")
        case _:
            return part
    return None
