"""A conversation held in other words, put into those of this format.

Here a message is one text, with pictures beside it; what a tool gave back is a message of its own,
before whatever else was said in the same turn.
"""

from typing import Final, assert_never

from msgspec.structs import replace

from dragoman.chat import (
    Audio,
    Base64,
    Category,
    ChatRequest,
    Document,
    Image,
    Message,
    Opaque,
    Part,
    PlainText,
    Reasoning,
    Role,
    Text,
    ToolCall,
    ToolResult,
)
from dragoman.wire.ollama_chat.errors import refusal
from dragoman.wire.ollama_chat.reply import arguments_of
from dragoman.wire.ollama_chat.words import NAME
from dragoman.wire.receipts import Receipts

_FAILED: Final = "[error] "


def in_turns(request: ChatRequest, receipts: Receipts) -> ChatRequest:
    """Put the conversation of `request` into turns. Raises `LLMBadRequestError` if it cannot be."""
    for place, text in enumerate(request.system):
        receipts.left_behind(text.extras, f"system[{place}]")
    turns: list[Message] = []
    for place, message in enumerate(request.messages):
        path = f"messages[{place}]"
        receipts.left_behind(message.extras, path)
        turns += _turns(message.role, _sayable(message, path, receipts))
    return replace(request, messages=tuple(turns))


def _turns(role: Role, parts: list[Part]) -> list[Message]:
    results = [part for part in parts if isinstance(part, ToolResult)]
    others = tuple(part for part in parts if not isinstance(part, ToolResult))
    turns = [Message(role, (result,)) for result in results]
    return [*turns, Message(role, others)] if others else turns


def _sayable(message: Message, path: str, receipts: Receipts) -> list[Part]:
    said = (
        _sayable_part(part, message.role, f"{path}.content[{place}]", receipts)
        for place, part in enumerate(message.parts)
    )
    return [part for part in said if part is not None]


def _sayable_part(part: Part, role: Role, at: str, receipts: Receipts) -> Part | None:
    if not isinstance(part, Opaque):
        receipts.left_behind(part.extras, at)
    match part:
        case Text():
            return part
        case Image() | Document() | Audio():
            return _file(part, role, at, receipts)
        case ToolCall():
            return _well_formed(part, at)
        case ToolResult():
            return _result(part, at, receipts)
        case Reasoning(origin=origin) if origin == NAME:
            return part
        case Reasoning():
            receipts.dropped(at, "reasoning is understood only where it came from")
        case Opaque(wire, kind):
            receipts.dropped(at, f"only {wire} has words for {kind!r}")
        case _:
            assert_never(part)
    return None


def _well_formed(call: ToolCall, at: str) -> ToolCall:
    if arguments_of(call) is None:
        problem = f"the arguments of the call of {call.name!r} are no JSON object"
        raise refusal(at, problem, Category.INVALID_REQUEST)
    return call


def _file(
    part: Image | Document | Audio, role: Role, at: str, receipts: Receipts
) -> Image | Text | None:
    if role == "assistant":
        receipts.dropped(at, "an assistant's turn holds no files here")
        return None
    match part:
        case Image():
            return _picture(part, at, receipts)
        case Document():
            return _document(part, at, receipts)
        case Audio():
            raise refusal(at, "this format has no words for sound")


def _picture(part: Image, at: str, receipts: Receipts) -> Image:
    if not isinstance(part.source, Base64):
        raise refusal(at, "Ollama fetches no pictures: send the picture itself")
    if part.detail not in (None, "auto"):
        receipts.dropped(f"{at}.detail", "this format has no word for it")
    return part


def _document(part: Document, at: str, receipts: Receipts) -> Text:
    if not isinstance(part.source, PlainText):
        raise refusal(at, "Ollama reads no files: send the text of it")
    receipts.emulated(at, "a document's text stands among the words")
    return Text(f"{part.name}:\n\n{part.source.text}" if part.name else part.source.text)


def _result(part: ToolResult, at: str, receipts: Receipts) -> ToolResult:
    inner = _sayable(Message("user", part.content), at, receipts)
    if part.is_error:
        receipts.emulated(f"{at}.is_error", f"the text begins with {_FAILED!r}")
        inner.insert(0, Text(_FAILED))
    return replace(part, content=tuple(inner))
