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
    Sampling,
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
_NO_SAMPLING: Final = Sampling()


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
    said: JsonObject = {"model": request.model, "max_tokens": _ceiling(request)}
    if request.system:
        said["system"] = write_content(request.system, request.extras)
    said["messages"] = [_message(message) for message in request.messages]
    if request.tools:
        said["tools"] = [_tool(tool) for tool in request.tools]
    if request.tool_choice is not None:
        said["tool_choice"] = _tool_choice(request.tool_choice)
    _add_thinking_and_form(said, request)
    if request.sampling != _NO_SAMPLING:
        said |= _sampling(request.sampling)
    if request.stop:
        said["stop_sequences"] = request.stop
    if request.user is not None:
        said["metadata"] = {"user_id": request.user}
    if request.stream:
        said["stream"] = True
    elif has_form(request.extras, NAME, UNSTREAMED):
        said["stream"] = False
    return put_back(said, own(request.extras))


def _ceiling(request: ChatRequest) -> int:
    """Give the number of tokens that the answer may have, thinking included."""
    if request.limits.output is not None:
        return request.limits.output
    budget = None if request.reasoning is None else request.reasoning.budget
    return DEFAULT_OUTPUT + (budget or 0)


def _message(message: Message) -> JsonObject:
    content = write_content(message.parts, message.extras)
    written: JsonObject = {"role": message.role, "content": content}
    return written if message.extras is None else put_back(written, own(message.extras))


def _sampling(sampling: Sampling) -> JsonObject:
    said = {
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "top_k": sampling.top_k,
    }
    return {name: value for name, value in said.items() if value is not None}


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


def _tool_choice(choice: ToolChoice) -> JsonObject:
    written: JsonObject = {"type": CHOICE_WORDS[choice.mode or "auto"]}
    if choice.name is not None:
        written["name"] = choice.name
    if choice.parallel is not None:
        written["disable_parallel_tool_use"] = not choice.parallel
    return put_back(written, own(choice.extras))


def _add_thinking_and_form(said: JsonObject, request: ChatRequest) -> None:
    """Say how to think, and in which form to answer."""
    wish = request.reasoning
    config: JsonObject = {}
    if wish is not None:
        if thinking := _thinking(wish):
            said["thinking"] = thinking
        if wish.effort is not None:
            config["effort"] = wish.effort
    if request.output is not None:
        config["format"] = _output(request.output)
    if config:
        said["output_config"] = config


def _thinking(wish: ReasoningWish) -> JsonObject:
    written: JsonObject = {} if wish.mode is None else {"type": THINKING_WORDS[wish.mode]}
    if wish.budget is not None:
        written["budget_tokens"] = wish.budget
    return put_back(written, own(wish.extras))


def _output(output: Output) -> JsonObject:
    return put_back({"type": "json_schema", "schema": output.schema}, own(output.extras))
