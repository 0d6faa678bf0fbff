"""How many tokens a question has: the vendor's own count where there is one, else an estimate."""

from collections.abc import Iterable
from typing import Final, assert_never

import msgspec
from msgspec import Struct

from dragoman.chat import (
    Audio,
    Base64,
    Category,
    ChatRequest,
    Document,
    Image,
    JsonObject,
    LLMServiceError,
    Opaque,
    Part,
    PlainText,
    Reasoning,
    Receipt,
    Text,
    Tool,
    ToolCall,
    ToolResult,
    UpstreamError,
)
from dragoman.services.providers import Counts
from dragoman.services.routing import Candidate

# Characters a token, about: English prose and code; other alphabets; Chinese, Japanese, Korean.
_ASCII: Final = 4.0
_TWO_BYTES: Final = 2.5
_MORE_BYTES: Final = 1.5

MESSAGE: Final = 4
"""Tokens that the frame of a message takes."""
TOOL: Final = 12
"""Tokens that the frame of a tool takes."""
IMAGE: Final = 1_200
"""Tokens of a picture: vendors count some hundreds to 1,600, by its size, which nobody decodes."""
DOCUMENT: Final = 3_000
"""Tokens of a file that is not here: one that a vendor keeps, or fetches."""
_BYTES_OF_A_FILE: Final = 20.0
"""Bytes of a PDF a token: a page is some 40 KB and 2,000 tokens."""
AUDIO: Final = 600
"""Tokens of a recording that is not here."""
_BYTES_OF_AUDIO: Final = 800.0
"""Bytes of a recording a token: 16 KB and some 20 tokens a second."""

# The vendor has no such route, though its provider was thought to: a proxy's, say.
_NO_ROUTE: Final = frozenset({404, 405, 501})

_encode: Final = msgspec.json.Encoder().encode


class Counted(Struct, frozen=True):
    """A number of tokens; a receipt says so where it is an estimate."""

    input_tokens: int
    receipts: tuple[Receipt, ...] = ()


async def count_tokens(request: ChatRequest, candidate: Candidate) -> Counted:
    """Count the tokens of a question, without an answer to it.

    Raises `LLMServiceError` like asking would, but where the vendor has no route that counts, or
    has one that does not count for this model.
    """
    counted = await _by_vendor(request, candidate)
    if counted is not None:
        return Counted(counted)
    return Counted(estimate(request), (Receipt("input_tokens", "emulated", "estimated"),))


async def _by_vendor(request: ChatRequest, candidate: Candidate) -> int | None:
    provider, model = candidate.provider, candidate.model
    if not isinstance(provider, Counts):
        return None
    try:
        return await provider.count_tokens(request, model, candidate.runtime)
    except Exception as error:
        judged = candidate.provider.map_error(error, model=model.id)
        if _cannot_count(error, judged, model.id):
            return None
        raise judged from error


def _cannot_count(error: Exception, judged: LLMServiceError, model: str) -> bool:
    """Tell whether asking might do what counting did not; a 404 that names the model is of it."""
    if judged.category is Category.UNSUPPORTED:
        return True
    named = isinstance(error, UpstreamError) and model in error.failure.message
    return judged.status in _NO_ROUTE and not named


def estimate(request: ChatRequest) -> int:
    """Guess the tokens of a question from its length alone; nothing is decoded or downloaded.

    Text: 4 ASCII characters a token, 2.5 of other alphabets, 1.5 of Chinese, Japanese or Korean.
    Pictures, files and recordings by the constants above.
    """
    total = _of_parts(request.system)
    for message in request.messages:
        total += MESSAGE + _of_parts(message.parts)
    for tool in request.tools:
        total += TOOL + _of_json(_said(tool) if isinstance(tool, Tool) else tool.fields)
    if request.output is not None and request.output.schema is not None:
        total += _of_json(request.output.schema)
    return max(1, round(total))


def _said(tool: Tool) -> JsonObject:
    return {"name": tool.name, "description": tool.description, "parameters": tool.parameters}


def _of_json(fields: JsonObject) -> float:
    return _of_text(_encode(fields).decode())


def _of_parts(parts: Iterable[Part]) -> float:
    return sum(map(_of_part, parts))


def _of_part(part: Part) -> float:
    match part:
        case Text(text):
            return _of_text(text)
        case Reasoning(text=text, encrypted=encrypted):
            return _of_text(text) + _of_text(encrypted or "")
        case ToolCall(name=name, arguments=arguments):
            return TOOL + _of_text(name) + _of_text(arguments)
        case ToolResult(content=content):
            return MESSAGE + _of_parts(content)
        case Image() | Document() | Audio():
            return _of_media(part)
        case Opaque(fields=fields, text=text):
            return _of_json(fields) + _of_text(text)
        case _:
            assert_never(part)


def _of_media(part: Image | Document | Audio) -> float:
    match part:
        case Image():
            return IMAGE
        case Document(source=PlainText(text=text)):
            return _of_text(text)
        case Document(source=Base64(content=content)):
            return len(content) * 0.75 / _BYTES_OF_A_FILE
        case Document():
            return DOCUMENT
        case Audio(source=Base64(content=content)):
            return len(content) * 0.75 / _BYTES_OF_AUDIO
        case _:
            return AUDIO


def _of_text(text: str) -> float:
    if text.isascii():
        return len(text) / _ASCII
    plain = len(text.encode("ascii", "ignore"))
    others = len(text) - plain
    # Each of the others has two bytes in UTF-8, or more: three, mostly.
    more = min(others, len(text.encode("utf-8", "replace")) - plain - 2 * others)
    return plain / _ASCII + (others - more) / _TWO_BYTES + more / _MORE_BYTES
