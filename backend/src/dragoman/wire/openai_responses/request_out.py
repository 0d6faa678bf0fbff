"""A request in this format's words, on the terms of the provider it goes to."""

from typing import Final

from dragoman.chat import (
    AnyTool,
    BuiltinTool,
    ChatRequest,
    Json,
    JsonObject,
    Message,
    Output,
    ReasoningWish,
    Text,
    Tool,
    ToolChoice,
)
from dragoman.wire.base import NOTHING, Written
from dragoman.wire.kindred import KINDRED_FIELDS, kindred
from dragoman.wire.offering import offering_allowed
from dragoman.wire.openai_responses.content_out import Terms
from dragoman.wire.openai_responses.conversation import split_instructions, write_input
from dragoman.wire.openai_responses.words import (
    EFFORTS,
    MOST_EFFORT,
    NAME,
    NO_NAME,
    SEALED_REASONING,
    STATELESS,
    TEXT_INPUT,
    encode,
    forms_of,
    is_own,
    own,
    put_back,
    said_only,
)
from dragoman.wire.receipts import Receipts

_NO_WORD: Final = "this format has no word for it"
_NOT_TAKEN: Final = "this model's provider does not take it"

# What asks for no more than a stateless vendor does anyway is left out without a word.
_OURS: Final = frozenset({"store", "include"})

# Sampling settings without a word here, with the values that change nothing.
_WORDLESS: Final[dict[str, tuple[float | None, ...]]] = {
    "top_k": (None,),
    "seed": (None,),
    "presence_penalty": (None, 0),
    "frequency_penalty": (None, 0),
}
NO_PARAMETERS: Final[JsonObject] = {"type": "object", "properties": {}}
"""The schema of a function that takes nothing."""


def write_request(request: ChatRequest, *, without: frozenset[str] = NOTHING) -> Written:
    """Write a request for a provider.

    `without` may name any field of the body, which is left out with a receipt, and the `FEATURES`
    of the format. A request that came in other words asks the vendor to store nothing, and to seal
    its reasoning so that it can be replayed. Raises `LLMBadRequestError` (`unsupported`) for what
    cannot be said and must not be left out.
    """
    own_words = is_own(request.extras)
    stateless = not own_words or STATELESS in forms_of(request.extras)
    terms = Terms(without, Receipts(NAME), own_words, stateless)
    if KINDRED_FIELDS in without and not is_own(request.extras):
        request = offering_allowed(request, terms.receipts)
    shared = kindred(request, NAME, without=without)
    terms.receipts.left_behind(shared.extras)
    body = put_back(_joined(_said(request, terms), shared.fields), own(request.extras))
    asked = own(request.extras) | shared.fields
    for name in sorted(without.intersection(body)):
        if body.pop(name) is not None and (name not in _OURS or name in asked):
            terms.receipts.dropped(name, _NOT_TAKEN)
    return Written(encode(body), terms.receipts.written())


def _joined(said: JsonObject, more: JsonObject) -> JsonObject:
    """Add what else was asked for: to what a list or an object says, in the place of the rest."""
    whole = dict(said)
    for name, value in more.items():
        match whole.get(name), value:
            case list() as items, list():
                whole[name] = [*items, *value]
            case dict() as fields, dict():
                whole[name] = fields | value
            case _:
                whole[name] = value
    return whole


def _said(request: ChatRequest, terms: Terms) -> JsonObject:
    _leave_out(request, terms)
    instructions, skipped = split_instructions(request, terms)
    return said_only(
        {
            "model": request.model,
            "instructions": instructions,
            **_input(request, terms, skipped),
            **_tool_fields(request, terms),
            "text": _output(request.output, terms),
            "temperature": request.sampling.temperature,
            "top_p": request.sampling.top_p,
            "reasoning": _reasoning(request.reasoning, terms),
            "max_output_tokens": request.limits.output,
            "user": request.user,
            "metadata": request.metadata,
            "stream": request.stream or None,
            **_kept_by_nobody(request, terms),
        },
    )


def _kept_by_nobody(request: ChatRequest, terms: Terms) -> JsonObject:
    """Ask for nothing to be stored, and for reasoning in a form that can be replayed instead."""
    if not terms.stateless:
        return {}
    match own(request.extras).get("include"):
        case None:
            return {"store": False, "include": [SEALED_REASONING]}
        case [*wanted] if SEALED_REASONING not in wanted:
            return {"store": False, "include": [*wanted, SEALED_REASONING]}
        case _:
            return {"store": False}


def _leave_out(request: ChatRequest, terms: Terms) -> None:
    for name, neutral in _WORDLESS.items():
        if getattr(request.sampling, name) not in neutral:
            terms.receipts.dropped(name, _NO_WORD)
    if request.stop:
        terms.receipts.dropped("stop", _NO_WORD)


def _input(request: ChatRequest, terms: Terms, skipped: int) -> JsonObject:
    match request.messages:
        case (Message("user", (Text(text),)),) if TEXT_INPUT in forms_of(request.extras):
            return {"input": text}
        case () if terms.own and "prompt" in own(request.extras):
            return {}
        case _:
            return {"input": write_input(request, terms, skipped)}


def _tool_fields(request: ChatRequest, terms: Terms) -> JsonObject:
    tools, choice = _tools(request, terms), request.tool_choice
    if choice is None:
        return {"tools": tools}
    if tools is None and not terms.own:
        # The vendor refuses a choice where there is nothing to choose.
        if choice.mode in ("required", "named"):
            terms.receipts.dropped("tool_choice", "there is no tool to choose")
        return {}
    terms.receipts.left_behind(choice.extras, "tool_choice")
    return {
        "tools": tools,
        "tool_choice": write_choice(choice),
        "parallel_tool_calls": choice.parallel,
    }


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
            return put_back(_function(tool, at, terms), own(extras))


def _function(tool: Tool, at: str, terms: Terms) -> JsonObject:
    strict, parameters = tool.strict, tool.parameters
    if not terms.own:
        # A tool is strict here unless it says otherwise; elsewhere, only if it says so.
        strict = bool(strict)
        parameters = NO_PARAMETERS if parameters is None else parameters
    if strict is not None and "strict_tools" in terms.without:
        if tool.strict is not None:
            terms.receipts.dropped(f"{at}.strict", _NOT_TAKEN)
        strict = None
    return said_only(
        {
            "type": "function",
            "name": tool.name,
            "description": tool.description,
            "parameters": parameters,
            "strict": strict,
        },
    )


def write_choice(choice: ToolChoice) -> Json:
    """Write a choice among tools; `None` if it says nothing of that."""
    match choice:
        case ToolChoice(mode="named", name=str(name), extras=extras):
            return put_back({"type": "function", "name": name}, own(extras))
        case ToolChoice(mode=mode, allowed=(_, *_) as names):
            tools = [{"type": "function", "name": name} for name in names]
            return {"type": "allowed_tools", "mode": mode, "tools": tools}
        case _:
            return choice.mode


def _output(output: Output | None, terms: Terms) -> JsonObject | None:
    if output is None:
        return None
    terms.receipts.left_behind(output.extras, "text.format")
    if output.kind == "json_schema":
        terms.require(
            "json_schema", "text.format", "schemas: ask for json_object and say what to hold"
        )
    return {"format": write_format(output)}


def write_format(output: Output) -> JsonObject:
    """Write the form that an answer must have."""
    said: JsonObject = {"type": output.kind}
    if output.kind == "json_schema":
        unnamed = NO_NAME in forms_of(output.extras)
        said |= said_only(
            {
                # The vendor insists on a name.
                "name": output.name or (None if unnamed else "answer"),
                "description": output.description,
                "schema": output.schema,
                "strict": output.strict,
            },
        )
    return put_back(said, own(output.extras))


def _reasoning(wish: ReasoningWish | None, terms: Terms) -> JsonObject | None:
    if wish is None:
        return None
    terms.receipts.left_behind(wish.extras, "reasoning")
    said = said_only({"effort": _effort(wish, terms)})
    if not terms.own:
        return said or None
    return put_back(said, own(wish.extras))


def _effort(wish: ReasoningWish, terms: Terms) -> str | None:
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
