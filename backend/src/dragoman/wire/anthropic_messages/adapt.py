"""The settings of a request made in other words, as nearly as this format can say them."""

from collections.abc import Callable
from typing import Final

from msgspec.structs import replace

from dragoman.chat import (
    AnyTool,
    BuiltinTool,
    ChatRequest,
    Output,
    ReasoningWish,
    Sampling,
    Text,
    Tool,
    ToolCall,
    ToolChoice,
)
from dragoman.wire.anthropic_messages.turns import in_turns
from dragoman.wire.anthropic_messages.words import NAME
from dragoman.wire.offering import offering_allowed
from dragoman.wire.receipts import Receipts

_JSON_WISH: Final = "Answer with a single JSON object and nothing else."
_NO_SAMPLING: Final = Sampling()
_LEAST_BUDGET: Final = 1024
"""The smallest thinking budget that is taken, in tokens."""

# Sampling settings without a word here, and beside thinking, with the values that change nothing.
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


def adapt(request: ChatRequest, receipts: Receipts) -> ChatRequest:
    """Make of another format's request one that this format can say, and tell what changed.

    Raises `LLMBadRequestError` for what can neither be said nor left out.
    """
    receipts.left_behind(request.extras)
    for name in request.metadata or {}:
        receipts.dropped(f"metadata.{name}", "this format has no word for it")
    for step in _STEPS:
        request = step(request, receipts)
    return request


def _tools(request: ChatRequest, receipts: Receipts) -> ChatRequest:
    """Leave out other vendors' own tools, and what cannot be said of the rest."""
    if not request.tools:
        return request
    tools: list[AnyTool] = []
    for place, tool in enumerate(request.tools):
        at = f"tools[{place}]"
        match tool:
            case BuiltinTool(wire, kind) if wire != NAME:
                receipts.dropped(at, f"only {wire} has the tool {kind!r}")
                continue
            case Tool(strict=False, extras=extras):
                # So it is anyway, and older servers do not know the word.
                receipts.left_behind(extras, at)
                tools.append(replace(tool, strict=None))
            case Tool(parameters=None, strict=True, extras=extras):
                receipts.left_behind(extras, at)
                receipts.dropped(f"{at}.strict", "there is no schema to be strict about")
                tools.append(replace(tool, strict=None))
            case Tool(extras=extras):
                receipts.left_behind(extras, at)
                tools.append(tool)
            case _:
                tools.append(tool)
    return replace(request, tools=tuple(tools))


def _tools_of_history(request: ChatRequest, receipts: Receipts) -> ChatRequest:
    """Define the tools that a conversation used, if nobody did: its calls would be refused."""
    if request.tools:
        return request
    names = dict.fromkeys(
        part.name
        for message in request.messages
        for part in message.parts
        if isinstance(part, ToolCall)
    )
    if not names:
        return request
    receipts.emulated("tools", "calls in a conversation need their tools defined, if only by name")
    return replace(
        request, tools=tuple(Tool(name) for name in names), tool_choice=ToolChoice("none")
    )


def _tool_choice(request: ChatRequest, receipts: Receipts) -> ChatRequest:
    """Leave out a choice without tools, and do not force a tool on a model that thinks."""
    choice = request.tool_choice
    if choice is None:
        return request
    receipts.left_behind(choice.extras, "tool_choice")
    forced = choice.mode in ("required", "named")
    if not request.tools and not forced:
        return replace(request, tool_choice=None)
    if forced and _thinks(request.reasoning):
        # https://platform.claude.com/docs/en/build-with-claude/extended-thinking
        receipts.emulated("tool_choice", "a thinking model is not forced to use a tool: now auto")
        choice = ToolChoice("auto", parallel=choice.parallel)
    return replace(request, tool_choice=choice)


def _output(request: ChatRequest, receipts: Receipts) -> ChatRequest:
    output = request.output
    if output is None:
        return request
    receipts.left_behind(output.extras, "output")
    match output:
        case Output("json_schema", schema={}):
            if output.description is not None:
                receipts.dropped("output.description", "this format has no word for it")
            return request
        case Output("json_schema"):
            receipts.dropped("output", "there is no schema")
        case Output("json_object"):
            receipts.emulated("output", "a JSON object is asked for in the system prompt")
            system = (*request.system, Text(_JSON_WISH))
            return replace(request, output=None, system=system)
    return replace(request, output=None)


def _reasoning(request: ChatRequest, receipts: Receipts) -> ChatRequest:
    wish = request.reasoning
    if wish is None:
        return request
    receipts.left_behind(wish.extras, "reasoning")
    match wish.effort:
        case "none":
            wish = replace(wish, effort=None, mode="off")
        case "minimal":
            receipts.emulated("reasoning.effort", "the least effort here is low")
            wish = replace(wish, effort="low")
    return replace(request, reasoning=_with_budget(wish, receipts))


def _with_budget(wish: ReasoningWish, receipts: Receipts) -> ReasoningWish:
    """Give thinking a budget that is taken, or leave it to the model."""
    match wish:
        case ReasoningWish(mode="on", budget=None):
            receipts.emulated("reasoning.mode", "without a budget the model decides")
            return replace(wish, mode="adaptive")
        case ReasoningWish(mode="off" | "adaptive", budget=int()):
            receipts.dropped("reasoning.budget", f"it goes with thinking on, not {wish.mode}")
            return replace(wish, budget=None)
        case ReasoningWish(budget=int(budget)) if budget < _LEAST_BUDGET:
            receipts.emulated("reasoning.budget", f"the least budget is {_LEAST_BUDGET}")
            return replace(wish, mode="on", budget=_LEAST_BUDGET)
        case ReasoningWish(budget=int()):
            return replace(wish, mode="on")
        case _:
            return wish


def _thinks(wish: ReasoningWish | None) -> bool:
    return wish is not None and wish.mode in ("on", "adaptive")


def _sampling(request: ChatRequest, receipts: Receipts) -> ChatRequest:
    asked = request.sampling
    if asked == _NO_SAMPLING:
        return request
    for name, neutral in _WORDLESS.items():
        if getattr(asked, name) not in neutral:
            receipts.dropped(name, "this format has no word for it")
    kept = Sampling(asked.temperature, asked.top_p, asked.top_k)
    if _thinks(request.reasoning):
        for name, neutral in _NOT_BESIDE_THINKING.items():
            if getattr(kept, name) not in neutral:
                receipts.dropped(name, "a thinking model does not take it")
                kept = replace(kept, **{name: None})
    if kept.temperature is not None and kept.temperature > 1:
        receipts.emulated("temperature", "the scale ends at 1 here")
        kept = replace(kept, temperature=1.0)
    return replace(request, sampling=kept)


def _stop(request: ChatRequest, receipts: Receipts) -> ChatRequest:
    stop = tuple(sequence for sequence in request.stop if sequence.strip())
    if len(stop) == len(request.stop):
        return request
    receipts.dropped("stop", "a sequence of white space alone is not taken")
    return replace(request, stop=stop)


# Thinking is settled before what depends on it, and the tools before how they are chosen.
_STEPS: Final[tuple[Callable[[ChatRequest, Receipts], ChatRequest], ...]] = (
    in_turns,
    _tools,
    offering_allowed,
    _tools_of_history,
    _reasoning,
    _tool_choice,
    _output,
    _sampling,
    _stop,
)
