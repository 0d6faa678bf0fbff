"""A request in this format's words, on the terms of the provider it goes to."""

from dragoman.chat import (
    AnyTool,
    BuiltinTool,
    ChatRequest,
    Json,
    JsonObject,
    Output,
    ReasoningWish,
    Sampling,
    Tool,
    ToolChoice,
)
from dragoman.wire.base import NOTHING, Written
from dragoman.wire.kindred import KINDRED_FIELDS, kindred
from dragoman.wire.offering import offering_allowed
from dragoman.wire.openai_chat.content_out import Terms
from dragoman.wire.openai_chat.conversation import write_messages
from dragoman.wire.openai_chat.words import (
    EFFORTS,
    MOST_EFFORT,
    NAME,
    ONE_CHOICE,
    TELL_USAGE,
    UNNAMED,
    UNTYPED,
    encode,
    forms_of,
    is_own,
    own,
    put_back,
    said_only,
)
from dragoman.wire.receipts import Receipts

_NO_WORD = "this format has no word for it"
_NOT_TAKEN = "this model's provider does not take it"
_NO_SAMPLING = Sampling()
_MOST_STOPS = 4
"""The vendor's limit; clients of this format may know of a server with another."""


def write_request(request: ChatRequest, *, without: frozenset[str] = NOTHING) -> Written:
    """Write a request for a provider.

    `without` may name any field of the body, which is left out with a receipt, and the `FEATURES`
    of the format. A stream is always asked to tell its usage (`stream_options`), which is ours to
    know. Raises `LLMBadRequestError` (`unsupported`) for what cannot be said and must not be left
    out.
    """
    terms = Terms(without, Receipts(NAME))
    body = _own(request, terms) if is_own(request.extras) else _translated(request, terms)
    for name in sorted(without.intersection(body)):
        if body.pop(name) is not None:
            terms.receipts.dropped(name, _NOT_TAKEN)
    return Written(encode(body), terms.receipts.written())


def _own(request: ChatRequest, terms: Terms) -> JsonObject:
    """Say what was asked in this format."""
    return put_back(_said(request, terms), own(request.extras))


def _translated(request: ChatRequest, terms: Terms) -> JsonObject:
    """Say what was asked in another format."""
    if KINDRED_FIELDS in terms.without:
        request = offering_allowed(request, terms.receipts)
    shared = kindred(request, NAME, without=terms.without)
    terms.receipts.left_behind(shared.extras)
    return _said(request, terms) | shared.fields


def _said(request: ChatRequest, terms: Terms) -> JsonObject:
    said: JsonObject = {"model": request.model, "messages": write_messages(request, terms)}
    if request.tools or request.tool_choice is not None:
        said |= _tool_fields(request, terms)
    if request.output is not None:
        said["response_format"] = _output(request.output, terms)
    if request.sampling != _NO_SAMPLING:
        said |= _sampling(request, terms)
    effort = None if request.reasoning is None else _effort(request.reasoning, terms)
    if effort is not None:
        said["reasoning_effort"] = effort
    if request.limits.output is not None:
        said[_limit_name(request, terms)] = request.limits.output
    if request.stop:
        said["stop"] = _stop(request, terms)
    _add_manner(said, request, terms)
    return said


def _add_manner(said: JsonObject, request: ChatRequest, terms: Terms) -> None:
    """Say for whom the answer is, and how it is to come."""
    forms = forms_of(request.extras)
    if request.user is not None:
        said["user"] = request.user
    if request.metadata is not None:
        said["metadata"] = request.metadata
    if request.stream:
        said["stream"] = True
    if TELL_USAGE in forms or (request.stream and "stream_options" not in terms.without):
        said["stream_options"] = {"include_usage": True}
    if ONE_CHOICE in forms:
        said["n"] = 1


def _tool_fields(request: ChatRequest, terms: Terms) -> JsonObject:
    tools, choice = _tools(request, terms), request.tool_choice
    if choice is None:
        return said_only({"tools": tools})
    if tools is None and not is_own(request.extras):
        # The vendor refuses a choice where there is nothing to choose.
        if choice.mode in ("required", "named"):
            terms.receipts.dropped("tool_choice", "there is no tool to choose")
        return {}
    return said_only(
        {
            "tools": tools,
            "tool_choice": _tool_choice(choice, request, terms),
            "parallel_tool_calls": choice.parallel,
        }
    )


def _tools(request: ChatRequest, terms: Terms) -> list[JsonObject] | None:
    written = [_tool(tool, f"tools[{place}]", terms) for place, tool in enumerate(request.tools)]
    tools = [tool for tool in written if tool is not None]
    if tools:
        terms.require("tools", "tools", "tools: leave them out, or choose a model that uses them")
    return tools or None


def _tool(tool: AnyTool, at: str, terms: Terms) -> JsonObject | None:
    match tool:
        case BuiltinTool(wire, kind, fields):
            if wire == NAME:
                return fields
            terms.receipts.dropped(at, f"only {wire} has the tool {kind!r}")
            return None
        case Tool(extras=extras):
            terms.receipts.left_behind(extras, at)
            said = {} if UNTYPED in forms_of(extras) else {"type": "function"}
            return put_back(said | {"function": _function(tool, at, terms)}, own(extras))


def _function(tool: Tool, at: str, terms: Terms) -> JsonObject:
    strict = tool.strict
    if strict is not None and "strict_tools" in terms.without:
        terms.receipts.dropped(f"{at}.strict", _NOT_TAKEN)
        strict = None
    return said_only(
        {
            "name": tool.name,
            "description": tool.description,
            "parameters": tool.parameters,
            "strict": strict,
        },
    )


def _tool_choice(choice: ToolChoice, request: ChatRequest, terms: Terms) -> Json:
    terms.receipts.left_behind(choice.extras, "tool_choice")
    match choice:
        case ToolChoice(mode="named", name=str(name), extras=extras):
            return put_back({"type": "function", "function": {"name": name}}, own(extras))
        case ToolChoice(mode=mode, allowed=(_, *_) as names):
            tools = [{"type": "function", "function": {"name": name}} for name in names]
            return {"type": "allowed_tools", "allowed_tools": {"mode": mode, "tools": tools}}
        case ToolChoice(mode="required") if "any" in forms_of(request.extras):
            return "any"
        case _:
            return choice.mode


def _output(output: Output, terms: Terms) -> JsonObject:
    terms.receipts.left_behind(output.extras, "response_format")
    said: JsonObject = {"type": output.kind}
    if output.kind == "json_schema":
        terms.require(
            "json_schema", "response_format", "schemas: ask for json_object and say what to hold"
        )
        unnamed = UNNAMED in forms_of(output.extras)
        said["json_schema"] = said_only(
            {
                # The vendor insists on a name.
                "name": output.name or (None if unnamed else "answer"),
                "description": output.description,
                "schema": output.schema,
                "strict": output.strict,
            },
        )
    return put_back(said, own(output.extras))


def _sampling(request: ChatRequest, terms: Terms) -> JsonObject:
    sampling, top_k = request.sampling, request.sampling.top_k
    if top_k is not None and "top_k" not in forms_of(request.extras):
        terms.receipts.dropped("top_k", _NO_WORD)
        top_k = None
    return said_only(
        {
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "top_k": top_k,
            "seed": sampling.seed,
            "presence_penalty": sampling.presence_penalty,
            "frequency_penalty": sampling.frequency_penalty,
        }
    )


def _effort(wish: ReasoningWish, terms: Terms) -> str | None:
    terms.receipts.left_behind(wish.extras, "reasoning")
    match wish:
        case ReasoningWish(mode="off"):
            return "none"
        case ReasoningWish(effort=str(effort), budget=budget):
            if budget is not None:
                terms.receipts.dropped("reasoning.budget", "the effort says how hard to think")
            return effort
        case ReasoningWish(budget=int(budget)):
            effort = next((word for most, word in EFFORTS if budget <= most), MOST_EFFORT)
            terms.receipts.emulated("reasoning.budget", f"it is said as the effort {effort!r}")
            return effort
        case _:
            if wish.mode is not None:
                terms.receipts.dropped("reasoning.mode", "how hard to think is left to the model")
            return None


def _stop(request: ChatRequest, terms: Terms) -> Json:
    if len(request.stop) > _MOST_STOPS and not is_own(request.extras):
        terms.receipts.dropped("stop", f"only the first {_MOST_STOPS} sequences are taken")
        return list(request.stop[:_MOST_STOPS])
    if "stop_text" in forms_of(request.extras) and len(request.stop) == 1:
        return request.stop[0]
    return list(request.stop)


def _limit_name(request: ChatRequest, terms: Terms) -> str:
    older = asked = "max_tokens" in forms_of(request.extras)
    if "max_completion_tokens" in terms.without:
        older = True
    elif "max_tokens" in terms.without:
        older = False
    name = "max_tokens" if older else "max_completion_tokens"
    if older != asked and is_own(request.extras):
        terms.receipts.renamed(name, "this model's provider knows the limit by this name")
    return name
