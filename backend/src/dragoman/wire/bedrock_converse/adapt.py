"""The settings of a request made in other words, as nearly as this format can say them."""

import re
from typing import Final

from msgspec.structs import replace

from dragoman.chat import (
    AnyTool,
    BuiltinTool,
    ChatRequest,
    Extras,
    JsonObject,
    Output,
    Sampling,
    Text,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
)
from dragoman.wire.bedrock_converse.thinking import with_thinking
from dragoman.wire.bedrock_converse.turns import in_turns
from dragoman.wire.bedrock_converse.words import NAME
from dragoman.wire.offering import offering_allowed
from dragoman.wire.receipts import Receipts

_JSON_WISH: Final = "Answer with a single JSON object and nothing else."

# Sampling settings without a word here, with the values that change nothing.
_WORDLESS: Final[dict[str, tuple[float | None, ...]]] = {
    "seed": (None,),
    "presence_penalty": (None, 0),
    "frequency_penalty": (None, 0),
}
# https://platform.claude.com/docs/en/build-with-claude/extended-thinking
_NOT_BESIDE_THINKING: Final[dict[str, tuple[float | None, ...]]] = {
    "temperature": (None, 1),
    "top_k": (None,),
}
_CLAUDE: Final = re.compile(r"anthropic\.claude")
_NOVA: Final = re.compile(r"amazon\.nova")

# The service model's pattern, and its limit of entries.
_METADATA: Final = re.compile(r"[a-zA-Z0-9\s:_@$#=/+,.-]{0,256}")
_MOST_METADATA: Final = 16


def adapt(request: ChatRequest, receipts: Receipts) -> ChatRequest:
    """Make of another format's request one that this format can say, and tell what changed.

    Raises `LLMBadRequestError` for what can neither be said nor left out.
    """
    receipts.left_behind(request.extras)
    if request.user is not None:
        receipts.dropped("user", "this format has no word for it")
    request = in_turns(_with_metadata(request, receipts), receipts)
    request = offering_allowed(request, receipts)
    request, fields, thinks = with_thinking(request, receipts)
    request, more = _sampling(request, receipts, thinks=thinks)
    request = _tools(request, receipts, thinks=thinks)
    request = _output(request, receipts)
    fields |= more
    extras = Extras(NAME, {"additionalModelRequestFields": fields} if fields else {})
    return replace(request, extras=extras)


def _with_metadata(request: ChatRequest, receipts: Receipts) -> ChatRequest:
    kept: dict[str, str] = {}
    for name, value in (request.metadata or {}).items():
        fits = name and _METADATA.fullmatch(name) and _METADATA.fullmatch(value)
        if fits and len(kept) < _MOST_METADATA:
            kept[name] = value
        else:
            receipts.dropped(
                f"metadata.{name}", "it is longer, more, or of other letters than here"
            )
    return replace(request, metadata=kept or None)


def _sampling(
    request: ChatRequest, receipts: Receipts, *, thinks: bool
) -> tuple[ChatRequest, JsonObject]:
    """Give the settings that the format has words for, and the fields for the model's own."""
    asked = request.sampling
    for name, neutral in _WORDLESS.items():
        if getattr(asked, name) not in neutral:
            receipts.dropped(name, "this format has no word for it")
    kept = Sampling(asked.temperature, asked.top_p, asked.top_k)
    if thinks:
        for name, neutral in _NOT_BESIDE_THINKING.items():
            if getattr(kept, name) not in neutral:
                receipts.dropped(name, "a thinking model does not take it")
            kept = replace(kept, **{name: None})
    if kept.temperature is not None and kept.temperature > 1:
        receipts.emulated("temperature", "the scale ends at 1 here")
        kept = replace(kept, temperature=1.0)
    fields = _top_k(kept.top_k, request.model, receipts)
    stop = tuple(sequence for sequence in request.stop if sequence.strip())
    if len(stop) < len(request.stop):
        receipts.dropped("stop", "a sequence of white space alone is not taken")
    return replace(request, sampling=replace(kept, top_k=None), stop=stop), fields


def _top_k(top_k: int | None, model: str, receipts: Receipts) -> JsonObject:
    if top_k is None:
        return {}
    if _CLAUDE.search(model):
        return {"top_k": top_k}
    if _NOVA.search(model):
        # https://docs.aws.amazon.com/nova/latest/userguide/complete-request-schema.html
        return {"inferenceConfig": {"topK": top_k}}
    receipts.dropped("top_k", "there is no known word for it with this model")
    return {}


def _tools(request: ChatRequest, receipts: Receipts, *, thinks: bool) -> ChatRequest:
    """Leave out other vendors' own tools, define those of the past, and settle the choice."""
    tools: list[AnyTool] = []
    for place, tool in enumerate(request.tools):
        at = f"tools[{place}]"
        match tool:
            case BuiltinTool(wire, kind) if wire != NAME:
                receipts.dropped(at, f"only {wire} has the tool {kind!r}")
                continue
            case Tool(extras=extras):
                receipts.left_behind(extras, at)
        tools.append(tool)
    choice = request.tool_choice
    used = _used(request)
    if used and not tools:
        # https://docs.aws.amazon.com/bedrock/latest/userguide/tool-use-inference-call.html
        receipts.emulated("tools", "calls in a conversation need their tools defined, by name")
        tools = [Tool(name) for name in used]
        choice = None
    if choice is not None and choice.mode == "none":
        if not used:
            return replace(request, tools=(), tool_choice=None)
        receipts.emulated("tool_choice", "this format cannot forbid tools: now auto")
    return replace(
        request, tools=tuple(tools), tool_choice=_choice(choice, tools, receipts, thinks=thinks)
    )


def _used(request: ChatRequest) -> list[str]:
    """Name the tools that the conversation speaks of."""
    parts = [part for message in request.messages for part in message.parts]
    names = [part.name for part in parts if isinstance(part, ToolCall)]
    if not names and any(isinstance(part, ToolResult) for part in parts):
        names = ["tool"]
    return list(dict.fromkeys(names))


def _choice(
    choice: ToolChoice | None, tools: list[AnyTool], receipts: Receipts, *, thinks: bool
) -> ToolChoice | None:
    if choice is None or not tools:
        return None
    receipts.left_behind(choice.extras, "tool_choice")
    if choice.parallel is False:
        receipts.dropped("parallel_tool_calls", "this format has no word for it")
    match choice.mode:
        case "required" | "named" if thinks:
            receipts.emulated(
                "tool_choice", "a thinking model is not forced to use a tool: now auto"
            )
            return ToolChoice("auto")
        case "required" | "named" | "auto":
            return ToolChoice(choice.mode, choice.name)
        case _:
            return None


def _output(request: ChatRequest, receipts: Receipts) -> ChatRequest:
    output = request.output
    match output:
        case None:
            return request
        case Output("json_schema", schema={}, extras=extras):
            receipts.left_behind(extras, "output")
            return replace(request, output=replace(output, extras=None))
        case Output("json_schema", extras=extras):
            receipts.left_behind(extras, "output")
            receipts.dropped("output", "there is no schema")
        case Output("json_object", extras=extras):
            receipts.left_behind(extras, "output")
            receipts.emulated("output", "a JSON object is asked for in the system prompt")
            return replace(request, output=None, system=(*request.system, Text(_JSON_WISH)))
    return replace(request, output=None)
