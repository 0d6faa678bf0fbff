"""A request in this format's words: as it came, or adapted from another's."""

from typing import Final
from urllib.parse import quote

from dragoman.chat import (
    AnyTool,
    BuiltinTool,
    Category,
    ChatRequest,
    JsonObject,
    Message,
    Output,
    Tool,
    ToolChoice,
)
from dragoman.wire.base import NOTHING, Written
from dragoman.wire.bedrock_converse.adapt import adapt
from dragoman.wire.bedrock_converse.content_out import write_blocks
from dragoman.wire.bedrock_converse.errors import refusal
from dragoman.wire.bedrock_converse.words import (
    CHOICE_WORDS,
    EMPTY,
    NAME,
    encode,
    forms_of,
    is_own,
    own,
    put_back,
    said_only,
)
from dragoman.wire.receipts import Receipts

_NOT_TAKEN: Final = "this model's provider does not take it"
_LISTS: Final = frozenset({"system"})


def write_request(request: ChatRequest, *, without: frozenset[str] = NOTHING) -> Written:
    """Write a request for a provider. Model and streaming go into the path, not into the body.

    `without` may name any field of the body or of its `inferenceConfig`, which is left out with a
    receipt. Raises `LLMBadRequestError`, before anything is sent, for a file by an address that the
    vendor does not fetch or of a kind that it does not read, another vendor's files, and tool
    arguments that are no JSON object.
    """
    receipts = Receipts(NAME)
    if not is_own(request.extras):
        request = adapt(request, receipts)
    body = _without(_body(request), without, receipts)
    return Written(encode(body), receipts.written(), _path(request))


def _path(request: ChatRequest) -> str | None:
    model = request.model
    if not model:
        return None
    if model in (".", ".."):
        raise refusal("model", "this is no model's name", Category.INVALID_REQUEST)
    verb = "converse-stream" if request.stream else "converse"
    # A colon stays as it is: what is signed has to be what is sent.
    return f"/model/{quote(model, safe=':')}/{verb}"


def _body(request: ChatRequest) -> JsonObject:
    said = {
        "messages": [_message(message) for message in request.messages] or None,
        "system": write_blocks(request.system) or None,
        "inferenceConfig": said_only(
            {
                "maxTokens": request.limits.output,
                "temperature": request.sampling.temperature,
                "topP": request.sampling.top_p,
                "stopSequences": list(request.stop) or None,
            }
        ),
        "toolConfig": said_only(
            {
                "tools": [_tool(tool) for tool in request.tools] or None,
                "toolChoice": _choice(request.tool_choice),
            }
        ),
        "outputConfig": said_only(
            {
                "textFormat": _output(request.output),
                "effort": None if request.reasoning is None else request.reasoning.effort,
            }
        ),
        "requestMetadata": request.metadata,
    }
    body = put_back({name: value for name, value in said.items() if value}, own(request.extras))
    for mark in forms_of(request.extras):
        name = mark.removeprefix(EMPTY)
        body.setdefault(name, [] if name in _LISTS else {})
    return body


def _message(message: Message) -> JsonObject:
    said = {"role": message.role, "content": write_blocks(message.parts)}
    return put_back(said, own(message.extras))


def _tool(tool: AnyTool) -> JsonObject:
    if isinstance(tool, BuiltinTool):
        return tool.fields
    said = {
        "name": tool.name,
        "description": tool.description or None,
        "inputSchema": {"json": _schema(tool)},
        "strict": tool.strict,
    }
    return {"toolSpec": put_back(said_only(said), own(tool.extras))}


def _schema(tool: Tool) -> JsonObject:
    # The type is required, and arguments are always an object.
    return {"type": "object", **(tool.parameters or {})}


def _choice(choice: ToolChoice | None) -> JsonObject | None:
    match choice:
        case ToolChoice("named", name):
            return {"tool": {"name": name}}
        case ToolChoice(mode) if mode in CHOICE_WORDS:
            return {CHOICE_WORDS[mode]: {}}
        case _:
            return None


def _output(output: Output | None) -> JsonObject | None:
    match output:
        case Output("json_schema", {**schema}, name, description, extras=extras):
            text = own(extras).get("schema", encode(schema).decode())
            said = said_only({"name": name, "description": description})
            structure = {"jsonSchema": {**own(extras), **said, "schema": text}}
            return {"type": "json_schema", "structure": structure}
        case _:
            return None


def _without(body: JsonObject, without: frozenset[str], receipts: Receipts) -> JsonObject:
    """Leave out what a provider does not take of the body and of its settings."""
    unwanted = without - {"messages"}
    config = body.get("inferenceConfig")
    if isinstance(config, dict) and unwanted.intersection(config):
        body = {**body, "inferenceConfig": _left(config, unwanted, receipts)}
    return _left(body, unwanted, receipts)


def _left(said: JsonObject, unwanted: frozenset[str], receipts: Receipts) -> JsonObject:
    for name in sorted(unwanted.intersection(said)):
        receipts.dropped(name, _NOT_TAKEN)
    return {name: value for name, value in said.items() if name not in unwanted}
