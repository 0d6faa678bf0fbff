"""A request in this format's words: as it came, or adapted from another's."""

from typing import Final

from dragoman.chat import (
    AnyTool,
    BuiltinTool,
    ChatRequest,
    JsonObject,
    Message,
    Output,
    ReasoningWish,
    Tool,
    ToolChoice,
    has_form,
)
from dragoman.wire.anthropic_messages.adapt import adapt
from dragoman.wire.anthropic_messages.content_out import write_content
from dragoman.wire.anthropic_messages.narrow import leave_out, narrowed
from dragoman.wire.anthropic_messages.seals import without_broken_seals
from dragoman.wire.anthropic_messages.words import (
    CHOICE_WORDS,
    CUSTOM,
    DEFAULT_OUTPUT,
    NAME,
    THINKING_WORDS,
    UNSTREAMED,
    encode,
    own,
    put_back,
)
from dragoman.wire.base import NOTHING, Written
from dragoman.wire.call_ids import with_safe_call_ids
from dragoman.wire.receipts import Receipts

_IDS: Final = r"[a-zA-Z0-9_-]+"


def write_request(request: ChatRequest, *, without: frozenset[str] = NOTHING) -> Written:
    """Write a request for a provider.

    `without` may name any field of the body, which is left out with a receipt, and `FEATURES`.
    Where no limit of the output is given, `DEFAULT_OUTPUT` (beside the thinking budget) is asked
    for. Raises `LLMBadRequestError`, before anything is sent, for audio, another vendor's files,
    tool arguments that are no JSON object, and features that this provider does not have.
    """
    receipts = Receipts(NAME)
    request = narrowed(request, without, receipts)
    if request.extras is None or request.extras.wire != NAME:
        request = adapt(request, receipts)
    request = without_broken_seals(request, receipts)
    request = with_safe_call_ids(request, receipts, taken=_IDS)
    body = leave_out(_body(request), without, receipts)
    return Written(encode(body), receipts.written())


def _body(request: ChatRequest) -> JsonObject:
    said = {
        "model": request.model,
        "max_tokens": _ceiling(request),
        "system": write_content(request.system, request.extras) if request.system else None,
        "messages": [_message(message) for message in request.messages],
        "tools": [_tool(tool) for tool in request.tools] or None,
        "tool_choice": _tool_choice(request.tool_choice),
        "thinking": _thinking(request.reasoning),
        "output_config": _output_config(request),
        "temperature": request.sampling.temperature,
        "top_p": request.sampling.top_p,
        "top_k": request.sampling.top_k,
        "stop_sequences": request.stop or None,
        "metadata": None if request.user is None else {"user_id": request.user},
        "stream": _stream(request),
    }
    body = {name: value for name, value in said.items() if value is not None}
    return put_back(body, own(request.extras))


def _ceiling(request: ChatRequest) -> int:
    """Give the number of tokens that the answer may have, thinking included."""
    if request.limits.output is not None:
        return request.limits.output
    budget = None if request.reasoning is None else request.reasoning.budget
    return DEFAULT_OUTPUT + (budget or 0)


def _message(message: Message) -> JsonObject:
    content = write_content(message.parts, message.extras)
    return put_back({"role": message.role, "content": content}, own(message.extras))


def _tool(tool: AnyTool) -> JsonObject:
    if isinstance(tool, BuiltinTool):
        return tool.fields
    said = {
        "type": "custom" if has_form(tool.extras, NAME, CUSTOM) else None,
        "name": tool.name,
        "description": tool.description,
        "input_schema": _schema(tool),
        "strict": tool.strict,
    }
    written = {name: value for name, value in said.items() if value is not None}
    return put_back(written, own(tool.extras))


def _schema(tool: Tool) -> JsonObject:
    # The type is required, and arguments are always an object.
    return {"type": "object", **(tool.parameters or {})}


def _tool_choice(choice: ToolChoice | None) -> JsonObject | None:
    if choice is None:
        return None
    written: JsonObject = {"type": CHOICE_WORDS[choice.mode or "auto"]}
    if choice.name is not None:
        written["name"] = choice.name
    if choice.parallel is not None:
        written["disable_parallel_tool_use"] = not choice.parallel
    return put_back(written, own(choice.extras))


def _thinking(wish: ReasoningWish | None) -> JsonObject | None:
    if wish is None:
        return None
    written: JsonObject = {} if wish.mode is None else {"type": THINKING_WORDS[wish.mode]}
    if wish.budget is not None:
        written["budget_tokens"] = wish.budget
    return put_back(written, own(wish.extras)) or None


def _output_config(request: ChatRequest) -> JsonObject | None:
    config: JsonObject = {}
    if request.reasoning is not None and request.reasoning.effort is not None:
        config["effort"] = request.reasoning.effort
    if request.output is not None:
        config["format"] = _output(request.output)
    return config or None


def _output(output: Output) -> JsonObject:
    return put_back({"type": "json_schema", "schema": output.schema}, own(output.extras))


def _stream(request: ChatRequest) -> bool | None:
    if request.stream:
        return True
    return False if has_form(request.extras, NAME, UNSTREAMED) else None
