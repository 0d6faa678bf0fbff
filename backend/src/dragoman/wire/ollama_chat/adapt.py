"""The settings of a request made in other words, as nearly as this format can say them."""

from msgspec.structs import replace

from dragoman.chat import (
    AnyTool,
    BuiltinTool,
    ChatRequest,
    Extras,
    Json,
    Output,
    ReasoningWish,
    Tool,
)
from dragoman.wire.offering import offering_allowed
from dragoman.wire.ollama_chat.turns import in_turns
from dragoman.wire.ollama_chat.words import EFFORTS, NAME
from dragoman.wire.receipts import Receipts


def adapt(request: ChatRequest, receipts: Receipts) -> ChatRequest:
    """Make of another format's request one that this format can say, and tell what changed.

    Raises `LLMBadRequestError` for what can neither be said nor left out.
    """
    receipts.left_behind(request.extras)
    for name, value in (("user", request.user), ("metadata", request.metadata)):
        if value:
            receipts.dropped(name, "this format has no word for it")
    request = offering_allowed(in_turns(request, receipts), receipts)
    request = replace(_tools(request, receipts), output=_output(request.output, receipts))
    think = _think(request.reasoning, receipts)
    # Else what does not fit the model's window is cut off its beginning, and nobody is told
    # (https://github.com/ollama/ollama/issues/4967).
    fields = {"truncate": False} | ({} if think is None else {"think": think})
    return replace(request, reasoning=None, extras=Extras(NAME, fields))


def _tools(request: ChatRequest, receipts: Receipts) -> ChatRequest:
    """Leave out other vendors' own tools, and settle the choice by what is offered."""
    tools: list[AnyTool] = []
    for place, tool in enumerate(request.tools):
        at = f"tools[{place}]"
        match tool:
            case BuiltinTool(wire, kind) if wire != NAME:
                receipts.dropped(at, f"only {wire} has the tool {kind!r}")
                continue
            case Tool(extras=extras, strict=strict):
                receipts.left_behind(extras, at)
                if strict:
                    receipts.dropped(f"{at}.strict", "this format has no word for it")
        tools.append(tool)
    return replace(request, tools=_offered(request, tools, receipts), tool_choice=None)


def _offered(request: ChatRequest, tools: list[AnyTool], receipts: Receipts) -> tuple[AnyTool, ...]:
    choice = request.tool_choice
    if choice is None or not tools:
        return tuple(tools)
    receipts.left_behind(choice.extras, "tool_choice")
    if choice.parallel is False:
        receipts.dropped("parallel_tool_calls", "this format has no word for it")
    match choice.mode:
        case "none":
            return ()
        case "named":
            receipts.emulated("tool_choice", "no other tool is offered, and none is forced")
            return tuple(tool for tool in tools if _name(tool) == choice.name)
        case "required":
            receipts.emulated("tool_choice", "this format cannot force a tool: now auto")
    return tuple(tools)


def _name(tool: AnyTool) -> str | None:
    return tool.name if isinstance(tool, Tool) else None


def _output(output: Output | None, receipts: Receipts) -> Output | None:
    if output is None or output.kind == "text":
        return None
    receipts.left_behind(output.extras, "output")
    if output.description:
        receipts.dropped("output.description", "this format has no word for it")
    if output.kind == "json_schema" and not output.schema:
        receipts.emulated("output", "there is no schema: any JSON object will do")
    return replace(output, extras=None)


def _think(wish: ReasoningWish | None, receipts: Receipts) -> Json:
    """Give the word for how to think; `None` leaves it to the model."""
    if wish is None:
        return None
    receipts.left_behind(wish.extras, "reasoning")
    if wish.mode == "off" or wish.effort == "none":
        return False
    if wish.budget is not None:
        receipts.dropped("reasoning.budget", "this format has no word for it")
    if wish.effort is not None:
        word = EFFORTS.get(wish.effort, "high")
        if word != wish.effort:
            receipts.emulated("reasoning.effort", f"{word} is the nearest word here")
        return word
    return True if wish.mode == "on" or wish.budget is not None else None
