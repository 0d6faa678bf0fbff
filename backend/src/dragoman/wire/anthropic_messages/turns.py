"""A conversation held in other words, put into the turns of this format.

System messages stand before the conversation, user and assistant take turns, and what a tool gave
back opens the turn right after the one that asked.
"""

import base64
from typing import Final, assert_never

from msgspec.structs import replace

from dragoman.chat import (
    Audio,
    Base64,
    Category,
    ChatRequest,
    Document,
    FileRef,
    Image,
    Link,
    Message,
    Opaque,
    Part,
    PlainText,
    Reasoning,
    Role,
    Source,
    Text,
    ToolCall,
    ToolResult,
    media_type_of,
)
from dragoman.wire.anthropic_messages.content_out import parsed_arguments
from dragoman.wire.anthropic_messages.errors import refusal
from dragoman.wire.anthropic_messages.words import NAME
from dragoman.wire.receipts import Receipts

_READ: Final = frozenset({"", "application/pdf", "text/plain"})
"""The types of a document that is read as it is; nothing is said of one that lies somewhere."""


def in_turns(request: ChatRequest, receipts: Receipts) -> ChatRequest:
    """Put the conversation of `request` into turns. Raises `LLMBadRequestError` if it cannot be."""
    system = [text for text in request.system if text.text]
    turns: list[tuple[Role, list[Part]]] = []
    for place, message in enumerate(request.messages):
        if _is_plain(message):
            parts = [*message.parts]
        else:
            receipts.left_behind(message.extras, f"messages[{place}]")
            parts = _sayable(message.parts, message.role, f"messages[{place}]", receipts)
        if message.role == "system":
            system += [part for part in parts if isinstance(part, Text)]
            if turns:
                problem = "a system message in the conversation moved before it"
                receipts.renamed(f"messages[{place}]", problem)
        elif parts and turns and turns[-1][0] == message.role:
            turns[-1][1].extend(parts)
        elif parts:
            turns.append((message.role, parts))
    if system and not turns:
        receipts.emulated("messages", "a conversation needs a turn: the last system message is it")
        turns.append(("user", [system.pop()]))
    if not turns:
        raise refusal("messages", "there is nothing in them to answer", Category.INVALID_REQUEST)
    messages = tuple(Message(role, _results_first(parts)) for role, parts in turns)
    return replace(request, system=tuple(system), messages=messages)


def _results_first(parts: list[Part]) -> tuple[Part, ...]:
    if ToolResult not in map(type, parts):
        return tuple(parts)
    return tuple(sorted(parts, key=lambda part: not isinstance(part, ToolResult)))


def _is_plain(message: Message) -> bool:
    """Tell whether a message is what most are: one text, of which nothing else was said."""
    if len(message.parts) != 1 or message.extras is not None:
        return False
    part = message.parts[0]
    return isinstance(part, Text) and part.text != "" and part.extras is None


def _sayable(parts: tuple[Part, ...], role: Role, path: str, receipts: Receipts) -> list[Part]:
    """Give the parts that this format can say, as it says them."""
    said = []
    for place, part in enumerate(parts):
        at = f"{path}.content[{place}]"
        if not isinstance(part, Opaque):
            receipts.left_behind(part.extras, at)
        if (sayable := _sayable_part(part, role, at, receipts)) is not None:
            said.append(sayable)
    return said


def _sayable_part(part: Part, role: Role, at: str, receipts: Receipts) -> Part | None:
    match part:
        case Text(text):
            said: Part | None = part if text else None
        case Image() | Document():
            said = _sayable_file(part, role, at, receipts)
        case ToolCall():
            said = _well_formed(part, at)
        case ToolResult(content=content):
            said = replace(part, content=tuple(_sayable(content, "user", at, receipts)))
        case Reasoning() | Opaque():
            said = _at_home(part, at, receipts)
        case Audio():
            raise refusal(at, "this model's provider takes no audio; send text or a document")
        case _:
            assert_never(part)
    return said


def _sayable_file(
    part: Image | Document, role: Role, at: str, receipts: Receipts
) -> Image | Document | None:
    if role == "assistant":
        receipts.dropped(at, "an assistant's turn holds no files here")
        return None
    if isinstance(part, Image) and part.detail not in (None, "auto"):
        receipts.dropped(f"{at}.detail", "this format has no word for it")
    return replace(part, source=_sendable(part, at))


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


def _sendable(part: Image | Document, at: str) -> Source:
    """Give a file's content in a way that this format takes."""
    match part:
        case Image(FileRef(_, wire)) | Document(FileRef(_, wire)) if wire != NAME:
            raise refusal(at, "the file lies at another vendor; send its content instead")
        case Document(Base64(media_type, content)) if media_type.startswith("text/"):
            # Of documents in base64, only PDFs are taken.
            return _plain(content, at)
        case Document(Base64() | Link() as source) if media_type_of(source) not in _READ:
            problem = "of documents, only PDFs and texts are taken"
            raise refusal(at, f"{problem}, and this is {media_type_of(source)}")
        case _:
            return part.source


def _plain(content: str, at: str) -> PlainText:
    try:
        return PlainText(base64.b64decode(content, validate=True).decode())
    except ValueError as error:  # no base64, not even ASCII, or no UTF-8 inside
        problem = "the text is no base64 of UTF-8"
        raise refusal(at, problem, Category.INVALID_REQUEST) from error
