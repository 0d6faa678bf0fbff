"""What one provider does not take of this format: left out with a receipt, or refused."""

from collections.abc import Iterator
from typing import Final

from msgspec.structs import replace

from dragoman.chat import (
    AnyTool,
    ChatRequest,
    Document,
    Image,
    JsonObject,
    Part,
    Tool,
    ToolResult,
)
from dragoman.wire.anthropic_messages.errors import refusal
from dragoman.wire.receipts import Receipts

FEATURES: Final[dict[str, str]] = {
    "effort": "the field effort of output_config; it is left out",
    "strict_tools": "the field strict of a tool; it is left out",
    "tools": "tools; asking for them is refused",
    "images": "pictures; sending one is refused",
    "documents": "files; sending one is refused",
    "json_schema": "answers by a schema; asking for one is refused",
}
"""What `without` may name beside the fields of a body."""

_NOT_TAKEN: Final = "this model's provider does not take it"
_ALWAYS: Final = frozenset({"model", "messages", "max_tokens"})


def narrowed(request: ChatRequest, without: frozenset[str], receipts: Receipts) -> ChatRequest:
    """Leave out the `FEATURES` that a provider does not take.

    Raises `LLMBadRequestError` for those without which the question would be another one.
    """
    if without.isdisjoint(FEATURES):
        return request
    for feature, at in _needs(request):
        if feature in without:
            advice = "leave them out, or choose another model"
            raise refusal(at, f"this model's provider takes no {feature}: {advice}")
    wish = request.reasoning
    if "effort" in without and wish is not None and wish.effort is not None:
        receipts.dropped("reasoning.effort", _NOT_TAKEN)
        request = replace(request, reasoning=replace(wish, effort=None))
    if "strict_tools" in without:
        tools = tuple(_lenient(tool, receipts) for tool in request.tools)
        request = replace(request, tools=tools)
    return request


def _needs(request: ChatRequest) -> Iterator[tuple[str, str]]:
    """Name the features that a request cannot do without, each with its place."""
    if request.tools:
        yield "tools", "tools"
    if request.output is not None and request.output.kind == "json_schema":
        yield "json_schema", "output"
    for place, message in enumerate(request.messages):
        for feature in _files(message.parts):
            yield feature, f"messages[{place}]"


def _files(parts: tuple[Part, ...]) -> Iterator[str]:
    for part in parts:
        match part:
            case Image():
                yield "images"
            case Document():
                yield "documents"
            case ToolResult(content=content):
                yield from _files(content)


def _lenient(tool: AnyTool, receipts: Receipts) -> AnyTool:
    match tool:
        case Tool(name, strict=bool()):
            receipts.dropped(f"tools.{name}.strict", _NOT_TAKEN)
            return replace(tool, strict=None)
        case _:
            return tool


def leave_out(body: JsonObject, without: frozenset[str], receipts: Receipts) -> JsonObject:
    """Leave out the fields that a provider does not take; those that it must have stay."""
    unwanted = without.intersection(body) - _ALWAYS - FEATURES.keys()
    if not unwanted:
        return body
    for name in sorted(unwanted):
        if body[name] is not None:
            receipts.dropped(name, _NOT_TAKEN)
    return {name: value for name, value in body.items() if name not in unwanted}
