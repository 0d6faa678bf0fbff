"""What a reply repeats of its request, in the fields that clients of this format need."""

from collections.abc import Iterator

from dragoman.chat import AnyTool, BuiltinTool, ChatRequest, Json, JsonObject, Tool, ToolChoice
from dragoman.wire.openai_responses.request_out import (
    NO_PARAMETERS,
    write_choice,
    write_format,
)
from dragoman.wire.openai_responses.words import NAME, is_own, own, put_back


def echo_of(request: ChatRequest | None) -> JsonObject:
    """Repeat what a request said, in the fields that each response has."""
    if request is None:
        request = ChatRequest(model="", messages=())
    asked = own(request.extras)
    strict = is_own(request.extras)  # where nothing is said: here yes, elsewhere no
    choice, sampling, wish = request.tool_choice, request.sampling, request.reasoning
    wanted = {"type": "text"} if request.output is None else write_format(request.output)
    reasoning = own(None if wish is None else wish.extras)
    return {
        "background": asked.get("background") or False,
        "instructions": "\n\n".join(text.text for text in request.system) or None,
        "max_output_tokens": request.limits.output,
        "max_tool_calls": asked.get("max_tool_calls"),
        "metadata": request.metadata or {},
        "parallel_tool_calls": True
        if choice is None or choice.parallel is None
        else choice.parallel,
        "previous_response_id": asked.get("previous_response_id"),
        "prompt_cache_key": asked.get("prompt_cache_key"),
        "reasoning": {
            "effort": None if wish is None else wish.effort,
            "summary": reasoning.get("summary"),
        },
        "safety_identifier": asked.get("safety_identifier"),
        "service_tier": asked.get("service_tier") or "default",
        "store": _or(asked.get("store"), default=True),
        "temperature": 1.0 if sampling.temperature is None else sampling.temperature,
        "text": put_back({"format": wanted}, asked.get("text") or {}),
        "tool_choice": asked.get("tool_choice") or _choice(choice),
        "tools": [said for tool in request.tools for said in _tool(tool, strict=strict)],
        "top_logprobs": asked.get("top_logprobs") or 0,
        "top_p": 1.0 if sampling.top_p is None else sampling.top_p,
        "truncation": asked.get("truncation") or "disabled",
        "usage": None,
        "user": request.user,
    }


def _or(value: Json, *, default: bool) -> Json:
    return default if value is None else value


def _tool(tool: AnyTool, *, strict: bool) -> Iterator[JsonObject]:
    match tool:
        case BuiltinTool(wire, _, fields):
            if wire == NAME:
                yield fields
        case Tool(extras=extras):
            said = {
                "type": "function",
                "name": tool.name,
                "description": tool.description,
                "parameters": NO_PARAMETERS if tool.parameters is None else tool.parameters,
                "strict": strict if tool.strict is None else tool.strict,
            }
            yield put_back(said, own(extras))


def _choice(choice: ToolChoice | None) -> Json:
    return "auto" if choice is None else write_choice(choice) or "auto"
