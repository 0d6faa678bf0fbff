"""A request in this format's words: as it came, or adapted from another's."""

from collections.abc import Iterator, Mapping
from typing import Final

from dragoman.chat import (
    AnyTool,
    Base64,
    BuiltinTool,
    ChatRequest,
    Image,
    Json,
    JsonObject,
    Message,
    Output,
    Part,
    Text,
    ToolResult,
    has_form,
)
from dragoman.wire.base import NOTHING, Written
from dragoman.wire.ollama_chat.adapt import adapt
from dragoman.wire.ollama_chat.calls import names_of, sent_id
from dragoman.wire.ollama_chat.errors import refusal
from dragoman.wire.ollama_chat.reply import write_assistant
from dragoman.wire.ollama_chat.words import (
    FEATURES,
    NAME,
    NAMELESS,
    NO_CONTENT,
    SAMPLING,
    UNSTREAMED,
    encode,
    own,
    put_back,
    said_only,
)
from dragoman.wire.receipts import Receipts

_NOT_TAKEN: Final = "this model's provider does not take it"
_ALWAYS: Final = frozenset({"model", "messages", "tools"})
_NO_PARAMETERS: Final[JsonObject] = {"type": "object", "properties": {}}


def write_request(request: ChatRequest, *, without: frozenset[str] = NOTHING) -> Written:
    """Write a request for a provider.

    `without` may name any field of the body or of its `options`, which is left out with a receipt,
    and `FEATURES`. Raises `LLMBadRequestError`, before anything is sent, for a picture by its
    address, files and sound, tool arguments that are no JSON object, and the `FEATURES`.
    """
    receipts = Receipts(NAME)
    for feature, at in _needs(request):
        if feature in without:
            advice = "leave them out, or choose another model"
            raise refusal(at, f"this model's provider takes no {feature}: {advice}")
    if request.extras is None or request.extras.wire != NAME:
        request = adapt(request, receipts)
    return Written(encode(_without(_body(request), without, receipts)), receipts.written())


def _needs(request: ChatRequest) -> Iterator[tuple[str, str]]:
    """Name the features that a request cannot do without, each with its place."""
    if request.tools:
        yield "tools", "tools"
    if request.output is not None and request.output.kind == "json_schema":
        yield "json_schema", "output"
    for place, message in enumerate(request.messages):
        if any(_has_picture(part) for part in message.parts):
            yield "images", f"messages[{place}]"


def _has_picture(part: Part) -> bool:
    match part:
        case ToolResult(content=content):
            return any(isinstance(inner, Image) for inner in content)
        case _:
            return isinstance(part, Image)


def _body(request: ChatRequest) -> JsonObject:
    names = names_of(request.messages)
    turns = [_message(message, names) for message in request.messages]
    if request.system:
        words = "\n\n".join(text.text for text in request.system)
        turns.insert(0, {"role": "system", "content": words})
    said = {
        "model": request.model,
        "messages": turns,
        "stream": None if has_form(request.extras, NAME, UNSTREAMED) else request.stream,
        "tools": [_tool(tool) for tool in request.tools] or None,
        "format": _format(request.output),
        "options": _options(request) or None,
    }
    return put_back(said_only(said), own(request.extras))


def _options(request: ChatRequest) -> JsonObject:
    asked = {name: getattr(request.sampling, name) for name in SAMPLING}
    asked |= {"num_predict": request.limits.output, "stop": list(request.stop) or None}
    return said_only(asked)


def _format(output: Output | None) -> Json:
    match output:
        case Output("json_schema", schema={**schema}) if schema:
            return schema
        case Output("json_object" | "json_schema"):
            return "json"
        case _:
            return None


def _tool(tool: AnyTool) -> JsonObject:
    if isinstance(tool, BuiltinTool):
        return tool.fields
    function = {
        "name": tool.name,
        "description": tool.description,
        "parameters": tool.parameters,
    }
    said = {"type": "function", "function": said_only(function)}
    whole = put_back(said, own(tool.extras))
    if tool.extras is None or tool.extras.wire != NAME:
        whole["function"].setdefault("parameters", _NO_PARAMETERS)
    return whole


def _message(message: Message, names: Mapping[str, str]) -> JsonObject:
    match message.parts:
        case (ToolResult() as result,):
            said = _result(result, names)
        case parts if message.role == "assistant":
            said = {"role": "assistant", **write_assistant(parts)}
        case parts:
            said = {"role": message.role, **_words(parts)}
    if has_form(message.extras, NAME, NO_CONTENT):
        del said["content"]
    return put_back(said, own(message.extras))


def _result(result: ToolResult, names: Mapping[str, str]) -> JsonObject:
    nameless = has_form(result.extras, NAME, NAMELESS)
    name = None if nameless else names.get(result.call_id)
    call = {"tool_name": name, "tool_call_id": sent_id(result.call_id)}
    return {"role": "tool", **_words(result.content), **said_only(call)}


def _words(parts: tuple[Part, ...]) -> JsonObject:
    """Write what is neither a model's nor a tool's call: words, and pictures beside them."""
    said: JsonObject = {"content": "".join(part.text for part in parts if isinstance(part, Text))}
    pictures = [
        part.source.content
        for part in parts
        if isinstance(part, Image) and isinstance(part.source, Base64)
    ]
    return said | ({"images": pictures} if pictures else {})


def _without(body: JsonObject, without: frozenset[str], receipts: Receipts) -> JsonObject:
    """Leave out what a provider does not take of the body and of its options."""
    unwanted = without - _ALWAYS - FEATURES.keys()
    options = body.get("options")
    if isinstance(options, dict) and unwanted.intersection(options):
        body = {**body, "options": _left(options, unwanted, receipts)}
    return _left(body, unwanted, receipts)


def _left(said: JsonObject, unwanted: frozenset[str], receipts: Receipts) -> JsonObject:
    for name in sorted(unwanted.intersection(said)):
        receipts.dropped(name, _NOT_TAKEN)
    return {name: value for name, value in said.items() if name not in unwanted}
